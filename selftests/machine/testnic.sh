#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme none
# Timeout: 600
#
# The test NIC is a NIC: traffic, queues, RSS, n-tuple rules, header split,
# packing, rings, offloads; loss, reorder and flaps; and it refuses what is wrong.
. selftest.sh

# transfer [-p SOURCE_PORT] ADDRESS PORT: what the peer sends arrives as it was.
transfer() {
	local options=()
	[ "$1" != -p ] || { options=(-p "$2"); shift 2; }
	timeout 100 nc -l "$1" "$2" >got &
	listening "$2" && peer timeout 100 nc -N "${options[@]}" "$1" "$2" <data && wait $! && cmp data got
}

# steered QUEUE COMMAND ...: does all of the traffic come by that queue?
steered() {
	local queue=$1 all one
	shift
	all=$(testnic packets)
	one=$(testnic packets "$queue")
	"$@" || return
	all=$(($(testnic packets) - all))
	one=$(($(testnic packets "$queue") - one))
	echo "$one of $all packets on queue $queue"
	# A neighbour solicitation may come by another one.
	[ "$one" -gt 20 ] && [ $((all - one)) -le 5 ]
}
not_steered() { ! steered "$@"; }

# more N COUNTER [QUEUE] -- COMMAND: does a counter grow by more than N?
more() {
	local least=$1 n
	shift
	n=$(grew "$@") || return
	echo "grew by $n"
	[ "$n" -gt "$least" ]
}
none() { ! more 0 "$@" && echo "none"; }

rule() { ethtool -N testnic0 flow-type "$@"; }
netem() { tc -n peer qdisc "${1:-replace}" dev testnic1 root netem "${@:2}"; }

head -c 512K /dev/urandom >data
ok "it loads, and one end goes to another namespace" testnic_up
ok "ping" ping -c 2 -W 5 10.9.0.2
ok "IPv6" ping -c 2 -W 5 fd09::2
ok "large pings" ping -c 1 -W 5 -s 20000 10.9.0.2
ok "the carrier is on" says 1 cat /sys/class/net/testnic0/carrier
ok "TCP over IPv4" transfer 10.9.0.1 9000
ok "TCP over IPv6" transfer fd09::1 9000
ok "what is counted has arrived" more 500000 bytes -- transfer 10.9.0.1 9000
ok "nothing is dropped" test "$(testnic drops)" -eq 0
ok "or missed" says '[0,0]' sh -c 'ip -s -j link show testnic0 | jq -c "[.[0].stats64.rx | .dropped, .over_errors]"'

# Queues.
ok "two queues" ethtool -L testnic0 combined 2
ok "traffic with two" transfer 10.9.0.1 9000
ok "none on a third" test "$(ethtool -S testnic0 | grep -c rx2_)" -eq 0
ok "sixteen" ethtool -L testnic0 combined 16
ok "the table has them all" says " 15" ethtool -x testnic0
ok "traffic with sixteen" transfer fd09::1 9000
refused "seventeen" "exceeds maximum" ethtool -L testnic0 combined 17
refused "none" "no RX or TX channel" ethtool -L testnic0 combined 0
refused "seventeen, of two kinds" "Invalid argument" ethtool -L testnic0 combined 4 rx 13
ok "four, of which one sends" ethtool -L testnic0 combined 1 rx 3
ok "traffic with them" transfer fd09::1 9000
ok "four again" ethtool -L testnic0 combined 4 rx 0

# RSS.
ok "all to queue 0" ethtool -X testnic0 equal 1
ok "it comes by queue 0" steered 0 transfer 10.9.0.1 9000
ok "all to queue 2" ethtool -X testnic0 weight 0 0 1 0
ok "it comes by queue 2" steered 2 transfer fd09::1 9000
refused "a queue of the table's cannot go" "existing indirection table" ethtool -L testnic0 combined 2
refused "another hash" "not supported" ethtool -X testnic0 hfunc toeplitz
ok "the table as it was" ethtool -X testnic0 default
many() { local port; for port in 9001 9002 9003 9004 9005 9006; do transfer 10.9.0.1 $port || return; done; }
spread() { many && for i in 0 1 2 3; do testnic packets $i; done | awk '$1 > 20 { n++ } END { print n " queues"; exit n < 2 }'; }
ok "flows are spread" spread

# n-tuple rules, on top of a table that sends all to queue 0.
ethtool -X testnic0 equal 1
ok "a rule for a port" rule tcp4 dst-port 9000 action 3 loc 10
ok "steers" steered 3 transfer 10.9.0.1 9000
ok "not another port" steered 0 transfer 10.9.0.1 9001
ok "not IPv6" steered 0 transfer fd09::1 9000
ok "a rule for IPv6" rule tcp6 dst-port 9000 action 2 loc 11
ok "steers IPv6" steered 2 transfer fd09::1 9000
ok "one before it, for a source" rule tcp4 src-ip 10.9.0.2 src-port 4000 action 1 loc 5
ok "is the first that counts" steered 1 transfer -p 4000 10.9.0.1 9000
ok "another source port" steered 3 transfer -p 4001 10.9.0.1 9000
ok "all four fields, in its place" rule tcp4 src-ip 10.9.0.2 dst-ip 10.9.0.1 src-port 4002 dst-port 9002 action 2 loc 5
ok "steer" steered 2 transfer -p 4002 10.9.0.1 9002
ok "which it was" not_steered 1 transfer -p 4003 10.9.0.1 9000
ok "an IPv6 address" rule tcp6 dst-ip fd09::1 src-ip fd09::2 action 1 loc 0
ok "steers" steered 1 transfer fd09::1 9000
ok "one that is not ours" rule tcp6 dst-ip fd09::3 action 3 loc 0
ok "does not" steered 2 transfer fd09::1 9000
ok "four rules are listed" says "Total 4 rules" ethtool -n testnic0
ok "one of them" says "queue 3" ethtool -n testnic0 rule 10
refused "a queue of a rule's cannot go" "ntuple filter" ethtool -L testnic0 combined 3
refused "a queue that is not there" "Invalid argument" rule tcp4 dst-port 1 action 4
refused "no queue at all" "Invalid argument" rule tcp4 dst-port 1 action -1
refused "a place that is not there" "Invalid argument" rule tcp4 dst-port 1 action 0 loc 64
refused "UDP" "not supported" rule udp4 dst-port 1 action 0
refused "a rule for TOS" "not supported" rule tcp4 tos 1 action 0
refused "no such rule" "No such file" ethtool -N testnic0 delete 20
ok "with rules off" ethtool -K testnic0 ntuple off
ok "the table counts" steered 0 transfer 10.9.0.1 9000
ok "with rules on" ethtool -K testnic0 ntuple on
ok "they do again" steered 3 transfer 10.9.0.1 9000
ok "without the rule" ethtool -N testnic0 delete 10
ok "the table counts" steered 0 transfer 10.9.0.1 9000

# Header split.
ok "nothing is split before it is asked for" none split -- transfer 10.9.0.1 9000
ok "split on" ethtool -G testnic0 tcp-data-split on
ok "it is on" says "TCP data split:		on" ethtool -g testnic0
ok "headers are split" more 300 split -- transfer 10.9.0.1 9000
ok "payload is in pages" more 300 page_frags -- transfer fd09::1 9000
ok "not so what a sender has made the checksum of" peer ethtool -K testnic1 tx off
ok "it arrives unsplit" none split -- transfer 10.9.0.1 9000
ok "TSO" peer ethtool -K testnic1 tx on tso on
few() { local n; n=$(grew packets -- transfer 10.9.0.1 9000) && echo "$n packets" && [ "$n" -lt 200 ]; }
ok "gives few packets" few
peer ethtool -K testnic1 tso off

# Packing.
ok "a buffer for each payload" none shared_frags -- transfer 10.9.0.1 9000
refused "no such flag" "bit name not found" ethtool --set-priv-flags testnic0 pack on
ok "packing" ethtool --set-priv-flags testnic0 pack-payloads on
ok "it is on" says "pack-payloads: on" ethtool --show-priv-flags testnic0
ok "buffers are shared" more 100 shared_frags -- transfer 10.9.0.1 9000
ok "packing ends" ethtool --set-priv-flags testnic0 pack-payloads off
ok "at once" none shared_frags -- transfer fd09::1 9000

# Rings.
ok "a ring of 8" ethtool -G testnic0 rx 8
ok "traffic through it" transfer 10.9.0.1 9000
refused "one of 4097" "exceeds maximum" ethtool -G testnic0 rx 4097
refused "one of nothing" "one entry or more" ethtool -G testnic0 rx 0
ethtool -G testnic0 rx 512

# Frames of pktgen: without end, for all queues.
pktgen() { peer bash -c "echo ${*:2} >/proc/net/pktgen/$1"; }
flooded() {
	local status
	pktgen pgctrl start &
	"$@"
	status=$?
	pktgen pgctrl stop
	wait $!
	return $status
}
modprobe pktgen || skip_all "no pktgen in this kernel"
pktgen kpktgend_0 add_device testnic1
refused "the same frame is not sent twice" "not supported" pktgen testnic1 clone_skb 1
pktgen testnic1 dst 10.9.0.1
pktgen testnic1 dst_mac "$(cat /sys/class/net/testnic0/address)"
pktgen testnic1 udp_src_max 1000
pktgen testnic1 flag UDPSRC_RND
pktgen testnic1 count 0
fewer() { for _ in {1..5}; do ethtool -L testnic0 combined 12 && sleep 0.2 && ethtool -L testnic0 combined 2 || return; done; }
# With RPS, the kernel looks at the number of a packet's queue.
echo 3 >/sys/class/net/testnic0/queues/rx-0/rps_cpus
for rule in 0 5 11; do ethtool -N testnic0 delete $rule >/dev/null; done
ethtool -X testnic0 default
ok "queues go in a flood" flooded fewer
echo 0 >/sys/class/net/testnic0/queues/rx-0/rps_cpus
ethtool -L testnic0 combined 4
rmmod pktgen

# A bad wire.
modprobe sch_netem || skip_all "no netem in this kernel"
retransmits() { peer nstat -asz TcpRetransSegs | awk '/Retrans/ { print $2 }'; }
lossy() { local n; n=$(retransmits); "$@" && n=$(($(retransmits) - n)) && echo "$n again" && [ $n -gt 0 ]; }
# TCP has segments made late, and netem would drop dozens of packets as one, or none.
ip -n peer link set testnic1 gso_max_segs 1
ok "netem: loss" netem add loss 5%
ok "what is lost is sent again" lossy transfer 10.9.0.1 9000
ok "netem: reorder" netem replace delay 2ms reorder 70%
ok "reordered" transfer fd09::1 9000
ok "netem: corruption" netem replace corrupt 20%
ok "the stack finds it" lossy transfer 10.9.0.1 9000
netem del
ip -n peer link set testnic1 gso_max_segs 65535

# Threaded NAPI.
ok "threaded" sh -c 'echo 1 >/sys/class/net/testnic0/threaded'
threads() { grep -l '^napi/testnic0' /proc/[0-9]*/comm; }
ok "a thread for each queue" test "$(threads | wc -l)" -eq 4
ok "traffic" transfer 10.9.0.1 9000
ok "more queues" ethtool -L testnic0 combined 6
ok "have threads" test "$(threads | wc -l)" -eq 6

# Changes under way.
restless() {
	local i
	transfer 10.9.0.1 9000 &
	for i in 1 2 3; do "$@" || return; done
	wait $!
}
flap() { ip link set testnic0 down && sleep 0.2 && ip link set testnic0 up && sleep 0.3; }
flap_peer() { ip -n peer link set testnic1 down && sleep 0.2 && ip -n peer link set testnic1 up && sleep 0.3; }
resize() { ethtool -L testnic0 combined 1 && sleep 0.2 && ethtool -L testnic0 combined 8 && sleep 0.2; }
ok "it flaps while traffic runs" restless flap
ok "queues come and go while traffic runs" restless resize
ok "down, there is no carrier" says 0 sh -c 'ip -n peer link set testnic1 down; cat /sys/class/net/testnic0/carrier'
ip -n peer link set testnic1 up
ip -n peer addr add fd09::2/64 dev testnic1 nodad 2>/dev/null
ok "traffic" transfer 10.9.0.1 9000

# A lot, in jumbo frames. (Without intervals iperf3 does not notice that it has sent all.)
ip link set testnic0 mtu 9000 && ip -n peer link set testnic1 mtu 9000
ok "256 MiB" says '"bytes":	268' sh -c 'iperf3 -s -D -1 && sleep 1 && timeout 200 ip netns exec peer iperf3 -c 10.9.0.1 -n 256M -i 1 -J'

ok "a namespace that goes gives its end back" sh -c 'ip netns del peer; for i in $(seq 50); do [ -e /sys/class/net/testnic1 ] && exit; sleep 0.1; done; exit 1'
unload() {
	ip addr add 10.9.1.2/24 dev testnic1 && ip link set testnic1 up
	timeout 5 ping -qf -I testnic0 10.9.0.9 >/dev/null 2>&1 &
	sleep 0.3
	rmmod unified_testnic
}
ok "unloaded while it is up" unload
ok "it is gone" test ! -e /sys/class/net/testnic0
finish
