#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The hermetic toolchain: Debian directories with every compiler, library,
# kernel and tool that the build, the VM and the tests use, so that what the
# host has does not matter. There are two layers, which a command sees as one
# read-only root: the tools (tools.inc), and one kernel of several (kernels.inc, debug.inc).
# Each is made once and never changed afterwards.
#
#   toolchain.sh make [KERNEL]          make what is missing, print the kernel's release
#   toolchain.sh run RELEASE CMD [ARG]  run CMD there, the source tree at /src
#   toolchain.sh kernels                which kernels are in reach, and which are here
#   toolchain.sh in-reach [newer]       their releases, of those listed or of newer ones
#   toolchain.sh machine                make a machine to install packages on; print its
#                                       directory, its kernel, and the one to upgrade to
#   toolchain.sh clean                  remove every toolchain directory
#
# KERNEL is a version, 7.2.12, or a whole release as of uname -r, or "oldest" or
# "newest"; without one it is the first of the file "kernels" that is in reach. It is
# a debug kernel of that one, built from source, by its name in selftests/debug.
#
# MIRROR=URL takes Debian from URL; else the host apt's mirror of Debian is
# used, else mmdebstrap's default.

# With pipefail no reader may stop early, as grep -q and head do: the writer would fail.
set -euo pipefail
# Where chroot and setpriv may be, and ordinary users do not look.
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
cache=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/unified-io

say() { printf 'toolchain: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# The lines of a list, and what stands behind a word and a colon in it.
entries() { grep -Ev '^(#|$|[a-z]+:)' "$1"; }
setting() { sed -n "s/^$2: *//p" "$1"; }

# Root works as it is; anybody else needs a user namespace of their own.
privileged() { [ "$(id -u)" -eq 0 ]; }

need_namespaces() {
	privileged && return
	unshare --user --map-root-user true 2>/dev/null ||
		die "this system gives ordinary users no user namespaces: run as root, or allow them (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)"
}

# One line that grows while something works; on a log, a line now and then. The
# command says how far it is.
progress() {
	local pid=$1 start=$SECONDS last=-30 now phase
	shift
	while kill -0 "$pid" 2>/dev/null; do
		now=$((SECONDS - start))
		phase=$("$@")
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

# layer DIR SIZE FUNCTION PHASE [ARG ...]: make a directory by "FUNCTION TMP/root
# ARG...", with its output in TMP/log. "PHASE TMP" says how far that is.
#
# Interrupted at any point, this leaves a directory under a temporary name that
# the next run removes; two at once wait for each other.
layer() {
	local dir=$1 size=$2 make=$3 phase=$4 tmp pid
	shift 4
	[ -d "$dir" ] && return
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	if ! flock -n 9; then
		say "another run is making a directory; waiting"
		flock 9
	fi
	[ -d "$dir" ] && { exec 9>&-; return; }
	rm -rf --one-file-system "$cache"/tmp.*
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	say "making $dir (once; $size)"
	# It keeps the lock open: killed without warning, this script leaves it
	# running, and the next one waits for it before it cleans up.
	"$make" "$tmp/root" "$@" >"$tmp/log" 2>&1 &
	pid=$!
	trap 'trap - INT; trap : TERM; kill 0; wait; rm -rf --one-file-system "$tmp"; exit 130' INT TERM
	progress "$pid" "$phase" "$tmp"
	if ! wait "$pid"; then
		trap - INT TERM
		cp "$tmp/log" "$cache/failed.log" 2>/dev/null || :
		layer_failed "$tmp" "$dir"
	fi
	trap - INT TERM
	mv "$tmp/root" "$dir"
	rm -rf "$tmp"
	exec 9>&-
	say "ready: $dir"
}

# Why, as far as it can be told, in one sentence.
layer_failed() {
	local tmp=$1 dir=$2 why="the whole log is $cache/failed.log" left

	# The log may have found no room, either.
	left=$(df --output=avail -k "$cache" | tail -n 1)
	if grep -q 'No space left on device' "$tmp/log" || [ "$left" -lt 10000 ]; then
		why="the disk is full: $cache needs about 2 GB, and 300 MB more for each kernel"
	elif grep -qE 'Temporary failure resolving|Could not (resolve|connect)|Connection (refused|timed out)|Cannot initiate the connection' "$tmp/log"; then
		why="the mirror is not in reach; MIRROR=URL takes another one. The log is $cache/failed.log"
	elif grep -qE 'Hash Sum mismatch|File has unexpected size|404 +Not Found' "$tmp/log"; then
		why="the mirror is being updated: try again in some minutes, or take another one by MIRROR=URL. The log is $cache/failed.log"
	else
		grep -E '^(E|W):|[Ee]rror|Unable|Failed' "$tmp/log" | tail -n 8 >&2 || :
	fi
	rm -rf --one-file-system "$tmp"
	die "$dir could not be made: $why"
}

# in_root LOWER[:LOWER ...] DIR CMD [ARG ...]: run CMD with the layers as its root,
# read-only, the first on top, and DIR at /src. The namespace's first process is
# the shell below, so whatever the command leaves running, QEMU too, ends with it.
in_root() {
	local -a ns=(--mount --pid --fork --kill-child)
	local pid

	privileged || ns+=(--user --map-root-user)
	# shellcheck disable=SC2016 # expands in the inner shell
	setpriv --pdeathsig KILL -- unshare "${ns[@]}" -- sh -ec '
		root=$1 lower=$2 dir=$3; shift 3
		case $lower in
		*:*)	mount -t overlay -o "ro,lowerdir=$lower" unified-io "$root" ;;
		*)	mount --bind "$root" "$root" ;;
		esac
		mount --rbind /dev "$root/dev"
		mount --rbind /sys "$root/sys"
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/tmp"
		mount -t tmpfs tmpfs "$root/run"
		mount --bind "$dir" "$root/src"
		! [ -e /etc/resolv.conf ] || mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
		case $lower in *:*) ;; *) mount -o remount,bind,ro "$root" ;; esac
		set +e
		chroot "$root" /usr/bin/env -i -C /src HOME=/tmp LC_ALL=C.UTF-8 \
			PATH=/usr/lib/llvm-22/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
			TERM="${TERM:-dumb}" "$@"
		exit $?' sh "${1##*:}" "$@" <&0 &
	pid=$!
	# unshare leaves signals to what it runs; a killed namespace cannot linger.
	trap 'kill -KILL $pid; exit 130' INT TERM HUP
	wait $pid
}

. "$here/tools.inc"
. "$here/kernels.inc"
. "$here/debug.inc"
. "$here/machine.inc"

case ${1:-} in
make)
	make_tools
	word=${2:-} kind=''
	if debug_kinds | grep -xF -- "$word" >/dev/null; then kind=$word word=''; fi
	release=$(kernel_find "$word")
	kernel_make "$release"
	[ -z "$kind" ] || release=$(debug_make "$kind" "$release")
	echo "$release" ;;
run)
	dir=$(kernel_dir "${2:?run takes a release}")
	[ -n "$dir" ] || die "there is no kernel $2 here: toolchain.sh make $2"
	shift 2
	in_root "$dir:$tools" "$top" "$@" ;;
kernels)	kernel_table ;;
in-reach)	make_tools; if [ "${2:-}" = newer ]; then kernels_newer; else kernels_known; fi ;;
machine)
	make_tools
	machine_make ;;
clean)		rm -rf --one-file-system "$cache"/{tools,kernel,debug,machine,toolchain}-* "$cache"/tmp.* "$cache"/archive ;;
*)		sed -n 's/^# \{0,1\}//; 3,25p' "$0" >&2; exit 2 ;;
esac
