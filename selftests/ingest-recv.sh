#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 240
#
# unifiedctl ingest --recv, for interfaces that have no zero-copy receive: the
# same pipeline, and every byte is in the ledger as one that was copied.
. selftest.sh
. ingest-lib.inc

ip link set lo up
to=TCP:127.0.0.1:9000
send() { timeout 100 socat -u -b "${3:-65536}" "OPEN:$1" "$to${2:+,$2}"; }
all_copied='.bytes_dma == 0 and .bytes_copied == { head: 0, recv: .bytes, small: 0 }'

random 1M large
random 500001 odd
random 100 small
: >nothing

starts "recv" --listen 127.0.0.1:9000 --recv --target "$disk" --count 5 --stats-json
for file in large odd small nothing; do send $file & done
# Neither full nor ended: the time-out writes it.
mkfifo pipe
timeout 200 socat -u OPEN:pipe "$to" &
exec 3>pipe
cat large >&3
ok "what an idle stream has sent is stored" waits_for '.streams == 1 and .stored == 2597253'
cat small >&3
exec 3>&-
ends "it ends after so many streams" 0
cat large small >both
ok "all that was sent is on the drive" are large odd small nothing both
ok "every byte was copied, and once" counted "$all_copied and $all_stored"
ok "the last blocks are filled up" counted '.padded > 0 and .padded < 4 * 512'

# The other drive, IPv6, several loops, the block layer's way.
disk=/dev/$(drive 1)
to='TCP6:[::1]:9000'
random 3M larger
starts "two loops, a drive of 4 KiB" --listen '[::1]:9000' --recv --queues 0,1 --cpu 1,0 --target "$disk" --block --count 4 \
	--extent 1M --start 8M
for file in larger odd small large; do send $file & done
ends "it ends" 0
ok "all is there" are larger odd small large
ok "each in blocks of its own" counted '.block as $b | [.streams_index[].extents[] | [.lba, .lba + ((.bytes + $b - 1) / $b | floor)]] |
	sort | . as $e | all(range(1; length); $e[. - 1][1] <= $e[.][0])'
ok "and nowhere before --start" counted '[.streams_index[].extents[].lba] | min == 2048'
ok "in both loops" counted '[.streams_index[].queue] | unique == [0, 1]'
ok "copied" counted "$all_copied and $all_stored"
finish
