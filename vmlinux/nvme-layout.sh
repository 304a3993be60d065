#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# nvme-layout.sh KDIR BPFTOOL: where the members of struct nvme_request are, which
# is private to the NVMe driver, from the BTF of the target kernel's nvme-core.
# The module compares this with the running driver's BTF before it relies on it.
set -eu
kdir=$1 bpftool=$2
release=$(cat "$kdir/include/config/kernel.release")
module=$(find "/lib/modules/$release/kernel/drivers/nvme/host" -name 'nvme-core.ko*' 2>/dev/null | head -n 1)
[ -n "$module" ] || {
	echo "nvme-core.ko of $release is not in /lib/modules: install linux-image-$release" >&2
	exit 1
}
ko=$(mktemp)
trap 'rm -f "$ko"' EXIT
case $module in
*.xz)	xz -dc "$module" ;;
*.zst)	zstd -dcq "$module" ;;
*.gz)	gzip -dc "$module" ;;
*)	cat "$module" ;;
esac >"$ko"
"$bpftool" -B "$kdir/vmlinux" btf dump file "$ko" format raw | awk -v quote="'" '
	function value(word) { sub(/.*=/, "", word); return word }
	/^\[/ {
		inside = $2 == "STRUCT" && $3 == quote "nvme_request" quote
		if (inside)
			print "#define NVME_REQUEST_SIZE " value($4)
		next
	}
	inside {
		gsub(quote, "", $1)
		offset = value($3) / 8
		print "#define NVME_REQUEST_" toupper($1) " " offset
		all = all (all == "" ? "" : ", ") offset
	}
	END {
		print "#define NVME_REQUEST_OFFSETS { " all " }"
		exit all == ""
	}' || {
	echo "$module has no BTF of struct nvme_request" >&2
	exit 1
}
