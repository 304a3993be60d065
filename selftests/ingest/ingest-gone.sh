#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M
# Timeout: 300
#
# The interface of unifiedctl ingest is removed, or leaves for another network namespace:
# that ends it, with what had come stored.
. selftest.sh
. ingest-lib.inc

zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk" --stats-json)
random 300001 one
trap 'ip netns del away 2>/dev/null' EXIT
gone="testnic0 was removed, or moved to another network namespace"
leaves_nothing() { [ ! -e /run/unified-io/nic-testnic0 ] && says "no region" unifiedctl region list; }

ok "the NIC" nic
starts "one with streams" "${zcrx[@]}"
send one
ok "one has ended" waits_for '.closed == 1'
peer timeout 200 socat -u OPEN:/dev/zero "$to" 2>/dev/null &
sender=$!
ok "one has not" waits_for '.streams == 1 and .bytes > 1000000'
ok "the interface is removed, by its driver" rmmod unified_testnic
ends "it ends, and says why" 1 "$gone"
kill $sender
wait $sender
ok "what had come is stored" counted "$all_stored"
ok "the first is complete" is 1 one
ok "the second was cut off" counted '.streams_index[1] | .ended == "drain" and .complete == false'
ok "and nothing is left" leaves_nothing
testnic_down

ok "the NIC again" nic
starts "an idle one" "${zcrx[@]}"
ip netns add away
ok "the interface leaves" ip link set testnic0 netns away
ends "it ends, and says why" 1 "$gone"
ok "and leaves nothing" leaves_nothing
finish
