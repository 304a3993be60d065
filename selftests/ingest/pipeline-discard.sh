#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A pipeline that is nothing but itself: pipeline/discard.bpf.c and discard.c, on what
# bpf/loop/ and loader/pipeline/ have. It receives without a copy, more than there are
# buffers for, gives all of them back, and stores nothing.
. selftest.sh

# discards SENDER OPTION ...: three streams, 40 MB in all; the area has 32 MiB.
discards() {
	local sender=$1 file pid senders=()
	shift
	/unified/selftests/pipeline/discard 3 "$@" >report &
	pid=$!
	listening 9000 || { kill $pid; return 1; }
	for file in large small nothing; do
		$sender $file &
		senders+=($!)
	done
	wait "${senders[@]}"
	wait $pid || return
	jq -c . report
	jq -e '.discarded == 40000100 and .bytes == .discarded and .buffers_held == 0 and .closed == 3 and .failed == 0' report
}
here() { timeout 100 socat -u "OPEN:$1" TCP:127.0.0.1:9000; }
there() { peer timeout 100 socat -u "OPEN:$1" TCP:10.9.0.1:9000; }

head -c 40000000 /dev/zero >large
head -c 100 /dev/zero >small
: >nothing
ip link set lo up
ok "recv" discards here
ok "the NIC" testnic_up
ok "zero-copy receive" discards there testnic0 3
ok "no byte was copied" jq -e '.bytes_dma == .bytes and .bytes_unseen == 0' report
finish
