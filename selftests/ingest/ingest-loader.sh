#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 240
#
# What the loader does beside the loops: it prints, and takes connections. A reader that
# does not read holds up nobody, and a connection is refused only if no loop has a place.
. selftest.sh
. ingest-lib.inc

ip link set lo up
to=TCP:127.0.0.1:9000
peer() { "$@"; }
here=(--listen 127.0.0.1:9000 --recv --target "$disk")

# A pipe with room for two lines, and nobody who reads.
mkfifo unread
exec 6<>unread
python3 -c 'import fcntl; fcntl.fcntl(6, 1031, 4096)'	# F_SETPIPE_SZ
env --default-signal=INT unifiedctl ingest run "${here[@]}" --streams 2 --stats-json >unread 2>said &
pid=$!
ok "its reader does not read" listening 9000
full() { python3 -c 'import fcntl, struct, sys; sys.exit(struct.unpack("i", fcntl.ioctl(6, 0x541b, bytes(4)))[0] == 0)'; }
for _ in {1..100}; do ! full || break; sleep 0.1; done
# Longer than it takes to fill it, if nobody looks.
sleep 6
random 10000 some
for _ in {1..40}; do send some; done
all_closed() {
	for _ in {1..300}; do
		[ -n "$(ss -Htn state established state close-wait 'sport = :9000')" ] || return 0
		sleep 0.1
	done
	ss -Htn 'sport = :9000'
	return 1
}
ok "connections are taken, and end, all the same" all_closed
kill -INT $pid
cat <unread >report & reader=$!
exec 6>&-
ended
wait $reader
jq -s add report >whole && mv whole report
ok "so does ingest" test "$status" -eq 0
ok "and the report has all of them" counted '.closed == 40 and .stored == 400000 and (.streams_index | length) == 40'

# One place in each of two loops.
mkfifo one two three
starts "two loops" "${here[@]}" --cpus 0,1 --streams 1 --stats-json
send one & exec 4>one; cat some >&4
ok "one connection" waits_for '.streams == 1'
send two & exec 5>two; cat some >&5
ok "and another" waits_for '.streams == 2'
exec 5>&-
ok "which ends" waits_for '.streams == 1'
send three & exec 5>three; cat some >&5
ok "its place is another's" waits_for '.streams == 2'
exec 5>&-
ok "and again" waits_for '.streams == 1'
exec 4>&-
settled
stop
ok "none was refused" counted '.refused == 0 and .closed == 3 and .stored == 30000'
finish
