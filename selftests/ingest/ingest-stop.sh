#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 300
#
# unifiedctl ingest ends as it is told to, with all stored that had arrived and
# the interface as it was; one that is killed leaves nothing that the next, at
# once, would stumble over. And what it cannot do (wrong words: ingest-usage.sh).
. selftest.sh
. ingest-lib.inc

zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk")
settings() { ethtool -g testnic0; ethtool -l testnic0; ethtool -x testnic0; ethtool -n testnic0; ethtool -k testnic0; } 2>&1
random 300001 one two
ok "the NIC" nic
settings >before

# What has arrived of a stream that has not ended is stored, and told.
form=''
starts "in words" "${zcrx[@]}"
send one
mkfifo pipe
peer timeout 200 socat -u OPEN:pipe "$to" 2>/dev/null &
exec 3>pipe
cat two >&3
for _ in {1..100}; do grep -qE 'streams 1  zero-copied 58[56]' report && break; sleep 0.2; done
stop INT
form=-j
exec 3>&-
ok "Ctrl-C ends it well" test "$status" -eq 0
ok "a line tells how it goes" grep -E '^[0-9.]+ .*B/s  streams [01]  zero-copied .*  copied 0 B  commands ' report
ok "and at the end of each stream" grep -E '^stream 2 from 10.9.0.2:[0-9]+: 300001 bytes at lba ' report
ok "of all" grep -F '600002 bytes in ' report
ok "of copies" grep -F '  600002 put into the region by the interface' report
ok "of what is stored" grep -F '  600002 stored, in ' report
settings >after
ok "the interface is what it was" cmp before after

starts "again" "${zcrx[@]}"
send one
settled
stop TERM
ok "so does SIGTERM" test "$status" -eq 0
ok "it is there" is 1 one

# Stopped and continued, as a job, and under a debugger: the loop is entered again.
starts "and again" "${zcrx[@]}" --count 1
peer timeout 200 socat -u OPEN:pipe "$to" &
exec 3>pipe
head -c 100000 one >&3
for _ in 1 2 3 4 5; do kill -STOP $pid; sleep 0.1; kill -CONT $pid; done
timeout 60 strace -qq -f -p $pid -o trace & strace=$!
sleep 2
tail -c +100001 one >&3
for _ in 1 2 3 4 5; do kill -STOP $pid; sleep 0.1; kill -CONT $pid; done
kill $strace
exec 3>&-
ends "signals do not end it" 0
ok "all is there" is 1 one
ok "the loop was entered again" grep -q io_uring_enter trace

# Killed in the middle of it; the next one has the same queue.
starts "to be killed" "${zcrx[@]}"
peer timeout 200 socat -u OPEN:/dev/zero "$to" 2>/dev/null &
sleep 1
{ stop KILL; } 2>/dev/null
starts "the next, at once" "${zcrx[@]}" --count 1
send two
ends "it ends" 0
ok "all is there" is 1 two
settings >after
ok "the interface is what it was before both" cmp before after
ok "no region is left" says "no region" unifiedctl region list

starts "somebody has the queue" "${zcrx[@]}"
refused "a second one" "" unifiedctl ingest run --listen 10.9.0.1:9001 --dev testnic0 --queues 3 --target "/dev/$(drive 2)"
refused "or the port" "cannot listen there: Address already in use" unifiedctl ingest run --listen 10.9.0.1:9000 --recv --target "/dev/$(drive 2)"
stop

starts "a queue that the set-up makes" --listen 10.9.0.1:9000 --dev testnic0 --queues 5 --target "$disk" --count 1
send two
ends "it ends" 0
ok "all is there" is 1 two
settings >after
ok "and the queue has gone again" cmp before after

refused "no such interface" "no interface 'eth99'" unifiedctl ingest run --listen :9000 --dev eth99 --queues 0 --target "$disk"
refused "no such queue" "no queue 99" unifiedctl ingest run --listen :9000 --dev testnic0 --queues 99 --target "$disk"
refused "one that cannot" "use ingest run --recv" unifiedctl ingest run --listen :9000 --dev lo --queues 0 --target "$disk"
refused "no such target" "/dev/nothing" unifiedctl ingest run --listen :9000 --recv --target /dev/nothing
refused "blocks of two sizes" "blocks of one size" unifiedctl ingest run --listen :9000 --recv --target "$disk" --target "/dev/$(drive 1)"
refused "a start behind the end" "ends before --start" unifiedctl ingest run --listen :9000 --recv --target "$disk" --start 1G
refused "an address of others" "does not have the address" unifiedctl ingest run --listen 192.0.2.1:9000 --recv --target "$disk"
refused "no whole blocks" "whole blocks" unifiedctl ingest run --listen :9000 --recv --start 100 --target "$disk"
refused "no such CPU" "CPU" unifiedctl ingest run --listen :9000 --recv --target "$disk" --cpu 63
refused "not root" "" setpriv --reuid 65534 --clear-groups unifiedctl ingest run --listen :9000 --recv --target "$disk"
settings >after
ok "nothing of it has changed the interface" cmp before after

# Of a process that may not accept connections there is a report, with the reason in it.
strace -qq -o calls -e trace=accept4 -e inject=accept4:error=EPERM \
	unifiedctl -j ingest run --listen 127.0.0.1:9000 --recv --target "$disk" >report 2>said &
listening 9000
socat -u OPEN:/dev/null TCP:127.0.0.1:9000 2>/dev/null
wait $!
ok "an error in the middle is a failure" test $? -eq 1
ok "and in the one document there is" jq -se 'length == 1 and (.[0].error | test("cannot accept")) and (.[0] | has("streams_index"))' report
finish
