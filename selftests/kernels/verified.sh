#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Inside the VM: load every BPF program that comes with unifiedctl, and tell how many
# instructions the verifier went through for each: "verified OBJECT/PROGRAM N".
set -u
. /vm/selftest.sh

count() { /unified/selftests/kernels/verified "$1" | sed 's/^/verified /'; }

insmod /unified/unified_io_region.ko || exit
for object in /unified/policies/*.bpf.o; do
	name=$(basename "$object" .bpf.o)
	unifiedctl policy load "$name" >/dev/null || continue
	count "$name"
	unifiedctl policy unload "$name"
done

# ingest_step SOURCE OPTION ...: the loop's program is another one for each source.
loop() {
	local source=$1 pid
	shift
	unifiedctl ingest run --listen ":9000" --target "/dev/$(drive 0)" "$@" >/dev/null &
	pid=$!
	if listening 9000; then count "$source" | grep "/ingest_step "; fi
	kill -TERM $pid
	wait $pid
}
loop recv --recv
testnic_up && loop zcrx --dev testnic0 --queues 3
