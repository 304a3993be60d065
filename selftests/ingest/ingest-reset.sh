#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 300
#
# Three hundred connections that their peers reset, each after so many bytes: every one
# ends by itself, and no buffer is left behind.
. selftest.sh
. ingest-lib.inc

resets() { peer timeout 200 python3 - <<-'END'
	import random, socket, struct
	random.seed(1)
	data = open("large", "rb").read()
	for batch in range(3):
	    all = [socket.create_connection(("10.9.0.1", 9000)) for i in range(100)]
	    for s in all:
	        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	        s.setblocking(False)
	    for s in random.sample(all, 100):
	        try:
	            s.send(data[:random.randrange(60000)])
	        except (BlockingIOError, ConnectionResetError):
	            pass
	    for s in random.sample(all, 100):
	        s.close()
	END
}

random 60000 large
ok "the NIC" nic
for size in 1500 9000; do
	mtu $size
	starts "packets of $size" --listen 10.9.0.1:9000 --dev testnic0 --queues 1,2,3 --target "$disk" --area 2M --streams 200 --stats-json
	ok "three hundred connections" resets
	ok "none stays" waits_for '.opened > 0 and .closed + .refused == 300 and .streams == 0 and .buffers_held == 0'
	stop
	ok "what came is stored" counted '.stored == .bytes and .lost == 0 and .buffers_held == 0'
done
finish
