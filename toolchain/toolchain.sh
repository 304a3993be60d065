#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The hermetic toolchain: a Debian directory with every compiler, library,
# kernel and tool that the build, the VM and the tests use, so that what the
# host has does not matter. It is made once per content of the file "packages"
# and never changed afterwards: commands run in it with its root read-only.
#
#   toolchain.sh make            make the directory if it is missing
#   toolchain.sh path            print where it is
#   toolchain.sh run CMD [ARG]   run CMD in it, the source tree at /src
#   toolchain.sh clean           remove every toolchain directory
#
# MIRROR=URL takes Debian from URL; else the host apt's mirror of Debian is
# used, else mmdebstrap's default.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
packages=$here/packages
cache=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/unified-io
key=$(sha256sum <"$packages" | cut -c1-16)
root=$cache/toolchain-$key

say() { printf 'toolchain: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

setting() { sed -n "s/^$1: *//p" "$packages"; }

# Root works as it is; anybody else needs a user namespace of their own.
privileged() { [ "$(id -u)" -eq 0 ]; }

need_namespaces() {
	privileged && return
	unshare --user --map-root-user true 2>/dev/null ||
		die "this system gives ordinary users no user namespaces: run as root, or allow them (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)"
}

need_mmdebstrap() {
	command -v mmdebstrap >/dev/null && return
	if privileged && command -v apt-get >/dev/null; then
		say "installing mmdebstrap"
		{ apt-get update && apt-get install -y --no-install-recommends mmdebstrap; } \
			>"$cache/apt.log" 2>&1 && return
		tail -n 5 "$cache/apt.log" >&2
	fi
	die "mmdebstrap is missing and could not be installed: install the package mmdebstrap"
}

# The mirrors the host's apt takes Debian from, if it is a Debian.
host_mirror() {
	command -v apt-get >/dev/null || return 0
	apt-get indextargets "Label: $1" 'Created-By: Packages' \
		--format '$(REPO_URI)' 2>/dev/null | sort -u | head -n 1
}

mirrors() {
	local suite=$1 security

	if [ -n "${MIRROR:-}" ]; then
		printf '%s\n' "$MIRROR"
		return
	fi
	host_mirror Debian
	security=$(host_mirror Debian-Security)
	if [ -n "$security" ]; then
		printf 'deb %s %s-security main\n' "$security" "$suite"
	fi
}

# One line that grows while mmdebstrap works; on a log, a line now and then.
progress() {
	local pid=$1 log=$2 start=$SECONDS last=-30 phase now

	while kill -0 "$pid" 2>/dev/null; do
		now=$((SECONDS - start))
		phase=$(sed -n 's/^I: \([^:]*\)$/\1/p' "$log" | tail -n 1)
		if [ -t 2 ]; then
			printf '\r\033[Ktoolchain: %3d s  %s' "$now" "${phase:-starting}" >&2
		elif [ $((now - last)) -ge 15 ]; then
			last=$now
			say "$now s  ${phase:-starting}"
		fi
		sleep 1
	done
	if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

# Make the directory $1. Everything a later run needs of the kernel's source
# package is unpacked here, once.
bootstrap() {
	local dir=$1 suite backports include mode=root
	local -a from

	suite=$(setting suite)
	backports=$(setting backports)
	include=$(grep -Ev '^(#|$|[a-z]+:)' "$packages" | paste -sd,)
	mapfile -t from < <(mirrors "$suite")
	privileged || mode=unshare

	# No initramfs of Debian's: nothing boots it, and it takes 20 s to make.
	export INITRD=No
	set -- --mode=$mode --variant=apt --include="$include" \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--setup-hook="sed -n 's/^\(deb .*\) $suite main.*/\1 $suite-backports main/p' \"\$1\"/etc/apt/sources.list >\"\$1\"/etc/apt/sources.list.d/backports.list" \
		--setup-hook="printf 'Package: %s\nPin: release n=$suite-backports\nPin-Priority: 990\n' '$backports' >\"\$1\"/etc/apt/preferences.d/backports" \
		--customize-hook='mkdir -p "$1"/src "$1"/usr/src/linux && tar -C "$1"/usr/src/linux --strip-components=1 --wildcards -xf "$1"/usr/src/linux-source-*.tar.xz "*/scripts/checkpatch.pl" "*/scripts/spelling.txt" "*/scripts/const_structs.checkpatch"' \
		"$suite"
	if privileged; then
		mmdebstrap "$@" "$dir" "${from[@]}"
	else
		# As a tar: the files become this user's, which a user
		# namespace shows as root's.
		mkdir "$dir"
		mmdebstrap --format=tar "$@" - "${from[@]}" |
			tar -C "$dir" --no-same-owner --exclude='./dev/*' -xf -
	fi
}

# Interrupted at any point, this leaves a directory under a temporary name that
# the next run removes; two at once wait for each other.
make_toolchain() {
	local tmp pid=

	[ -d "$root" ] && return
	need_namespaces
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	if ! flock -n 9; then
		say "another run is making it; waiting"
		flock 9
	fi
	[ -d "$root" ] && { exec 9>&-; return; }
	rm -rf --one-file-system "$cache"/tmp.*
	need_mmdebstrap
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	say "making $root (once; about 2 minutes and 2 GB)"
	# It keeps the lock open: killed without warning, this script leaves it
	# running, and the next one waits for it before it cleans up.
	bootstrap "$tmp/root" >"$tmp/log" 2>&1 &
	pid=$!
	trap 'trap - INT; trap : TERM; kill 0; wait; rm -rf --one-file-system "$tmp"; exit 130' INT TERM
	progress "$pid" "$tmp/log"
	if ! wait "$pid"; then
		cp "$tmp/log" "$cache/failed.log"
		grep -E '^(E|W):|error|Unable|Failed' "$tmp/log" | tail -n 8 >&2 || true
		rm -rf --one-file-system "$tmp"
		die "could not be made; the whole log is $cache/failed.log"
	fi
	trap - INT TERM
	mv "$tmp/root" "$root"
	rm -rf "$tmp"
	exec 9>&-
	say "ready: $root"
}

# Run "$@" in the toolchain with its root read-only and the tree at /src. The
# namespace's first process is the shell below, so whatever the command leaves
# running, QEMU too, ends with it.
run() {
	local -a ns=(--mount --pid --fork --kill-child)
	local pid

	privileged || ns+=(--user --map-root-user)
	# shellcheck disable=SC2016 # expands in the inner shell
	setpriv --pdeathsig KILL -- unshare "${ns[@]}" -- sh -ec '
		root=$1 top=$2; shift 2
		mount --bind "$root" "$root"
		mount --rbind /dev "$root/dev"
		mount --rbind /sys "$root/sys"
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/tmp"
		mount -t tmpfs tmpfs "$root/run"
		mount --bind "$top" "$root/src"
		mount -o remount,bind,ro "$root"
		set +e
		chroot "$root" /usr/bin/env -i -C /src HOME=/tmp LC_ALL=C.UTF-8 \
			PATH=/usr/lib/llvm-22/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			TERM="${TERM:-dumb}" "$@"
		exit $?' sh "$root" "$top" "$@" <&0 &
	pid=$!
	# unshare leaves signals to what it runs; a killed namespace cannot linger.
	trap 'kill -KILL $pid; exit 130' INT TERM HUP
	wait $pid
}

case ${1:-} in
make)	make_toolchain ;;
path)	printf '%s\n' "$root" ;;
run)	shift; make_toolchain; run "$@" ;;
clean)	rm -rf --one-file-system "$cache"/toolchain-* "$cache"/tmp.* ;;
*)	sed -n 's/^# \{0,1\}//; 3,17p' "$0" >&2; exit 2 ;;
esac
