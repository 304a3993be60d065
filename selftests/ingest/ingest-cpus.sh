#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M
# Timeout: 400
#
# A loop of unifiedctl ingest and the thread that polls its queue have a CPU. When that
# goes offline they run elsewhere, which is told, and are back on it when it is.
. selftest.sh
. ingest-lib.inc

cpu=/sys/devices/system/cpu/cpu1/online
[ -w $cpu ] || skip_all "CPU 1 cannot go offline here"
cpus_of() { awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$1/status"; }
# How many threads are on CPU 1 alone: of the process, but for io_uring's own, and what
# polls the queue.
on_it() {
	local task n=0
	for task in /proc/$pid/task/* "/proc/$(unifiedctl -j nic show testnic0 | jq '.[0].queues[3].thread')"; do
		grep -q ^iou- "$task/comm" || [ "$(cpus_of "${task#/proc/}")" != 1 ] || n=$((n + 1))
	done
	echo "$n on CPU 1"
	[ $n -eq "$1" ]
}

random 300001 first second third
ok "the NIC" nic
starts "a queue on CPU 1" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk" \
	--cpu 1 --poll-threads --count 3 --stats-json
send first
ok "two threads are there" on_it 2
echo 0 >$cpu
ok "the CPU goes offline: that is seen" waits_for '.displaced == 1'
ok "and told" grep -q "loop 0 runs on other CPUs, as CPU 1 is offline" said
ok "once" test "$(wc -l <said)" -eq 1
send second
ok "what comes is received" waits_for '.bytes == 600002'
echo 1 >$cpu
ok "it is back: so is the loop" waits_for '.displaced == 0'
ok "which is told" grep -q "loop 0 runs on CPU 1 again" said
ok "and so are both threads" on_it 2
send third
ends "it ends" 0
ok "all is stored" are first second third

starts "what somebody else wants" --listen 10.9.0.1:9000 --recv --target "$disk" --cpu 1 --count 1 --stats-json
for task in /proc/$pid/task/*; do
	grep -q ^iou- "$task/comm" || [ "$(cpus_of "${task#/proc/}")" != 1 ] || taskset -p 1 "${task##*/}" >/dev/null
done
waits_for '.us > 2000000' >/dev/null
waits_for ".us > $(tail -n 1 report | jq '.us + 2000000')" >/dev/null
ok "is left to him" on_it 0
ok "and is no news" test ! -s said
send first
ends "it ends" 0
finish
