#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 240
#
# unifiedctl ingest run --recv, for interfaces that have no zero-copy receive: the
# same pipeline, and every byte is in the ledger as one that was copied.
. selftest.sh
. ingest-lib.inc

ip link set lo up
to=TCP:127.0.0.1:9000
send() { timeout 100 socat -u -b "${3:-65536}" "OPEN:$1" "$to${2:+,$2}"; }
all_copied='.bytes_dma == 0 and (.bytes_copied | del(.device)) == { head: 0, recv: .bytes, small: 0 }'

random 1M large
random 500001 odd
random 100 small
: >nothing

ok "removals are counted" count_removals
starts "recv" --listen 127.0.0.1:9000 --recv --target "$disk" --count 5 --stats-json
for file in large odd small nothing; do send $file & done
# Neither full nor ended: the time-out writes it.
mkfifo pipe
timeout 200 socat -u OPEN:pipe "$to" &
exec 3>pipe
cat odd >&3
ok "the whole blocks of an idle stream are stored" waits_for '.streams == 1 and .stored == 1548677 + 500001 - 500001 % 512'
cat small >&3
exec 3>&-
ends "it ends after so many streams" 0
ok "its drive is free before that" test "$(removals)" -eq 1
count_removals no
cat odd small >both
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

# Of eight streams, each with a share of a few slots, seven say nothing.
random 600 few
dribble() { timeout 100 python3 - few <<-'END'
	import socket, sys, time
	conns = [socket.create_connection(("::1", 9000)) for _ in range(8)]
	data = open(sys.argv[1], "rb").read()
	for at in range(0, len(data), 50):
	    conns[3].send(data[at:at + 50])
	    time.sleep(0.2)
	END
}
starts "few slots" --listen '[::1]:9000' --recv --target "$disk" --area 2M --streams 8 --count 8 --flush 20
dribble
ends "it ends" 0
ok "what came in dribs and drabs is there" are few nothing nothing nothing nothing nothing nothing nothing
ok "copied together" counted ".bytes_copied.small > 0 and .bytes_copied.recv == 600 and $all_stored"

# From here on no slot begins where a block does, nor at a multiple of 4.
odd_start() { (head -c 1001 larger; sleep 1; tail -c +1002 larger) | timeout 100 socat -u - "$to"; }
reset() { timeout 100 python3 - <<-'END'
	import socket, struct, time
	s = socket.create_connection(("::1", 9000))
	for n in range(4):
	    s.send(bytes(100001))
	    time.sleep(0.1)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	END
}
starts "an odd start, a reset" --listen '[::1]:9000' --recv --target "$disk" --count 3
odd_start
reset
# No more files for now.
prlimit --pid "$pid" --nofile=3:
send odd &
sleep 1
prlimit --pid "$pid" --nofile=1024:
ends "one stream was reset" 4
ok "the first is there" is 1 larger
ok "in commands of no great size" counted '.commands > 12'
ok "the second has an error" counted '.streams_index[1] | .error == "Connection reset by peer" and .complete == false'
ok "the third waited for a file" is 3 odd
finish
