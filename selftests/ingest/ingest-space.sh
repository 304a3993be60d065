#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M
# Timeout: 300
#
# Streams take no more of a drive than they need: of what is left of an extent others
# get their blocks, wherever it is.
. selftest.sh
. ingest-lib.inc

ip link set lo up

# send_all AT_ONCE BYTES...: one connection for each; so many of them are open at a time.
send_all() { timeout 250 python3 - "$@" <<-'END'
	import socket, sys
	sizes = [int(n) for n in sys.argv[2:]]
	at_once = int(sys.argv[1])
	while sizes:
	    conns = [(socket.create_connection(("127.0.0.1", 9000)), n) for n in sizes[:at_once]]
	    sizes = sizes[at_once:]
	    # A part of each in turn, so that they are written side by side.
	    sent = 0
	    while any(n > sent for _, n in conns):
	        for c, n in conns:
	            if n > sent:
	                c.sendall(bytes([n % 251]) * min(n - sent, 131072))
	        sent += 131072
	    for c, _ in conns:
	        c.shutdown(socket.SHUT_WR)
	    for c, _ in conns:
	        c.recv(1)
	        c.close()
	END
}
times() { local i; for ((i = 0; i < $1; i++)); do echo "$2"; done; }

# What the streams have in blocks, and up to where the drive is used.
blocks='[.streams_index[].bytes / .block | ceil] | add'
highest='.block as $b | [.streams_index[].extents[] | .lba + (.bytes / $b | ceil)] | max'
apart='.block as $b | [.streams_index[].extents[] | [.lba, .lba + (.bytes / $b | ceil)]] | sort | . as $e |
	all(range(1; length); $e[. - 1][1] <= $e[.][0])'

mapfile -t sizes < <(times 150 1000)
starts "recv" --listen 127.0.0.1:9000 --recv --target "$disk" --count 150 --streams 200 --area 64M
send_all 150 "${sizes[@]}"
ends "150 streams of 1000 bytes, all at once" 0
ok "they have two blocks each, and nothing lies between" counted "($highest) == 300 and ($apart)"

mapfile -t sizes < <(times 2000 1000)
starts "recv" --listen 127.0.0.1:9000 --recv --target "$disk" --count 2000
send_all 8 "${sizes[@]}"
ends "2000 of them, eight at a time" 0
ok "the drive is as full as they are long" counted "($highest) == 4000 and ($apart)"

# Each takes more than it needs, and the other one's blocks are behind it.
mapfile -t sizes < <(times 23 2700001)
starts "recv" --listen 127.0.0.1:9000 --recv --target "$disk" --count 23
send_all 2 "${sizes[@]}"
ends "streams fill up a drive" 0
ok "and none has another's blocks" counted "($highest) <= 131072 and ($apart) and ($blocks) > 121000"

# Side by side, in one piece each; one after the other, with nothing between.
mapfile -t sizes < <(times 4 2700001)
starts "recv" --listen 127.0.0.1:9000 --recv --target "$disk" --count 4 --reserve 4M
send_all 4 "${sizes[@]}"
ends "streams that reserve" 0
ok "have one extent each" counted "([.streams_index[].extents | length] == [1, 1, 1, 1]) and ($apart)"
starts "recv" --listen 127.0.0.1:9000 --recv --target "$disk" --count 3 --reserve 4M
send_all 1 1000001 1000001 1000001
ends "streams that need less of it" 0
ok "leave the rest to others" counted "($highest) == 3 * 1954 and ($apart)"

# The same blocks of two drives.
mapfile -t sizes < <(times 20 1500001)
starts "recv" --listen 127.0.0.1:9000 --recv --policy mirror --target "$disk" --target "/dev/$(drive 1)" --count 20
send_all 3 "${sizes[@]}"
ends "the same on two drives" 0
ok "and none has another's blocks there" counted "($apart) and ($blocks) == 20 * 2930"

# One drive is full; the streams of the other do not notice.
unifiedctl policy load /unified/selftests/progs/ingest_policy.bpf.o >/dev/null
from_port() { timeout 200 socat -u "OPEN:$2" "TCP:127.0.0.1:9000,sourceport=$1,reuseaddr" 2>/dev/null; }
random 2700001 more
truncate -s 80M large
starts "a policy that goes by the sender's port" --listen 127.0.0.1:9000 --recv --policy by_port --target "$disk" \
	--target "/dev/$(drive 1)" --on-error drop --count 3
from_port 5002 more & sender=$!
from_port 5001 large
wait $sender
from_port 5002 more
ends "more than there is room for" 1 "not all is stored"
ok "that stream ends with an error" counted '[.streams_index[] | select(.error == "No space left on device")] | length == 1'
ok "and the others are whole" counted '[.streams_index[] | select(.complete) | .bytes] == [2700001, 2700001]'
unifiedctl policy unload by_port >/dev/null
finish
