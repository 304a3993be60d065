#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# probe-kernel.sh KDIR DIR [VARIABLE=VALUE ...]: what the kernel that KDIR belongs to has
# of what the list "probes", or $PROBES, names, in a header for kernel/compat.h on standard output.
# Each probe is compiled in DIR as a part of a module is, with make's variables, all of
# them in one run. Fails with a sentence for each thing that is needed and missing, and
# leaves what the compiler said in DIR/log.
set -euo pipefail

top=$(dirname "$0")/..
list=${PROBES:-$top/vmlinux/probes}
kdir=$1 dir=$2
shift 2
release=$(cat "$kdir/include/config/kernel.release")

rm -rf "$dir" && mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# A source for each probe: its includes, then a function around the rest.
awk -v dir="$dir" '
	function finish() { if (file) { print "\treturn 0;\n}" >file; close(file) } file = "" }
	/^#[^a-z]|^#$|^export / { next }
	/^(need|have) / {
		finish()
		name = $2
		sub(/:$/, "", name)
		if (seen[name]++) {
			print "probes: " name " is there twice" >"/dev/stderr"
			exit 1
		}
		file = dir "/" name ".c"
		print "#include <linux/module.h>" >file
		body = 0
		next
	}
	/^#include / { print >file; next }
	file && !body++ { print "int probe_" name "(void);\nint probe_" name "(void)\n{" >file }
	file { print >file }
	END { finish() }' "$list"
: >"$dir/Kbuild"
sources=("$dir"/*.c)
objects=("${sources[@]/%.c/.o}")
make -s -k -j"$(nproc)" -C "$kdir" M="$dir" "$@" "${objects[@]##*/}" >"$dir/log" 2>&1 || :

if [ ! -e "$dir/CONTROL.o" ]; then
	grep -m 3 -E 'CONTROL|[Ee]rror|not found' "$dir/log" >&2 || :
	echo "nothing can be compiled for the kernel in $kdir: see $dir/log" >&2
	exit 1
fi

missing=0
lack() {
	echo "the kernel in $kdir ($release) has not: $1" >&2
	missing=1
}

printf '/* Made by vmlinux/probe-kernel.sh, for %s. */\n' "$release"
[ "$("$top/vmlinux/kernel-range.sh" "$release")" = in ] || echo "#define UNIFIED_KERNEL_UNTESTED 1"
while IFS=$'\t' read -r kind name words; do
	case $kind in
	have)	[ ! -e "$dir/$name.o" ] || echo "#define HAVE_$name 1" ;;
	need)	[ -e "$dir/$name.o" ] || lack "$words" ;;
	export)	# Without a namespace that modules are kept out of.
		[ ! -e "$kdir/Module.symvers" ] ||
			awk -v s="$name" '$2 == s && $5 == "" { found = 1 } END { exit !found }' "$kdir/Module.symvers" ||
			lack "$name(), exported to modules; needed for: $words" ;;
	esac
done < <(sed -nE 's/^(need|have|export) ([^:]*): (.*)/\1\t\2\t\3/p' "$list")
exit $missing
