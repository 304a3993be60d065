#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# preflight.sh [--module] KDIR CLANG BPFTOOL: is everything here that the build,
# or that of the module alone, needs? Says every missing thing at once, with the
# Debian package that has it.

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
"$bpftool" version >/dev/null 2>&1 || need "$bpftool" bpftool
command -v pahole >/dev/null || need pahole dwarves
if [ -n "$all" ]; then
	command -v "$clang" >/dev/null || need "$clang" clang
	has_lib bpf/libbpf.h || need libbpf libbpf-dev
	has_lib liburing.h || need liburing liburing-dev
	has_lib libmnl/libmnl.h || need libmnl libmnl-dev
fi

if [ ! -e "$kdir/Makefile" ]; then
	need "kernel headers ($kdir)" "linux-headers-$(uname -r), or give KDIR=..."
elif ! "$bpftool" btf dump file "$kdir/vmlinux" format raw 2>/dev/null | grep -qm1 .; then
	need "BTF of the kernel ($kdir/vmlinux)" \
		"linux-headers of a Debian kernel, which ships it; elsewhere copy /sys/kernel/btf/vmlinux to $kdir/vmlinux"
fi

exit $missing
