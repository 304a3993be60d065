#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The build names what it misses, refuses a module without BTF, does nothing
# twice, and installs what it uninstalls.
. selftests/selftest.sh

headers=$(echo /lib/modules/*/build)
work=$(mktemp -d)
build() { make --no-print-directory OUT="$work/out" KDIR="$headers" "$@"; }

# A PATH without one program.
without() {
	local hidden=$1 dir program
	shift
	rm -rf "${work:?}/bin" && mkdir "$work/bin"
	for dir in /usr/lib/llvm-22/bin /usr/bin /usr/sbin; do
		for program in "$dir"/*; do ln -sf "$program" "$work/bin/"; done
	done
	rm "$work/bin/$hidden"
	PATH=$work/bin "$@"
}

refused "no clang" "the package clang" build CLANG=/nowhere/clang
refused "no bpftool" "the package bpftool" build BPFTOOL=/nowhere/bpftool
result "$(grep -c 'BTF of the kernel' <<<"$output")" "which is no lack of BTF"
refused "no pahole" "the package dwarves" without pahole make OUT="$work/out" KDIR="$headers"
refused "no kernel headers" "kernel headers (/nowhere)" build KDIR=/nowhere

# Headers without BTF: all of them but vmlinux.
mkdir "$work/headers"
for file in "$headers"/*; do ln -s "$file" "$work/headers/"; done
rm "$work/headers/vmlinux"
refused "kernel headers without BTF" "BTF of the kernel" build KDIR="$work/headers"

# Libraries: a compiler that finds none of their headers.
printf '#!/bin/sh\nwhile read -r line; do case $line in *bpf*|*liburing*|*blkid*) exit 1;; esac; done\n' >"$work/cc"
chmod +x "$work/cc"
mkdir "$work/ccbin" && mv "$work/cc" "$work/ccbin/cc"
refused "no libbpf" "the package libbpf-dev" env PATH="$work/ccbin:$PATH" toolchain/preflight.sh "$headers" clang bpftool
refused "no liburing" "the package liburing-dev" env PATH="$work/ccbin:$PATH" toolchain/preflight.sh "$headers" clang bpftool
refused "no libblkid" "the package libblkid-dev" env PATH="$work/ccbin:$PATH" toolchain/preflight.sh "$headers" clang bpftool

objcopy --remove-section=.BTF "$OUT/unified_io_region.ko" "$work/without.ko"
ok "the module has BTF" vmlinux/check-btf.sh "$OUT/unified_io_region.ko"
refused "one without is refused" "no .BTF section" vmlinux/check-btf.sh "$work/without.ko"

ok "warnings end the build of the module" grep -q -- '-Werror ' "$OUT"/kernel/.main.o.cmd

unchanged() {
	local said
	said=$(make --no-print-directory OUT="$OUT" KDIR='$(wildcard /lib/modules/*/build)' all)
	echo "$said"
	! grep -qE '^  [A-Z]' <<<"$said"
}
ok "a second build does nothing" unchanged

root=$work/root
install_to() { make -s OUT="$OUT" KDIR='$(wildcard /lib/modules/*/build)' DESTDIR="$root" PREFIX=/usr "$1"; }
ok "install" install_to install
ok "the program" test -x "$root/usr/sbin/unifiedctl"
ok "the module" test -e "$root"/lib/modules/*/updates/unified_io_region.ko
ok "the headers" test -e "$root/usr/include/unified/unified.bpf.h"
ok "the man page" test -e "$root/usr/share/man/man8/unifiedctl.8"
ok "uninstall" install_to uninstall
ok "leaves no file" test -z "$(find "$root" -type f)"
rm -rf "$work"
finish
