#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# unifiedctl doctor says what is there, what is missing and what to do.
. selftest.sh

ok "a machine with everything" unifiedctl doctor
ok "the module's BTF" says "/sys/kernel/btf/unified_io_region" unifiedctl doctor
ok "the kfuncs, all of them" says "7 of 7" unifiedctl doctor
ok "the NVMe drive and its limits" says "nvme nvme0n1" unifiedctl doctor
ok "the network interface" says "nic eth0" unifiedctl doctor

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
refused "no policy list either" "modprobe unified_io_region" unifiedctl policy list
refused "nor a policy" "modprobe unified_io_region" unifiedctl policy load pass
ok "the version all the same" unifiedctl version
finish
