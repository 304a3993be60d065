#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Which kernel is meant by what is asked for, and what is said where there is none: with a
# list, an index of the archive and directories that are made up.
. selftests/selftest.sh

work=$(mktemp -d)
oldest=$(sed -n 's/^KERNEL_MIN := //p' version.mk)
export XDG_CACHE_HOME=$work/cache
cache=$work/cache/unified-io
mkdir -p "$work/src" "$cache/archive"
cp -r toolchain version.mk "$work/src"
list=$work/src/toolchain/kernels index=$cache/archive/index
mkdir "$cache/tools-$(sha256sum <toolchain/packages | cut -c1-16)"

toolchain() { "$work/src/toolchain/toolchain.sh" "$@"; }
listed() { printf 'suites: one two\n'; printf 'linux-image-%s-amd64\n' "$@"; }
# A kernel that is here, and packages that the archive has: RELEASE[:image|:headers]
here() { mkdir -p "$cache/kernel-$1-amd64_$1-1"; }
archive() {
	local one
	for one; do
		[ "${one#*:}" = headers ] || echo "${one%:*}-amd64 ${one%:*}-1 image"
		[ "${one#*:}" = image ] || echo "${one%:*}-amd64 ${one%:*}-1 headers"
	done >"$index"
}
is() { [ "$(toolchain make "$2" 2>"$work/said")" = "$1-amd64" ] || { cat "$work/said"; false; }; }
prints() { [ "$(toolchain "${@:2}" | paste -sd' ')" = "$1" ]; }

listed 7.9.2 7.9.1 7.8.3 >"$list"
archive 7.8.3 7.9.1 7.9.3 7.7.9:image 7.7.8:headers
here 7.8.3 && here 7.9.1 && here 7.9.3

ok "the first of the list that there is is the default" is 7.9.1 ""
ok "a version" is 7.8.3 7.8.3
ok "a whole release" is 7.8.3 7.8.3-amd64
ok "the oldest that is known" is 7.8.3 oldest
ok "the newest there is" is 7.9.3 newest
ok "those that are known" prints "7.9.1-amd64 7.8.3-amd64" in-reach
ok "and those that are newer" prints "7.9.3-amd64" in-reach newer
cp "$index" "$list" "$work"
listed 7.9.0 >"$list"
for i in 7.9.0 8.{1..10000}.1; do echo "$i-amd64 1 image"; echo "$i-amd64 1 headers"; done >"$index"
ok "one among many" prints "7.9.0-amd64" in-reach
mv "$work/index" "$index" && mv "$work/kernels" "$list"
refused "one that is not there, and which are" "there is no kernel '9.1'; in reach are: 7.8.3-amd64 7.9.1-amd64 7.9.3-amd64" toolchain make 9.1
refused "one that is too old" "7.1.3 is older than $oldest, the first" toolchain make 7.1.3
refused "part of a version" "there is no kernel '7.8'" toolchain make 7.8
refused "an image without headers" "linux-image-7.7.9-amd64 and no linux-headers-7.7.9-amd64" toolchain make 7.7.9
refused "headers without an image" "linux-headers-7.7.8-amd64 and no linux-image-7.7.8-amd64" toolchain make 7.7.8
ok "what is here and what is known" says "7.9.2-amd64                  -          known to work, the newest of those; the archive has lost it" toolchain kernels

listed 7.9.2 >"$list"
ok "with none of the list the newest stands in" is 7.9.3 ""
ok "and that is said before anything else" grep -q '^toolchain: WARNING: none of the kernels known to work is in reach; 7.9.3-amd64' "$work/said"
rm -rf "$cache"/kernel-* && archive
refused "with none at all" "no kernel from $oldest on is in reach" toolchain make

# A list that cannot be made anew is used as long as there is one; without one it is said.
archive 7.9.3 && here 7.9.3 && touch -d '3 days ago' "$index"
ok "an old list of kernels is used when no new one can be had" is 7.9.3 newest
ok "and that is said" grep -q 'no new list of kernels could be fetched' "$work/said"
rm "$index"
refused "without a list" "is the mirror in reach? MIRROR=URL takes another one" toolchain make newest

# A disk that is full while a kernel is made.
archive 7.9.2
mkdir "$work/small" && mount -t tmpfs -o size=256k full "$work/small" && cp -r "$cache" "$work/small"
refused "a full disk" "the disk is full" env XDG_CACHE_HOME="$work/small" "$work/src/toolchain/toolchain.sh" make
ok "leaves nothing half made" test -z "$(find "$work/small" -name 'kernel-7.9.2*' -o -name 'tmp.*')"
umount "$work/small"
rm -rf "$work"
finish
