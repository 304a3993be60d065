#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M --nvme 64M --nvme 8G,null=200000
# Timeout: 240
#
# A policy that several commands use is loaded once, and each has it for as long as
# it runs, whoever loaded it, whoever ends first, and whatever becomes of its pin.
. selftest.sh

ip link set lo up
first=/dev/$(drive 0) second=/dev/$(drive 1) third=/dev/$(drive 2) slow=/dev/$(drive 3)
declare -A pids
json() { "${@:2}" 2>&1 | jq -e "$1"; }

# ingest PORT POLICY DRIVE ...: in the background. What it prints is in "report-PORT".
ingest() {
	local port=$1 policy=$2
	shift 2
	unifiedctl -j ingest run --listen "127.0.0.1:$port" --recv --policy "$policy" "${@/#/--target=}" \
		>"report-$port" 2>&1 &
	pids[$port]=$!
}
runs() { listening "$1" || { cat "report-$1"; return 1; }; }
stop() { kill "${pids[$1]}"; wait "${pids[$1]}"; }
send() { timeout 50 socat -u "OPEN:$1" "TCP:127.0.0.1:$2"; }
# has NAME N: within a moment the policy is attached to so many regions.
has() {
	for _ in {1..100}; do
		unifiedctl -j policy show "$1" 2>&1 | jq -e ".regions | length == $2" && return
		sleep 0.1
	done
	unifiedctl policy show "$1"
	return 1
}
gone() {
	for _ in {1..100}; do
		! unifiedctl policy show "$1" || { sleep 0.1; continue; }
		return 0
	done
	return 1
}

head -c 100001 /dev/urandom >data
ingest 9000 mirror "$first" "$second"
ok "one loads a policy" runs 9000
refused "that is not for others to unload" "by process ${pids[9000]} (unifiedctl): end that first" unifiedctl policy load mirror
ingest 9001 mirror "$third" "$slow"
ok "another has the same" runs 9001
ok "both have it" has mirror 2
stop 9000
ok "the first ends" test $? -eq 0
ok "the second still has it" has mirror 1
send data 9001
stop 9001
ok "and is steered by it" json '.streams_index[0].targets | length == 2' cat report-9001
ok "it goes with the last" gone mirror

# Neither may fail because the other was faster, nor because the last two are just ending.
both() { runs 9000 && runs 9001 && has filter 2; }
for round in {1..3}; do
	ingest 9000 filter "$first"
	ingest 9001 filter "$second"
	ok "two at the same moment, round $round" both
	kill "${pids[9000]}" "${pids[9001]}"
	wait "${pids[9000]}" "${pids[9001]}"
done
for round in {1..3}; do
	ingest 9000 filter "$first"
	runs 9000 >/dev/null
	ingest 9001 filter "$second"
	sleep 0.$round
	stop 9000
	ok "one begins while the other ends, round $round" runs 9001
	ok "and has the policy" has filter 1
	stop 9001
done

io() { exec unifiedctl io read "$slow" --count all --file /dev/null --qd 4 --chunk 4K --policy "$1" 2>/dev/null; }
unifiedctl policy load count >/dev/null
io count &
pid=$!
ok "io has a policy" has count 1
rm /sys/fs/bpf/unified/count
sleep 1
ok "which stays without its pin" json '.pin == null and (.regions | length) == 1' unifiedctl -j policy show count
kill $pid
wait $pid
ok "until io ends" gone count

ok "nobody is told of where nobody is" json '.unloaded == "count" and .users == []' \
	sh -c "unifiedctl policy load count >/dev/null && unifiedctl -j policy unload count"
unifiedctl policy load count >/dev/null
io count &
pid=$!
has count 1 >/dev/null
ok "unload says from whom it takes a policy" says "in use by process $pid (unifiedctl)" unifiedctl policy unload count
ok "and does" gone count
ok "also its pin" test ! -e /sys/fs/bpf/unified/count
ok "who had it goes on" kill $pid
wait $pid
unifiedctl policy load count >/dev/null
io count &
pid=$!
has count 1 >/dev/null
ok "the same as JSON" json ".unloaded == \"count\" and .users == [{pid: $pid, name: \"unifiedctl\"}]" unifiedctl -j policy unload count
kill $pid
wait $pid
finish
