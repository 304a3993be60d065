#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 240
#
# A sender that writes a hundred bytes at a time, or one, has the NIC take a
# buffer for each. With few buffers a stream comes to hold all of its share and
# has no block to write: what it holds is copied together, and counted, and the
# others do not starve.
. selftest.sh
. ingest-lib.inc
disk=/dev/$(drive 1)

# One byte in a packet: slowly enough that none waits for another's acknowledgement.
one_by_one() { peer timeout 100 python3 - "$1" <<-'END'
	import socket, sys, time
	s = socket.create_connection(("10.9.0.1", 9000))
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	for byte in open(sys.argv[1], "rb").read():
	    s.send(bytes([byte]))
	    time.sleep(0.002)
	END
}

random 1500 one
random 60000 hundred hundred2
random 1M large
ok "the NIC" nic
starts "512 buffers" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk" --area 2M --count 4
mtu 1500
one_by_one one &
send hundred nodelay 100 &
send hundred2 nodelay 100 &
send large &
ends "it ends" 0
ok "all that was sent is on the drive" are one hundred hundred2 large
ok "small fragments were copied, and nothing else" counted '.bytes_copied.small > 0 and .bytes_copied.head == 0 and .bytes_dma == .bytes'
ok "less than the small streams have" counted '.bytes_copied.small < 130000'
ok "receives ended and were armed again" counted '.arms > 4'
ok "no buffer is left behind" counted "$all_stored"

# A share is six buffers, and they are full with less than a block.
random 6000 some some2 some3
starts "32 buffers" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk" --area 2M --buffer 64K --streams 4 --count 4
for file in some some2 some3; do send $file nodelay 100 & done
send large
ends "it ends" 0
ok "all that was sent is on the drive" are some some2 some3 large
ok "no buffer is left behind" counted "$all_stored"

starts "with --require-zero-copy" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk" --area 2M \
	--require-zero-copy --count 2
send large
one_by_one one 2>/dev/null
ends "it ends with a status of its own" 3 "fragments too small"
finish
