#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M --nvme 64M --nvme 8G,null=200000
# Timeout: 180
#
# A policy that keeps answering what is no verdict is ejected, and whoever works with
# it hears of that: ingest while it runs and in its report, io at its end, and stat.
. selftest.sh

ip link set lo up
disk=/dev/$(drive 0)
policy=/unified/selftests/progs/no_verdict.bpf.o
by_rx="policy 'no_verdict' was ejected: rx returned 77, which is no verdict of it"
by_process="policy 'no_verdict' was ejected: process returned 1, which is no verdict of it"
json() { "${@:2}" 2>&1 | jq -e "$1"; }
ejected() { json ".ejected == [{name: \"no_verdict\", reason: \"$1 of it\"}]" cat "$2"; }

# ingest [-j] OPTION ...: in the background
ingest() {
	local form=()
	[ "$1" != -j ] || { form=(-j); shift; }
	unifiedctl "${form[@]}" ingest run --listen 127.0.0.1:9000 --recv --target "$disk" "$@" >report 2>said &
	pid=$!
	listening 9000 || cat said
}
# Of more fragments than a policy may be wrong.
send() { timeout 50 socat -u -b 4096 OPEN:data TCP:127.0.0.1:9000; }
within() {
	for _ in {1..100}; do ! grep -qF -- "$1" "$2" || return 0; sleep 0.1; done
	cat "$2"
	return 1
}

head -c 4M /dev/urandom >data
ingest -j --policy $policy
send
ok "ingest says so while it runs" within "unifiedctl: $by_rx" said
sleep 2.5
ok "once" test "$(grep -c ejected said)" -eq 1
kill $pid
wait $pid
ok "that a policy is ejected is no failure" test $? -eq 0
ok "nor is it said again at the end" test "$(grep -c ejected said)" -eq 1
ok "the report has it" ejected "rx returned 77, which is no verdict" report
ok "all is stored" json '.stored == 4194304 and .dropped == 0 and .lost == 0' cat report
ingest --policy $policy --count 1
send
wait $pid
ok "for people" within "$by_rx" report
ingest -j --policy append --count 1
send
wait $pid
ok "a policy that is not ejected is not told of" json '.ejected == []' cat report

# io: with the last operation the errors are used up.
unifiedctl policy load $policy >/dev/null
unifiedctl policy load count >/dev/null
io() { unifiedctl "${@:2}" io write "$disk" --file data --bytes "$1" --chunk 4K --policy count --policy no_verdict --process >report 2>said; }
ok "io, with a policy that is not wrong often enough" io 28K -j
ok "does not say so" json '.ejected == []' cat report
ok "with one that is" io 4K -j
ok "has it in its JSON" ejected "process returned 1, which is no verdict" report
ok "and says so" within "unifiedctl: $by_process" said

# stat
ok "stat, without a region" says "$by_process" unifiedctl stat
unifiedctl -j region create --size 4M >created &
holder=$!
for _ in {1..300}; do [ -s created ] && break; sleep 0.1; done
id=$(jq .id created)
ok "of all" says "$by_process" unifiedctl stat
ok "of one" says "$by_process" unifiedctl stat show "$id"
unifiedctl -j stat | jq '.[0]' >report
ok "of all, JSON" ejected "process returned 1, which is no verdict" report
unifiedctl -j stat show "$id" >report
ok "of one, JSON" ejected "process returned 1, which is no verdict" report
ok "not of one that was unloaded" unifiedctl policy unload no_verdict
quiet() { ! unifiedctl stat | grep ejected && unifiedctl -j stat show "$id" | jq -e '.ejected == []'; }
ok "is it said" quiet
unifiedctl policy load $policy >/dev/null
unifiedctl stat monitor "$id" --interval 0.2 >rows &
watcher=$!
unifiedctl -j stat monitor "$id" --interval 0.2 >lines &
sleep 1
io 64K
ok "a watch says so" within "$by_process" rows
sleep 1
ok "once, when it happens" test "$(grep -c ejected rows)" -eq 1 -a "$(head -n 2 rows | grep -c ejected)" -eq 0
kill $holder
wait $watcher $!
ok "each object has it from then on" jq -se '(first | .ejected == []) and (last | .ejected[0].name == "no_verdict")' lines
unifiedctl stat monitor --interval 0.2 >rows &
watcher=$!
ok "one that begins afterwards begins with it" within "$by_process" rows
kill -TERM $watcher
wait $watcher
unifiedctl policy unload no_verdict
unifiedctl policy unload count
finish
