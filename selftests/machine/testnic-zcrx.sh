#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme none
# Timeout: 400
#
# The kernel's own test of zero-copy receive passes on the test NIC; and where
# something is copied, it can be told: by the NIC's counters, and by a probe on
# the function that copies.
. selftest.sh

zcrx=/unified/selftests/iou-zcrx
[ -x $zcrx ] || skip_all "built without the kernel's source"
tracing=/sys/kernel/tracing
echo 'p:copied io_zcrx_copy_chunk' >$tracing/kprobe_events || skip_all "no kprobes in this kernel"
echo 1 >$tracing/events/kprobes/copied/enable
copies() { awk '$1 == "copied" { print $2 }' $tracing/kprobe_profile; }

# receive [-o N] [-x PAGES] [-z BYTES] -- CLIENT OPTIONS: one connection, whose
# bytes the server compares with what they should be.
receive() {
	local options=() client
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	timeout 60 $zcrx -s -p 8000 -i testnic0 -q 3 "${options[@]}" &
	listening 8000
	peer timeout 60 $zcrx -c -p 8000 "$@"
	client=$?
	wait $! && [ $client -eq 0 ]
}

# counted EXPRESSION COMMAND ...: does it hold for what these have counted during the command?
# "iov", "page" and "shared" are fragments, "split" and "unsplit" are frames, "copied" pieces.
counted() {
	local expression=$1 name
	local -A of=([iov]=iov_frags [page]=page_frags [shared]=shared_frags [split]=split [unsplit]=unsplit)
	local -i iov page shared split unsplit copied
	shift
	for name in "${!of[@]}"; do printf -v "$name" %s "$(testnic "${of[$name]}")"; done
	copied=$(copies)
	"$@" || return
	for name in "${!of[@]}"; do printf -v "$name" %s $(($(testnic "${of[$name]}") - $name)); done
	copied=$(($(copies) - copied))
	echo "iov=$iov page=$page shared=$shared split=$split unsplit=$unsplit copied=$copied"
	((expression))
}
zero_copy='iov > 0 && page == 0 && copied == 0'
# The server gives up after 5 seconds, which is not much on a busy machine.
v6=(-h fd09::1 -l 12840 -z 512000)

ok "the NIC" testnic_up
ip link set testnic0 mtu 9000 && ip -n peer link set testnic1 mtu 9000
ping -c 1 -W 5 fd09::2 >/dev/null
echo 64 >/proc/sys/vm/nr_hugepages

refused "a queue of a NIC that does not split headers" "-22" $zcrx -s -d -p 8000 -i testnic0 -q 3
ok "header split" ethtool -G testnic0 tcp-data-split on
refused "a queue that is not there" "-34" $zcrx -s -d -p 8000 -i testnic0 -q 4
ok "RSS keeps off the queue" ethtool -X testnic0 equal 3
ok "a rule" ethtool -N testnic0 flow-type tcp6 dst-port 8000 action 3 loc 6
ok "and one for IPv4" ethtool -N testnic0 flow-type tcp4 dst-port 8000 action 3 loc 4

ok "zero copy" counted "$zero_copy" receive -- "${v6[@]}"
ok "IPv4" counted "$zero_copy" receive -- -h 10.9.0.1 -l 12840 -z 512000
ok "single receives" counted "$zero_copy" receive -o 4 -- -h fd09::1 -l 4096 -z 16384
ok "many small payloads" counted "$zero_copy" receive -- -h fd09::1 -l 100 -z 40000

# A frame of 9000 bytes takes three buffers of a page, or one larger one.
ok "three pages for a jumbo frame" counted "$zero_copy && iov > 2 * split" receive -- "${v6[@]}"
ok "two of 8 KiB" counted "$zero_copy && iov > split && iov <= 2 * split" receive -x 2 -- "${v6[@]}"
ok "one of 64 KiB" counted "$zero_copy && iov == split" receive -x 16 -- "${v6[@]}"
refused "128 KiB" "Large chunks are not supported -34" $zcrx -s -d -p 8000 -i testnic0 -q 3 -x 32

ok "packing" ethtool --set-priv-flags testnic0 pack-payloads on
ok "payloads share pages" counted "$zero_copy && shared > split / 2" receive -- "${v6[@]}"
ok "and larger buffers" counted "$zero_copy && shared > split / 2" receive -x 16 -- "${v6[@]}"
ok "small ones share them all" counted "$zero_copy && iov - shared < 20" receive -- -h fd09::1 -l 100 -z 40000
ethtool --set-priv-flags testnic0 pack-payloads off
peer ethtool -K testnic1 tso on
ok "a frame of TSO" counted "$zero_copy" receive -- "${v6[@]}"
ok "in large buffers" counted "$zero_copy" receive -x 16 -- "${v6[@]}"
peer ethtool -K testnic1 tso off

# The same program, the same bytes: but copied, and seen to be.
ethtool -N testnic0 delete 6
ok "without the rule fragments are copied" counted "iov == 0 && page > 0 && copied > 0" receive -- "${v6[@]}"
ethtool -N testnic0 flow-type tcp6 dst-port 8000 action 3 loc 6
peer ethtool -K testnic1 tx off
ok "unsplit frames are copied" counted "iov == 0 && unsplit > 0 && copied > 0" receive -- "${v6[@]}"
peer ethtool -K testnic1 tx on
ok "and back in zero copy" counted "$zero_copy" receive -- "${v6[@]}"

# What the queue's provider forbids. The server waits for a connection that never comes.
bound() {
	$zcrx -s -p 8000 -i testnic0 -q 3 >server.log 2>&1 &
	server=$!
	listening 8000
}
unbound() { kill $server; wait $server; for _ in {1..50}; do $zcrx -s -d -p 8000 -i testnic0 -q 3 2>/dev/null && return; sleep 0.1; done; return 1; } 2>/dev/null
bound
refused "a second provider" "-17" $zcrx -s -d -p 8001 -i testnic0 -q 3
refused "split off" "memory provider" ethtool -G testnic0 tcp-data-split off
ethtool -N testnic0 delete 4; ethtool -N testnic0 delete 6
ethtool -X testnic0 equal 1
refused "the queue gone" "memory provider" ethtool -L testnic0 combined 3
ethtool -X testnic0 equal 3
ethtool -N testnic0 flow-type tcp6 dst-port 8000 action 3 loc 6
ok "down and up" sh -c 'ip link set testnic0 down && ip link set testnic0 up && ip addr add fd09::1/64 dev testnic0 nodad'
unbound

# Restarts of the queue, while pings come by it and a plain socket's data by another.
# (Data that comes by the provider's own queue is nothing a plain socket can read.)
ok "threaded NAPI" sh -c 'echo 1 >/sys/class/net/testnic0/threaded'
threads() { grep -l '^napi/testnic0-' /proc/[0-9]*/comm | tr '\n' ' '; }
ethtool -N testnic0 flow-type tcp4 dst-port 9000 action 0 loc 3
ethtool -X testnic0 weight 0 0 0 1
head -c 4M /dev/urandom >data
restarts() {
	timeout 100 nc -l 10.9.0.1 9000 >got &
	local receiver=$! sender pings
	listening 9000
	peer timeout 100 nc -N 10.9.0.1 9000 <data &
	sender=$!
	peer ping -q -c 200 -i 0.02 -W 1 -s 5000 10.9.0.1 >pings &
	pings=$!
	for _ in 1 2 3 4 5; do $zcrx -s -d -p 8000 -i testnic0 -q 3; sleep 0.2; done
	wait $sender $receiver
	wait $pings
	cat pings
	cmp data got
}
before=$(threads)
ok "traffic outlives restarts of a queue" counted 'unsplit > 10' restarts
ok "pings were answered between them" says " received" grep -E '[1-9][0-9]* received' pings
ok "the threads of NAPI are the same" test "$(threads)" = "$before"
ethtool -X testnic0 equal 3
ok "and zero copy works" counted "$zero_copy" receive -- "${v6[@]}"

bound
ok "unloaded while bound" rmmod unified_testnic
kill $server; wait $server 2>/dev/null
echo 0 >$tracing/events/kprobes/copied/enable
echo >$tracing/kprobe_events
echo 0 >/proc/sys/vm/nr_hugepages
finish
