#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# nvme-layout.sh KDIR BPFTOOL [KO]: what the NVMe driver has in no header, in C, from
# the BTF of the target kernel's nvme-core.ko, or of KO: struct nvme_request, the
# prototype of nvme_init_request(), two of its flags, and the build ID by which the
# module recognises this very driver when it runs.
set -eu
kdir=$1 bpftool=$2 module=${3-}
release=$(cat "$kdir/include/config/kernel.release")
if [ -z "$module" ]; then
	module=$(find "/lib/modules/$release/kernel/drivers/nvme/host" -name 'nvme-core.ko*' 2>/dev/null | head -n 1)
	[ -n "$module" ] || {
		echo "nvme-core.ko of $release is not in /lib/modules: install linux-image-$release" >&2
		exit 1
	}
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ko=$work/ko
case $module in
*.xz)	xz -dc "$module" ;;
*.zst)	zstd -dcq "$module" ;;
*.gz)	gzip -dc "$module" ;;
*)	cat "$module" ;;
esac >"$ko"

# The types of the module refer to those of the kernel, by number.
{
	"$bpftool" btf dump file "$kdir/vmlinux" format raw
	"$bpftool" -B "$kdir/vmlinux" btf dump file "$ko" format raw
} | awk -v quote="'" '
	function value(word) { sub(/.*=/, "", word); return word }
	function name(word) { gsub(quote, "", word); return word }

	# A type as it is written before the name of what has it.
	function spell(id) {
		if (id == 0)
			return "void "
		if (kind[id] == "PTR")
			return spell(to[id]) "*"
		if (kind[id] == "CONST")
			return "const " spell(to[id])
		if (kind[id] == "STRUCT" || kind[id] == "UNION")
			return tolower(kind[id]) " " called[id] " "
		if (kind[id] == "FWD")
			return fwd[id] " " called[id] " "
		if (kind[id] == "TYPEDEF" || kind[id] == "INT")
			return called[id] " "
		return "unknown "
	}

	/^\[/ {
		id = substr($1, 2) + 0
		kind[id] = $2
		split($0, part, quote)
		called[id] = part[2]
		inside = ""
		if ($2 == "PTR" || $2 == "CONST" || $2 == "TYPEDEF")
			to[id] = value($4)
		else if ($2 == "FWD")
			fwd[id] = value($4)
		else if ($2 == "STRUCT" && called[id] == "nvme_request") {
			inside = "members"
			size = value($4)
		} else if ($2 == "FUNC" && called[id] == "nvme_init_request") {
			proto = value($4)
		} else if ($2 == "FUNC_PROTO") {
			inside = "params"
			returns[id] = value($4)
			last = id
		} else if ($2 == "ENUM")
			inside = "enum"
		next
	}
	inside == "members" {
		member[++members] = name($1)
		type[members] = value($2)
		offset[members] = value($3) / 8
	}
	inside == "params" { params[last] = params[last] " " value($2) }
	inside == "enum" && name($1) ~ /^NVME_REQ_(CANCELLED|USERCMD)$/ { flag[name($1)] = value($2) }

	END {
		if (!members)
			missing = "struct nvme_request"
		else if (!proto)
			missing = "the function nvme_init_request"
		else if (!flag["NVME_REQ_CANCELLED"])
			missing = "NVME_REQ_CANCELLED"
		else if (!flag["NVME_REQ_USERCMD"])
			missing = "NVME_REQ_USERCMD"
		if (missing) {
			print missing
			exit 1
		}
		print "struct nvme_request {"
		for (i = 1; i <= members; i++)
			print "\t" spell(type[i]) member[i] ";"
		print "};"
		print "static_assert(sizeof(struct nvme_request) == " size ");"
		for (i = 1; i <= members; i++)
			print "static_assert(offsetof(struct nvme_request, " member[i] ") == " offset[i] ");"
		for (f in flag)
			print "#define " f " " flag[f]
		n = split(params[proto], p, " ")
		for (i = 1; i <= n; i++)
			list = list (i > 1 ? ", " : "") spell(p[i])
		print spell(returns[proto]) "nvme_init_request(" (n ? list : "void") ");"
	}' >"$work/c" || {
	echo "$module has no BTF of $(head -n 1 "$work/c"), which NVMe passthrough needs" >&2
	exit 1
}

id=$(readelf -n "$ko" | sed -n 's/^ *Build ID: //p')
[ ${#id} -eq 40 ] || {
	echo "$module has no build ID, by which the module would recognise it" >&2
	exit 1
}

printf '/* Made by vmlinux/nvme-layout.sh, of nvme-core.ko of %s. */\nstruct nvme_ctrl;\n' "$release"
cat "$work/c"
printf '#define NVME_CORE_BUILD_ID "%s"\n' "$(printf %s "$id" | sed 's/../\\x&/g')"
