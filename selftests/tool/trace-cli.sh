#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
#
# unifiedctl trace: what happens in regions, with what policies say; its instance
# of tracing goes with it, however it ends.
. selftest.sh

instances=/sys/kernel/tracing/instances
disk=/dev/$(drive 0)

# Start a trace in the background, and wait until it listens.
start() {
	unifiedctl trace monitor "$@" >trace &
	pid=$!
	for _ in {1..100}; do grep -qs 1 $instances/unifiedctl-$pid/events/unified/enable && break; sleep 0.05; done
}
stop() {
	sleep 0.5
	kill "-$1" $pid
	wait $pid
}
events() { jq -se "$1" trace; }
none_left() { ! ls -d $instances/unifiedctl-* 2>/dev/null; }

unifiedctl policy load transform >/dev/null
start -j
unifiedctl io write "$disk" --file /dev/zero --count 8 --lba 3 --policy transform --process >/dev/null
unifiedctl io flush "$disk" >/dev/null
ok "its instance is there" test -d $instances/unifiedctl-$pid
stop TERM
ok "SIGTERM is no failure" test $? -eq 0
ok "and it is gone" none_left
ok "what was submitted" events 'any(.event == "submit" and .len == 4096 and .lba == 3 and .flags == 2)'
ok "what a policy said" events 'any(.event == "verdict" and .policy == "transform" and .hook == "process" and .verdict == 0)'
ok "what became of it" events 'any(.event == "complete" and .res == 0 and .len == 4096 and .tries == 1)'
ok "as many ends as beginnings" events '(map(select(.event == "submit")) | length) == 2 and (map(select(.event == "complete")) | length) == 2'
ok "who did it, when and where" events 'all(.comm and .pid > 0 and .cpu >= 0 and (.time | tonumber > 0) and .region > 0)'

start
unifiedctl io write "$disk" --file /dev/zero --count 2 --policy transform --process --fua >/dev/null
unifiedctl io zeroes "$disk" --count 8 >/dev/null
head -c 512 /dev/urandom | unifiedctl io compare "$disk" 2>/dev/null >&2
stop HUP
ok "a line for people" says "write, FUA, 1024 bytes at 0x0, lba 0, targets 0x1" cat trace
ok "a verdict" says "verdict  transform, process: continue" cat trace
ok "zeroes" says "zeroes, 4096 bytes" cat trace
ok "a failure in words" says "compare failure" cat trace
ok "nothing is left" none_left

unifiedctl -j region create --size 4M >created &
holder=$!
for _ in {1..300}; do [ -s created ] && break; sleep 0.1; done
id=$(jq .id created)
start -j "$id"
unifiedctl io flush "$disk" >/dev/null
other=$pid
start -j
unifiedctl io flush "$disk" >/dev/null
ok "two at once" test "$(ls -d $instances/unifiedctl-* | wc -l)" -eq 2
kill $holder
wait $other
ok "that of one region ends with it" test $? -eq 0
ok "the other goes on" test -d $instances/unifiedctl-$pid
kill -9 $pid
wait $pid 2>/dev/null
ok "kill -9 leaves its instance" test -d $instances/unifiedctl-$pid
start -j
ok "which the next one removes" test "$(ls -d $instances/unifiedctl-*)" = $instances/unifiedctl-$pid
stop TERM

unifiedctl -j region create --size 4M >created &
holder=$!
sleep 1
id=$(jq .id created)
start -j "$id"
unifiedctl io flush "$disk" >/dev/null
stop TERM
ok "of one region, nothing of others" test ! -s trace
kill $holder
refused "no such region" "no region 77" unifiedctl trace monitor 77
ok "which leaves nothing" none_left

umount /sys/kernel/tracing
start
ok "it mounts what it needs" test -d $instances/unifiedctl-$pid
stop TERM
refused "not root" "run as root" setpriv --reuid 65534 --clear-groups unifiedctl trace
chmod 666 /dev/unified_io_region
refused "nobody who can open the device" "run as root" setpriv --reuid 65534 --clear-groups unifiedctl trace
unifiedctl policy unload transform
wait $holder
remove_module
refused "without the module" "modprobe" unifiedctl trace
ok "nothing is left of it all" none_left
finish
