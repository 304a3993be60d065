#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 400
#
# unifiedctl ingest has more buffers when the interface finds none, where the kernel
# can add them; what is added nobody can write to.
. selftest.sh
. ingest-lib.inc

zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk")
random 300001 one
ok "the NIC" nic
mtu 1500

if ! bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep -q 'struct io_zcrx_area \*\*areas;'; then
	ethtool -n testnic0 >rules
	refused "an area cannot grow on this kernel" "on this kernel a receive area cannot grow" \
		unifiedctl ingest run "${zcrx[@]}" --area 2M,4M
	ok "and the interface is what it was" diff <(ethtool -n testnic0) rules
	finish
fi

# Streams whose sockets hold more than there is, as long as nobody receives.
streams=()
for n in {1..30}; do streams+=("stream$n"); done
random 100001 "${streams[@]}"
send_all() {
	local file senders=()
	kill -STOP $pid
	for file in "${streams[@]}"; do
		send "$file" &
		senders+=($!)
	done
	for _ in {1..300}; do
		[ "$(testnic alloc_fail 3)" -eq "$1" ] || break
		sleep 0.1
	done
	kill -CONT $pid
	wait "${senders[@]}"
}
starts "an area that may grow" "${zcrx[@]}" --area 2M,32M --count 31 --stats-json
rx=''
eval "$(unifiedctl -j region show "$(unifiedctl -j region list | jq '.[0].id')" | jq -r '.offsets | "rx=\(.rx)"')"
# One queue's lists are in front.
first=$((rx + (8 << 20))) second=$((rx + (10 << 20)))
refused "what there is of it is sealed" "mmap: EPERM" steal /dev/unified $first 4096 rw
ok "what there may be is not" says mapped steal /dev/unified $second 4096 rw
ok "more is sent than it holds" send_all 0
ok "it has grown" waits_for '.area_grew > 0 and .area == 2097152 * (1 + .area_grew)'
refused "and what was added is sealed" "mmap: EPERM" steal /dev/unified $second 4096 rw
send one
ends "it ends" 0
ok "with what was sent" are one "${streams[@]}"
ok "as the interface asked for it" counted ".starved > 0 and .area <= 33554432 and .bytes_unseen == 0 and $by_dma and $all_stored"

starts "while somebody has the memory mapped" "${zcrx[@]}" --area 2M,4M --stats-json
python3 <(steal_py) $pid /dev/unified $second 4096 rw 100 >/dev/null &
thief=$!
sleep 1
send_all "$(testnic alloc_fail 3)" 2>/dev/null
ends "it ends when it would grow" 1 "cannot be sealed"
kill $thief; wait $thief
finish
