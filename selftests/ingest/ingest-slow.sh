#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M
# Timeout: 300
#
# unifiedctl ingest with a slow device beside a fast one: who waits for a place in the
# slow one's queue is not the loop, so what goes to the other is not held up, nor is
# Ctrl-C.
. selftest.sh
. ingest-lib.inc

slow=/sys/kernel/config/nullb/slow
trap 'unifiedctl policy unload by_port >/dev/null 2>&1; rmdir $slow 2>/dev/null; modprobe -rq null_blk' EXIT
modprobe -rq null_blk
modprobe null_blk nr_devices=0 || skip_all "no null_blk in this kernel"
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
# One command at a time, of a second each.
mkdir $slow
for setting in size=64 memory_backed=1 irqmode=2 completion_nsec=1000000000 hw_queue_depth=1 submit_queues=1; do
	echo "${setting#*=}" >"$slow/${setting%%=*}"
done
echo 1 >$slow/power
slow_disk=/dev/slow
[ -e $slow_disk ] || slow_disk=/dev/nullb$(cat $slow/index)

random 4M large
random 300001 odd
ok "the NIC" nic
mtu 4148
ok "a policy that goes by the sender's port" unifiedctl policy load /unified/selftests/progs/ingest_policy.bpf.o

for how in "" --block; do
	# shellcheck disable=SC2086 # or none
	starts "a slow device and a fast one${how:+, $how}" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --policy by_port \
		--target $slow_disk --target "$disk" $how --streams 2 --stats-json
	send large sourceport=5001,reuseaddr 2>/dev/null &
	sender=$!
	ok "the slow one has commands" waits_for '.under_way > 1'
	send odd sourceport=5002,reuseaddr
	ok "a stream to the fast one ends" waits_for '.closed == 1'
	ok "the slow one has hardly begun" waits_for '.closed == 1 and .under_way > 0 and .stored < 300001 + 3145728'
	stop
	wait $sender
	ok "Ctrl-C is taken, and all that came is stored" counted '.stored == .bytes'
done

# One that begins with full packets, and goes on with small ones: its credit was counted by
# the former. Seven others are there, so that its share is 48 buffers of 512.
smaller() { peer timeout 100 python3 - <<-'END'
	import socket, time
	others = [socket.create_connection(("10.9.0.1", 9000)) for i in range(7)]
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	s.bind(("", 5001))
	s.connect(("10.9.0.1", 9000))
	data = open("odd", "rb").read()
	s.sendall(data[:150000])
	time.sleep(3)
	s.settimeout(8)
	try:
	    for at in range(150000, 250000, 100):
	        s.sendall(data[at:at + 100])
	        time.sleep(0.002)
	except TimeoutError:
	    pass
	s.close()
	END
}
starts "packets that become smaller" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --policy by_port \
	--target $slow_disk --target "$disk" --streams 8 --area 2M --stats-json
smaller
stop
ok "a stream has twice its share at most, and what is on its way" test "$(jq -s 'map(.buffers_held) | max' printed)" -lt 200
ok "all that came is stored" counted '.stored == .bytes'
finish
