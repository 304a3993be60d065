#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 300
#
# Policies that look at the beginning of a stream: it comes in pieces of any size, and not
# all of it may come; and where a stream is to begin they may say, too.
. selftest.sh
. ingest-lib.inc

a=/dev/$(drive 0) b=/dev/$(drive 2)
policy=/unified/selftests/progs/ingest_beginning.bpf.o
# bits FILE [PAUSE BYTES]: a connection; its first 40 bytes in packets of 1, 2, 3 and so on,
# or so many of them and then a pause of seconds.
bits() { peer timeout 100 python3 - "$@" <<-'END'
	import socket, sys, time
	data = open(sys.argv[1], "rb").read()
	s = socket.create_connection(("10.9.0.1", 9000))
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	if len(sys.argv) > 2:
	    s.sendall(data[:int(sys.argv[3])])
	    time.sleep(float(sys.argv[2]))
	    s.sendall(data[int(sys.argv[3]):])
	else:
	    at = n = 0
	    while at < min(len(data), 40):
	        n += 1
	        s.sendall(data[at:at + n])
	        at += n
	        time.sleep(0.05)
	    s.sendall(data[at:])
	s.shutdown(socket.SHUT_WR)
	try:
	    s.recv(1)
	except ConnectionResetError:
	    pass
	END
}
# begins FILE WORDS: random, but for how it begins.
begins() { { printf %s "$2"; head -c 100001 /dev/urandom; } >"$1"; }
from() { counted "[.streams_index[$1].extents[].lba][0] == $2"; }

begins first Axxxxxxx; begins second Bxxxxxxx; begins dropped Dxxxxxxx; begins many Mxxxxxxx
begins place P2xxxxxx; begins far P9xxxxxx
printf Bx >short
ok "the NIC" nic
for source in "--dev testnic0 --queues 3" --recv; do
	# shellcheck disable=SC2086 # words
	starts "what a policy wants to see of it, ${source%% *}" --listen 10.9.0.1:9000 $source --target "$a" --target "$b" --policy $policy \
		--flush 20000 --count 10
	for file in first second dropped many short; do bits $file; done
	send second
	bits place
	bits place
	bits far
	send place
	ends "three could not begin where they were to" 1 "not all is stored"
	ok "one goes here" is 1 first "$a"
	ok "one there" is 2 second "$b"
	ok "one nowhere" counted '.streams_index[2] | .dropped == 100009 and .bytes == 0 and .extents == []'
	ok "of one 512 bytes are wanted" is 4 many "$b"
	ok "one ends before" is 5 short "$a"
	ok "one comes in large pieces" is 6 second "$b"
	ok "one has its place" from 6 2000
	ok "and is there" is 7 place "$a"
	ok "the next has not: somebody is there" counted '.streams_index[7, 9] | .error == "the blocks that a policy chose are in use" and .bytes == .lost and .extents == []'
	ok "nor who wants one that is not there" counted '.streams_index[8] | .error == "the block that a policy chose is beyond the target"'
	ok "only what was held was copied" counted '.bytes_copied.small <= 700'
	ok "no buffer is left behind" counted '.under_way == 0 and .buffers_held == 0'
done

starts "who waits" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$a" --target "$b" --policy $policy --flush 50 --count 1
bits second 3 4
ends "it is not for ever" 0
ok "then the policy decides by what there is" is 1 second "$a"
finish
