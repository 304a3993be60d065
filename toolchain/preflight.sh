#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# preflight.sh [--module] KDIR CLANG BPFTOOL: is everything here that the build,
# or that of the module alone, needs? Says every missing thing at once, with the
# Debian package that has it. A kernel newer than any that was tested is refused,
# unless EXPERIMENTAL=1 is in the environment.

top=$(dirname "$0")/..
all=1
if [ "$1" = --module ]; then
	all=''
	shift
fi
kdir=$1 clang=$2 bpftool=$3
missing=0

need() {
	printf 'missing: %-28s install the package %s\n' "$1" "$2" >&2
	missing=1
}

has_lib() { echo "#include <$1>" | cc -E -x c - >/dev/null 2>&1; }

command -v cc >/dev/null || need cc gcc
"$bpftool" version >/dev/null 2>&1 || { need "$bpftool" bpftool; bpftool=''; }
command -v pahole >/dev/null || need pahole dwarves
if [ -n "$all" ]; then
	command -v "$clang" >/dev/null || need "$clang" clang
	has_lib bpf/libbpf.h || need libbpf libbpf-dev
	has_lib liburing.h || need liburing liburing-dev
	has_lib libmnl/libmnl.h || need libmnl libmnl-dev
	has_lib blkid/blkid.h || need libblkid libblkid-dev
fi

if [ ! -e "$kdir/Makefile" ]; then
	need "kernel headers ($kdir)" "linux-headers-$(uname -r), or give KDIR=..."
elif [ -n "$bpftool" ] && ! "$bpftool" btf dump file "$kdir/vmlinux" format raw 2>/dev/null | grep -qm1 .; then
	need "BTF of the kernel ($kdir/vmlinux)" \
		"linux-headers of a Debian kernel, which ships it; elsewhere copy /sys/kernel/btf/vmlinux to $kdir/vmlinux"
fi

release=$(cat "$kdir/include/config/kernel.release" 2>/dev/null)
case ${release:+$("$top/vmlinux/kernel-range.sh" "$release")} in
older)
	printf '%s is older than %s, the first kernel that has what this needs: install a newer one\n' \
		"$release" "$(sed -n 's/^KERNEL_MIN *:= *//p' "$top/version.mk")" >&2
	missing=1 ;;
newer)
	[ "${EXPERIMENTAL-}" = 1 ] || {
		printf '%s is newer than %s, the last kernel that this was tested on: take a newer version of this, or try it with EXPERIMENTAL=1\n' \
			"$release" "$(sed -n 's/^KERNEL_MAX *:= *//p' "$top/version.mk")" >&2
		missing=1
	} ;;
esac

exit $missing
