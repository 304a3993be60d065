#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M
# Timeout: 240
#
# unifiedctl ingest may not have a thread for each queue: it says so, and ends with the
# interface as it was.
. selftest.sh
. ingest-lib.inc

group=/sys/fs/cgroup/ingest-threads
trap 'rmdir $group 2>/dev/null; echo -pids >/sys/fs/cgroup/cgroup.subtree_control' EXIT
echo +pids >/sys/fs/cgroup/cgroup.subtree_control || skip_all "no cgroups that count processes"
mkdir $group

ok "the NIC" nic
testnic_settings >before
# with N ...: as the only process of a group that is to have so many threads.
with() {
	echo "$1" >$group/pids.max
	# shellcheck disable=SC2016 # for that shell
	timeout 60 sh -c 'echo $$ >"$0"/cgroup.procs; exec "$@"' $group "${@:2}"
}
for n in 1 3; do
	refused "$n threads of 4" "cannot start a thread for each queue: Resource temporarily unavailable" \
		with $n unifiedctl ingest run --listen 10.9.0.1:9000 --dev testnic0 --queues 1-3 --target "$disk" --area 8M
	unchanged() { testnic_settings | diff before - && [ ! -e /run/unified-io/nic-testnic0 ]; }
	ok "the interface is what it was" unchanged
	ok "no region is left" says "no region" unifiedctl region list
done
finish
