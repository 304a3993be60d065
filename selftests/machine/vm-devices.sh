#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 64M,zoned --nvme 64M,cmb=4 --nic 3 --cpus 1 --mem 768M
# The VM has the devices that a test asks for.
. selftest.sh

queue() { cat "/sys/block/$1/queue/$2"; }

ok "a drive with 4 KiB blocks" test "$(queue "$(drive 0)" logical_block_size)" = 4096
ok "a drive with metadata" says "ms:8" sh -c 'nvme id-ns -H "$1" | tr -d " " | grep "LBAFormat.*inuse" | sed "s/MetadataSize/ms/; s/bytes.*//"' sh "/dev/$(drive 1)"
ok "a zoned drive" test "$(queue "$(drive 2)" zoned)" = host-managed
ok "a drive with a controller memory buffer" test -s "/sys/block/$(drive 3)/device/cmbsz"
ok "four drives and no more" test "$(find /sys/block -name 'nvme*n1' | wc -l)" -eq 4
ok "three interfaces" test "$(find /sys/class/net -name 'eth*' | wc -l)" -eq 3
ok "one CPU" test "$(nproc)" -eq 1
ok "less memory" test "$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" -lt 768

wire() {
	local i
	for i in 0 1; do ip netns add "n$i" && ip link set "eth$i" netns "n$i"; done
	for i in 0 1; do ip -n "n$i" addr add "10.0.0.$i/31" dev "eth$i" && ip -n "n$i" link set "eth$i" up; done
	ip netns exec n0 ping -c 1 -W 5 10.0.0.1
}
unwire() {
	local i
	for i in 0 1; do ip -n "n$i" link set "eth$i" netns 1 && ip netns del "n$i"; done
}
ok "the interfaces are on one wire" wire
ok "and come back" unwire

# A debug kernel has better.
if ! zcat /proc/config.gz 2>/dev/null | grep -qE '^CONFIG_(KASAN|KCSAN|DMA_API_DEBUG)=y'; then
	ok "kfence is on" says 100 cat /sys/module/kfence/parameters/sample_interval
	ok "slub_debug is on" says slub_debug=FZP cat /proc/cmdline
fi
for tool in bpftool nvme fio ip ethtool strace nc socat iperf3 tcpdump jq gdb mdadm; do
	ok "$tool is here" command -v "$tool"
done
finish
