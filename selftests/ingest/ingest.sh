#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 300
#
# unifiedctl ingest receives what a NIC may put where, and stores it as it was
# sent: fragments of each size that an MTU leads to, one in a buffer and packed,
# in small and large buffers, through NVMe commands and the block layer. No byte
# is copied, which two ledgers say: ingest's own, and the NIC's.
. selftest.sh
. ingest-lib.inc

size=300001

# row MTU SENDER FRAGMENTS [BYTES OF A WRITE [BYTES]]: one more stream, with a file of its own.
row() {
	local file
	file=$(mktemp data.XXXXXX)
	random "${5:-$size}" "$file"
	echo "$3" >>fragments
	mtu "$1"
	$2 "$file" "${4:+nodelay}" "${4-}"
}

# A fragment has what a segment has, and no more than a page.
rows() {
	row 1500 send $((size / 1448)) &&
	row 4148 send $((size / 4096)) &&
	row 4168 send6 $((size / 4096)) &&
	row 9000 send $((size / 8948 * 3)) &&
	row 9000 send6 $((size / 8928 * 3)) &&
	row 1498 send $((size / 1446)) &&
	row 1499 send $((size / 1447)) &&
	row 1500 send 100 100 100000
}
segments_of_tso() {
	mtu 9000
	peer ethtool -K testnic1 tso on
	row 9000 send 0
	peer ethtool -K testnic1 tso off
}

seen_by_nic() {
	ethtool -S testnic0 | grep rx3_
	# What is not TCP has nothing to split: neighbours look for each other.
	[ "$(testnic iov_frags 3)" -gt 1000 ] && [ "$(testnic page_frags 3)" -eq 0 ] && [ "$(testnic unsplit 3)" -lt 20 ]
}

ok "the NIC" nic
starts "NVMe commands, buffers of a page" --listen :9000 --dev testnic0 --queues 3 --target "$disk" --count 17 --flush 60000
pack off
ok "fresh buffers" rows
ok "packed" pack on
ok "payloads share buffers" rows
pack off
ok "TSO" segments_of_tso
ends "it ends" 0
ok "all that was sent is on the drive" are data.*
ok "no byte was copied, as ingest sees it" counted "$zero_copy and $all_stored"
ok "and as the NIC does" seen_by_nic
ok "payloads did share buffers" test "$(testnic shared_frags)" -gt 1000
ok "fragments were what they should be" counted ".fragments >= $(paste -sd+ fragments)"
ok "and gathered into few commands" counted '.commands * 8 < .fragments'

disk=/dev/$(drive 1)
rm data.*
rows() {
	row 1500 send 0 &&
	row 9000 send6 0 &&
	row 1498 send 0 &&
	row 1499 send 0 &&
	row 1500 send 0 100 50000
}
starts "the block layer, buffers of 64 KiB" --listen :9000 --dev testnic0 --queues 3 --target "$disk" --count 11 --flush 60000 \
	--buffer 64K --block
ok "fresh buffers" rows
pack on
ok "packed" rows
pack off
ok "TSO" segments_of_tso
ends "it ends" 0
ok "all is there" are data.*
ok "no byte was copied" counted "$zero_copy and $all_stored"
ok "by the NIC's count, too" seen_by_nic
finish
