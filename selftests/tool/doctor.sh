#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# unifiedctl doctor says what is there, what is missing and what to do.
. selftest.sh

ok "a machine with everything" unifiedctl doctor
ok "the module's BTF" says "/sys/kernel/btf/unified_io_region" unifiedctl doctor
ok "the kfuncs, all of them" says "13 of 13" unifiedctl doctor
ok "the kernel is one that was tested" says "that were tested" unifiedctl doctor
ok "what is written to is trusted" says "policies may write to them" unifiedctl doctor
ok "the NVMe driver" says "the one that the module was built for" unifiedctl doctor
ok "io_uring" says "kernel.io_uring_disabled is 0" unifiedctl doctor
ok "zero-copy receive" says "can receive without a copy" unifiedctl doctor
ok "io_uring's BPF" says "io_uring_bpf_ops and its kfuncs" unifiedctl doctor
ok "each private field that ingest reads" says "io_ring_ctx.zcrx_ctxs, of include/linux/io_uring_types.h" unifiedctl doctor
# A kernel that has renamed one: its BTF with another letter in the field's name.
renamed() { unshare -m bash -c 'mount --bind btf /sys/kernel/btf/vmlinux && unifiedctl doctor'; }
sed 's/\x00zcrx_ctxs\x00/\x00zcrx_ctxz\x00/' /sys/kernel/btf/vmlinux >btf
ok "and one that is not there" says "this kernel has no io_ring_ctx.zcrx_ctxs" renamed
ok "each thing that the module was compared with" says "private part   STRUCT_OPS: " unifiedctl doctor check --all
ok "and each once" test "$(unifiedctl -j doctor check --all | jq '[.[] | select(.check == "private part").text | split(":")[0]] | length - (unique | length)')" = 0
refused "no other word" "no verb 'everything'" unifiedctl doctor everything
json() { unifiedctl -j doctor | jq -e "$1"; }
ok "all in JSON, in the same words" json 'map(select(.state == "ok") | .check) | contains(["kernel", "private parts", "nvme driver", "io_uring", "zero copy rx", "io_uring BPF"])'
ok "the NVMe drive and its limits" says "nvme nvme0n1" unifiedctl doctor
ok "the network interface" says "nic eth0" unifiedctl doctor

sysctl -qw kernel.io_uring_disabled=2
ok "io_uring switched off is no reason to fail" says "sysctl kernel.io_uring_disabled=0" unifiedctl doctor
sysctl -qw kernel.io_uring_disabled=0

# SERIES: a kernel that calls itself so.
pretends() { LD_PRELOAD=$PWD/uname.so RELEASE=$1 unifiedctl doctor; }
cat >uname.c <<'END'
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
int uname(struct utsname *os) { memset(os, 0, sizeof(*os)); strcpy(os->release, getenv("RELEASE")); return 0; }
END
cc -shared -fPIC -o uname.so uname.c
ok "a newer kernel than was tested" says "9.9.1 is newer than" pretends 9.9.1
refused "an older one" "7.1.12 is too old" pretends 7.1.12

umount /sys/fs/bpf
refused "no bpf file system" "mount -t bpf" unifiedctl doctor
refused "and no policy without it" "mount -t bpf" unifiedctl policy load pass
mount -t bpf bpf /sys/fs/bpf

echo never >/sys/kernel/mm/transparent_hugepage/enabled
ok "huge pages switched off" says "echo madvise" unifiedctl doctor
echo always >/sys/kernel/mm/transparent_hugepage/enabled

as_nobody() { setpriv --reuid 65534 --clear-groups "$@"; }
refused "an ordinary user" "run as root" as_nobody unifiedctl doctor
refused "who gets no policy list either" "run as root" as_nobody unifiedctl policy list

remove_module
refused "without the module" "modprobe unified_io_region" unifiedctl doctor
refused "which is not there for this kernel" "there is none for this kernel" unifiedctl doctor
# It is, in the list; and the kernel is locked down, as with Secure Boot.
listed() { unshare -m bash -c 'mount --bind modules.dep "/lib/modules/$(uname -r)/modules.dep" && unifiedctl doctor'; }
echo 'updates/dkms/unified_io_region.ko.xz:' >modules.dep
refused "or is" "not loaded: modprobe unified_io_region" listed
mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
locked() { unshare -m bash -c 'echo "none [integrity] confidentiality" >lockdown && mount --bind lockdown /sys/kernel/security/lockdown && mount --bind modules.dep "/lib/modules/$(uname -r)/modules.dep" && unifiedctl doctor'; }
refused "and has to be signed" "Secure Boot" locked
refused "no policy list either" "modprobe unified_io_region" unifiedctl policy list
refused "nor a policy" "modprobe unified_io_region" unifiedctl policy load pass
ok "the version all the same" unifiedctl version
finish
