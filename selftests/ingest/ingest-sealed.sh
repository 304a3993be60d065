#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 180
#
# Once unifiedctl ingest receives nobody can write into its rings: not the process
# itself, not one that takes its files, by any door. So nothing is issued that the
# loop did not put there. Nor can anybody write to what the loop knows.
. selftest.sh
. ingest-lib.inc

# Of the region; the ring that hands connections over is the process's own.
maps() { grep /dev/unified_io_region /proc/$pid/maps; }
none() { ! maps; }
# The loop's own memory: a map that has no BPF_F_MMAPABLE, and takes nothing from system calls.
private() {
	bpftool -j map list | jq -c '.[] | select(.name == ".bss.loop")' | tee private
	jq -se 'length == 1 and (.[0].flags / 1024 | floor) % 2 == 0 and .[0].frozen == 1' private
}

ok "the NIC" nic
mtu 1500
starts "ingest" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk" --count 2 --area 4M
unifiedctl -j region list >regions
rings='' rx='' slots=''
eval "$(unifiedctl -j region show "$(jq '.[0].id' regions)" | jq -r '.offsets | "rings=\(.rings) rx=\(.rx) slots=\(.slots)"')"
ok "the region is sealed" jq -e '.[0].sealed' regions
ok "the process has nothing of it mapped" none
refused "its rings cannot be mapped" "mmap: EPERM" steal /dev/unified "$rings" 4096 rw
refused "not even to be read" "mmap: EPERM" steal /dev/unified "$rings" 4096 r
refused "nor all of it" "mmap: EPERM" steal /dev/unified 0 $((slots + 4096)) rw
refused "nor from before the rings into them" "mmap: EPERM" steal /dev/unified 0 $((rings + 4096)) r
refused "the receive area cannot be written" "mmap: EPERM" steal /dev/unified "$rx" 4096 rw
ok "it can be read" says mapped steal /dev/unified "$rx" 4096 r
refused "the ring gives no memory of its own: the submission queue" "mmap: E" steal io_uring 0 4096 rw
refused "its entries" "mmap: E" steal io_uring $((0x10000000)) 4096 rw
refused "and can be entered by its thread alone" "enter: EEXIST" steal io_uring 0 0 enter
ok "what the loop alone is to write nobody else can" private
random 300001 one two
send one
send two
ends "it works all the same" 0
ok "what was sent is there" are one two

starts "recv" --listen 10.9.0.1:9000 --recv --target "$disk" --count 1
only_slots() {
	maps
	[ "$(maps | wc -l)" -eq 1 ] && [ $((16#$(maps | awk '{ print $3 }'))) -eq "$1" ]
}
eval "$(unifiedctl -j region show "$(unifiedctl -j region list | jq '.[0].id')" | jq -r '.offsets | "rings=\(.rings) slots=\(.slots)"')"
ok "has the slots mapped, which recv writes to" only_slots "$slots"
refused "not the rings" "mmap: EPERM" steal /dev/unified "$rings" 4096 rw
send one
ends "it ends" 0
ok "what was sent is there" are one
finish
