#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What goes into the packages is whole: the source for DKMS builds the module on its
# own, without what only the rest of the build needs, and the example builds with the
# installed headers. make check-packages installs them.
. selftests/selftest.sh

headers=$(echo /lib/modules/*/build)
work=$(mktemp -d)
tree=$work/usr/src/unified-io-region-$(sed -n 's/^VERSION := //p' version.mk)
build() { make -s --no-print-directory -C "$tree" module KDIR="$headers" OUT=build CLANG=/nowhere/clang; }

ok "the source for DKMS" make -s install-dkms DESTDIR="$work"
ok "is for DKMS" bash -ec '. "$1/dkms.conf"; [ "$1" = "$2/usr/src/$PACKAGE_NAME-$PACKAGE_VERSION" ]' sh "$tree" "$work"
ok "the module is built of it alone, without clang" build
ok "and has BTF" vmlinux/check-btf.sh "$tree/build/unified_io_region.ko"
rm -rf "$tree/build"
mkdir "$work/headers"
for file in "$headers"/*; do ln -s "$file" "$work/headers/"; done
rm "$work/headers/vmlinux"
headers=$work/headers refused "not without the kernel's BTF" "BTF of the kernel" build

ok "the headers" make -s install-dev DESTDIR="$work" PREFIX=/usr
cp -r packaging/examples/policy "$work/policy"
example() {
	PKG_CONFIG_SYSROOT_DIR=$work PKG_CONFIG_PATH=$work/usr/share/pkgconfig \
		make -s --no-print-directory -C "$work/policy" VMLINUX="$headers/vmlinux"
}
ok "the example builds with them" example
ok "and has an ops table" bash -ec 'readelf -SW "$1" | grep -q " \.struct_ops\.link "' sh "$work/policy/capitals.bpf.o"
ok "the changelog has the version" says "unified-io-region (7.8.9)" packaging/changelog 7.8.9 0
ok "and the time" says "Thu, 01 Jan 1970 00:00:00 +0000" packaging/changelog 7.8.9 0
rm -rf "$work"
finish
