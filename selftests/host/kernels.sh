#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a kernel lacks, and one that nobody has tried, is said before anything is built:
# the declared range, the probes, and what is read from the NVMe driver's BTF.
. selftests/selftest.sh

headers=$(echo /lib/modules/*/build)
work=$(mktemp -d)

# Each build here says for itself.
unset EXPERIMENTAL

# --- the range ---------------------------------------------------------------------

min=$(sed -n 's/^KERNEL_MIN := //p' version.mk) max=$(sed -n 's/^KERNEL_MAX := //p' version.mk)
newer=${max%.*}.$((${max#*.} + 1))
range() { [ "$(vmlinux/kernel-range.sh "$2")" = "$1" ]; }
ok "the first" range in "$min-amd64"
ok "the last" range in "$max.4+deb13-amd64"
ok "a candidate of the last" range in "$max-rc7"
ok "the next is newer" range newer "$newer.0-rc1"
ok "by number, not by letter" range newer "${max%.*}.10"
ok "and the next major" range newer $((${max%.*} + 1)).0
ok "one before" range older 6.19.2

# A tree that was tested on nothing newer than the given kernel.
tree_of() {
	rm -rf "$work/tree" && mkdir "$work/tree"
	cp -r Makefile version.mk kernel include bpf vmlinux toolchain "$work/tree/"
	sed -i "s/^KERNEL_MIN .*/KERNEL_MIN := $1/; s/^KERNEL_MAX .*/KERNEL_MAX := $2/" "$work/tree/version.mk"
}
build() { make --no-print-directory -C "$work/tree" OUT="$work/out" KDIR="$headers" module "$@"; }

tree_of 6.1 6.19
refused "a newer kernel" "is newer than 6.19, the last kernel that this was tested on" build
refused "and how to go on" "EXPERIMENTAL=1" build
refused "any other word does not" "EXPERIMENTAL=1" build EXPERIMENTAL=0
ok "with it, it is tried" build EXPERIMENTAL=1
ok "which the module says" grep -q "built for a kernel newer than 6.19" "$work/out/unified_io_region.ko"
refused "not without it afterwards" "EXPERIMENTAL=1" build
tree_of 99.1 99.2
refused "an older kernel" "is older than 99.1" build EXPERIMENTAL=1

# --- the probes ----------------------------------------------------------------------

read -ra compiler < <(vmlinux/kernel-cc.sh "$headers")
probe() { PROBES=$work/list vmlinux/probe-kernel.sh "$headers" "$work/probe" "${compiler[@]}"; }
list() { { grep -A 1 '^need CONTROL' vmlinux/probes; cat; } >"$work/list"; }

ok "this kernel has all that is needed" test -e "$OUT/kernel_probes.h"
list <<'END'

need PIPES: pipes
need PIPES: and more of them
END
refused "a name that is there twice" "PIPES is there twice" probe
list <<'END'

need PIPES: pipes between kernels, which the plumber needs
#include <linux/fs.h>
	struct file *file = NULL;

	file->f_pipes = 3;

have FILES: files
#include <linux/fs.h>
	struct file *file = NULL;

	file->private_data = NULL;

have PIPES_TOO: pipes
#include <linux/pipes.h>
export misc_register: the device
export bpf_map_get: maps, which modules are kept away from
export nobody_has_this: nothing
END
refused "a member that is missing is named" "has not: pipes between kernels, which the plumber needs" probe
refused "a symbol that is missing" "has not: nobody_has_this(), exported to modules; needed for: nothing" probe
refused "one in a namespace that is closed" "has not: bpf_map_get()" probe
not() { ! "$@"; }
ok "one that is there is not" not says "misc_register" probe
has() { probe 2>/dev/null | grep -qx "#define $1 1"; }
ok "what is there" has HAVE_FILES
ok "what is not" not has HAVE_PIPES_TOO
printf 'need CONTROL: nothing\n#include <linux/nowhere.h>\n' >"$work/list"
refused "a compiler that does not work is told from that" "nothing can be compiled" probe

# --- the NVMe driver --------------------------------------------------------------------

# Its BTF is read from a file that is compiled as nvme-core.ko is.
driver() {
	cat - >"$work/driver.c"
	gcc -g -c -o "$work/driver.o" "$work/driver.c" &&
		pahole -J --btf_base="$headers/vmlinux" "$work/driver.o" &&
		ld -r --build-id=sha1 -o "$work/driver.ko" "$work/driver.o"
}
layout() { vmlinux/nvme-layout.sh "$headers" bpftool "$work/driver.ko"; }
request='struct nvme_request { struct nvme_command *cmd; unsigned long long result; unsigned char genctr, flags; unsigned short status; } *nr;'
flags='enum { NVME_REQ_CANCELLED = 4, NVME_REQ_USERCMD = 8 } flag = NVME_REQ_CANCELLED;'
init='void nvme_init_request(struct request *req, struct nvme_command *cmd) { }'

driver <<<"struct request; struct nvme_command; $request $flags $init"
ok "members, in their order and with their types" says "unsigned char genctr;" layout
ok "where they are" says "offsetof(struct nvme_request, status) == 18" layout
ok "a value of an enumeration" says "#define NVME_REQ_CANCELLED 4" layout
ok "and another" says "#define NVME_REQ_USERCMD 8" layout
ok "a prototype" says "void nvme_init_request(struct request *, struct nvme_command *);" layout
driver <<<"struct request; struct nvme_command; $request $flags int nvme_init_request(struct request *req) { return 0; }"
ok "of another function" says "int nvme_init_request(struct request *);" layout
driver <<<"struct request; struct nvme_command; $request $init"
refused "no value" "has no BTF of NVME_REQ_CANCELLED" layout
driver <<<"struct request; struct nvme_command; $flags $init"
refused "no structure" "has no BTF of struct nvme_request" layout
driver <<<"struct request; struct nvme_command; $request $flags"
refused "no function" "has no BTF of the function nvme_init_request" layout
driver <<<"struct request; struct nvme_command; $request $flags $init"
objcopy --remove-section=.note.gnu.build-id "$work/driver.ko"
refused "no build ID" "has no build ID" layout
rm -rf "$work"
finish
