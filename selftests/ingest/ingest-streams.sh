#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 300
#
# Many connections, and what may become of one: it is short, empty, half closed,
# reset, its sender is killed, its packets come through another queue from some
# moment on. That one's end is told; the others do not notice.
. selftest.sh
. ingest-lib.inc

# connections N: at once, each with so many bytes as its number says.
connections() { peer timeout 100 python3 - "$1" <<-'END'
	import socket, sys
	n = int(sys.argv[1])
	data = open("large", "rb").read()
	all = [socket.create_connection(("10.9.0.1", 9000)) for i in range(n)]
	for i, s in enumerate(all):
	    s.sendall(data[:i * 500 + 1])
	for s in all:
	    s.close()
	END
}
sizes() { counted "[.streams_index[$1][].bytes] | sort == [range($2) | . * 500 + 1]"; }
prefixes() {
	local id
	for id in $(jq ".streams_index[$1][].id" report); do
		cmp -n "$(jq ".streams_index[$id - 1].bytes" report)" <(stored "$id") large || return
	done
}
half_close() { peer timeout 60 python3 - <<-'END'
	import socket
	s = socket.create_connection(("10.9.0.1", 9000))
	s.sendall(open("odd", "rb").read())
	s.shutdown(socket.SHUT_WR)
	assert s.recv(100) == b""
	END
}
reset() { peer timeout 60 python3 - <<-'END'
	import socket, struct, time
	s = socket.create_connection(("10.9.0.1", 9000))
	s.sendall(open("odd", "rb").read())
	time.sleep(1)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	s.close()
	END
}
killed() {
	mkfifo pipe
	peer socat -u OPEN:pipe "$to" &
	exec 3>pipe
	cat small >&3
	sleep 1
	kill -KILL "$(pgrep -f OPEN:pipe)"
	exec 3>&-
}
# What iperf3 says first is part of a protocol that nobody speaks here.
iperf() { peer timeout 3 iperf3 -c 10.9.0.1 -p 9000 -n 1M; true; }

random 100001 large odd
random 100 small
: >nothing
ok "the NIC" nic
mtu 1500
queues=(--listen 10.9.0.1:9000 --dev testnic0 --queues "1,2,3")
starts "three queues" "${queues[@]}" --target "$disk" --count 75 --area 4M
ok "socat" send odd
ok "nc" peer timeout 60 nc -N 10.9.0.1 9000 <odd
ok "the shell" peer bash -c 'cat odd >/dev/tcp/10.9.0.1/9000'
iperf
ok "nothing" send nothing
ok "a hundred bytes" send small
ok "half closed" half_close
ok "reset" reset
ok "killed" killed
ok "two" connections 2
ok "sixty-four" connections 64
ends "one stream of them failed" 4
senders() { is 1 odd && is 2 odd && is 3 odd; }
ok "the senders' are there" senders
# 37 bytes say who it is, one more that it goes.
ok "iperf3's first words" counted '.streams_index[3].bytes | . == 37 or . == 38'
ok "nothing is nothing" counted '.streams_index[4] | .bytes == 0 and .extents == [] and .complete'
ok "short" is 6 small
ok "half closed, whole" is 7 odd
ok "reset: an error, and what came before" counted '.streams_index[7] | .complete == false and .error == "Connection reset by peer" and .bytes > 0'
ok "what a killed one had sent" is 9 small
ok "two" sizes 9:11 2
ok "sixty-four" sizes 11: 64
ok "each its own" prefixes 9:
ok "they came through several queues" counted '[.streams_index[].queue] | unique | length > 1'
ok "no byte was copied" counted "$zero_copy and .lost == 0 and .under_way == 0 and .buffers_held == 0"

# Two streams, of which one comes through another queue from its middle on.
steer() { ethtool -N testnic0 flow-type tcp4 src-port $1 dst-port 9000 action $2 loc $3; }
starts "few streams" "${queues[@]}" --target "$disk" --streams 1
steer 5001 1 0
steer 5002 2 1
steer 5003 2 2
mkfifo one two
peer timeout 200 socat -u OPEN:one "$to,sourceport=5001" 2>/dev/null & exec 4>one; cat odd >&4
peer timeout 200 socat -u OPEN:two "$to,sourceport=5002" & exec 5>two; cat odd >&5
sleep 2
ok "another queue, from now on" steer 5001 2 0
ok "one connection more than --streams" says "" timeout 20 sh -c "ip netns exec peer socat -u OPEN:odd $to,sourceport=5003 2>&1; echo ended"
(cat large >&4) 2>/dev/null
cat large >&5
exec 4>&- 5>&-
settled
stop
ok "some had an error" test "$status" -eq 4
cat odd large >both
ok "one for which there was no place" counted '.refused == 1 and (.streams_index | length == 2)'
ok "the one that stayed is whole" is 2 both
ok "the other is not, and says why" counted '.missteered == 1 and (.streams_index[0] | .error == "Bad address" and .bytes == 100001)'
ok "what came before is there" is 1 odd
for loc in 0 1 2; do ethtool -N testnic0 delete $loc; done
finish
