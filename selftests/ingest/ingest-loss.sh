#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 300
#
# unifiedctl ingest on a bad wire: packets are lost and come out of order, the
# link goes down and up, on either side, and the queue cannot be taken from it.
. selftest.sh
. ingest-lib.inc

modprobe sch_netem || skip_all "no netem in this kernel"
netem() { tc -n peer qdisc "${1:-replace}" dev testnic1 root netem "${@:2}"; }
retransmits() { peer nstat -asz TcpRetransSegs | awk '/Retrans/ { print $2 }'; }
lossy() { local n; n=$(retransmits); "$@" && settled && n=$(($(retransmits) - n)) && echo "$n again" && [ $n -gt 0 ]; }
# While it sends.
during() {
	local file=$1 sender
	shift
	(head -c 100000 $file; sleep 1; tail -c +100001 $file) | peer timeout 100 socat -u - "$to" &
	sender=$!
	sleep 0.5
	"$@" && wait $sender && settled
}
flap() { ip link set testnic0 down && sleep 0.2 && ip link set testnic0 up; }
flap_peer() { ip -n peer link set testnic1 down && sleep 0.2 && ip -n peer link set testnic1 up; }

random 600001 lost reordered corrupt flapped flapped2 restarted
ok "the NIC" nic
mtu 1500
starts "ingest" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk" --count 6
# A frame for each packet: what is lost is one of many.
ip -n peer link set testnic1 gso_max_segs 1
ok "loss" netem add loss 5%
ok "what is lost is sent again" lossy send lost
ok "reorder" netem replace delay 2ms reorder 70%
sent() { "$@" && settled; }
ok "reordered" sent send reordered
ok "corruption" netem replace corrupt 5%
ok "corrupt frames are sent again" lossy send corrupt
netem del
ip -n peer link set testnic1 gso_max_segs 65535
ok "the peer's link flaps" during flapped flap_peer
ok "ours does" during flapped2 flap
queue_gone() { ethtool -L testnic0 combined 3; }
refused "the queue cannot go" "" queue_gone
refused "nor can its header split" "memory provider" ethtool -G testnic0 tcp-data-split off
ring() { ethtool -G testnic0 rx 256 || echo "the kernel refuses"; }
ok "a ring of another size, or not, while data comes" during restarted ring
ends "it ends" 0
ethtool -G testnic0 rx 512
ok "all that was sent is on the drive" are lost reordered corrupt flapped flapped2 restarted
ok "no byte was copied that the NIC had split" counted ".bytes_copied.recv == 0 and $all_stored"
finish
