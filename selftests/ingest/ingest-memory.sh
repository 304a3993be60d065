#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M
# Timeout: 300
#
# unifiedctl ingest is killed while it sets up, as its memory cgroup has too little for it:
# the next one makes the interface what it was, by itself.
. selftest.sh
. ingest-lib.inc

group=/sys/fs/cgroup/ingest-memory
trap 'rmdir $group 2>/dev/null; echo -memory >/sys/fs/cgroup/cgroup.subtree_control' EXIT
echo +memory >/sys/fs/cgroup/cgroup.subtree_control || skip_all "no cgroups that count memory"
mkdir $group
echo 50M >$group/memory.max

zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk")
random 300001 one
ok "the NIC" nic
testnic_settings >before
state=/run/unified-io/nic-testnic0
unchanged() { testnic_settings | diff before - && [ ! -e $state ]; }

# shellcheck disable=SC2016 # for that shell
sh -c 'echo $$ >"$0"/cgroup.procs; exec unifiedctl ingest run "$@"' $group "${zcrx[@]}" >said 2>&1
status=$?
output="status $status: $(cat said)
$(cat $group/memory.events)"
[ $status -eq 137 ]
result $? "it is killed"
ok "for memory" grep -q '^oom_kill [1-9]' $group/memory.events
ok "while the interface is set up" test -e $state
# The kernel's report of that has a trace, which is no complaint.
dmesg | awk '/invoked oom-killer/ { oom = 1 } oom && /Call Trace:/ { oom = 0; next } { print }' >log
ok "the kernel says no more than that" /vm/splats log
dmesg -C

starts "the next one" "${zcrx[@]}" --count 1
send one
ends "works" 0
ok "with all that came" is 1 one
ok "and the interface is what it was before both" unchanged
finish
