#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
#
# unifiedctl stat: totals of one region and of all, and rates while work is done.
. selftest.sh

json() { "${@:2}" 2>&1 | jq -e "$1"; }
# What is said until it is interrupted.
watch() { timeout --preserve-status -s INT 2 unifiedctl "$@"; }

ok "no region" says "there is no region" unifiedctl stat
ok "no region, JSON" json '. == []' unifiedctl -j stat
refused "no such region" "no region 77" unifiedctl stat show 77
refused "none to monitor" "no region 77" unifiedctl stat monitor 77

slow=/dev/$(drive 3)
unifiedctl io read "$slow" --count all --file /dev/null --qd 4 --chunk 4K 2>/dev/null &
pid=$!
for _ in {1..100}; do id=$(unifiedctl -j region list | jq '.[0].id // empty'); [ -n "$id" ] && break; done
ok "all" says "$pid" unifiedctl stat
ok "all, JSON" json ".[0].id == $id and .[0].pid == $pid and .[0].ledger.reads > 0" unifiedctl -j stat
ok "one" says "bytes_read" unifiedctl stat show "$id"
ok "one, JSON" json ".id == $id and .ledger.operations >= .ledger.reads and .ledger.bytes_written == 0" unifiedctl -j stat show "$id"
watch stat monitor "$id" --interval 0.5 >rows
ok "Ctrl-C ends it, which is no failure" test $? -eq 0
ok "it has a row for each interval" test "$(grep -c "^$id " rows)" -ge 3
ok "of rates" says "READ/s" cat rows
ok "of all" says "$pid" watch stat monitor
ok "as it was said before" says "stat monitor $id --interval 0.2" watch stat "$id" watch 0.2
rates() { watch -j stat monitor "$id" --interval 0.5 >lines; jq -se "$1" lines; }
ok "JSON of a sequence, an object for each interval" rates "length >= 3 and all(.id == $id and .microseconds > 400000 and .rates.reads > 0 and .rates.writes == 0)"
ok "whose rates are those of the totals" jq -se \
	'(.[1].ledger.reads - .[0].ledger.reads) * 1000000 / .[1].microseconds - .[1].rates.reads | fabs < 2' lines
unifiedctl stat monitor "$id" --interval 0.2 >lines &
watcher=$!
sleep 1
kill $pid
wait $watcher
ok "it ends with the region, which is no failure" test $? -eq 0
ok "and says so" says "region $id is gone" tail -n 1 lines
refused "no time" "seconds are meant" unifiedctl stat monitor --interval 0
refused "not root" "run as root" setpriv --reuid 65534 --clear-groups unifiedctl stat
chmod 666 /dev/unified_io_region
refused "nobody who can open the device" "run as root" setpriv --reuid 65534 --clear-groups unifiedctl stat monitor
ok "a reader that went away ends it" timeout 10 sh -c 'unifiedctl -j region create --size 4M >/dev/null & sleep 1; unifiedctl stat monitor --interval 0.1 | head -n 2; kill $!'
remove_module
refused "without the module" "modprobe" unifiedctl stat
finish
