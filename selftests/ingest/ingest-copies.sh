#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 240
#
# What a NIC does not put into the region is copied by the kernel, and unifiedctl
# ingest tells: the head of a frame that was not split, and frames that came
# through a queue that is not ours. With --require-zero-copy it ends there.
. selftest.sh
. ingest-lib.inc

zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk")
random 300001 first unsplit last
random 3M much
# For what is sent from now on: what was sent before has arrived.
unsplit() { settled && peer ethtool -K testnic1 tx off; }
split() { settled && peer ethtool -K testnic1 tx on; }

ok "the NIC" nic
mtu 1500
starts "copies are counted" "${zcrx[@]}" --count 3
send first
unsplit
send unsplit
split
send last
ends "it ends" 0
ok "all that was sent is on the drive" are first unsplit last
ok "what was not split is counted as copied" counted '.bytes_copied == { head: 300001, recv: 0, small: 0, device: 0 }'
ok "the rest was not" counted ".bytes_dma == 600002 and $all_stored"

starts "and not taken with --require-zero-copy" "${zcrx[@]}" --require-zero-copy --count 3
send first
unsplit
send much 2>/dev/null
ends "that is a status of its own" 3 "did not put them into a buffer of the region"
split
ok "the first stream is there" is 1 first
ok "the second has ended early" counted '.streams_index[1].bytes < 3145728 and .bytes_copied.head > 0'

# A rule of somebody's, before ours: another queue gets the packets.
starts "another queue" "${zcrx[@]}" --count 1
ethtool -N testnic0 flow-type tcp4 src-port 5000 dst-port 9000 action 0 loc 0
send first sourceport=5000
ends "it ends" 0
ethtool -N testnic0 delete 0
ok "what came through it is there" is 1 first
ok "copied, as is told" counted '.astray == 1 and .bytes_dma == 0 and .bytes_copied.head == 300001'

# What is copied goes to buffers that the kernel has; it takes back those it got when it is told to.
starts "32 buffers" "${zcrx[@]}" --area 2M --buffer 64K --count 1 --flush 20
ethtool -N testnic0 flow-type tcp4 src-port 5001 dst-port 9000 action 0 loc 0
cat first unsplit last >all
send all sourceport=5001
ends "it ends" 0
ethtool -N testnic0 delete 0
ok "they were used again and again" is 1 all
ok "as they ran out" counted '.no_buffers > 2 and .bytes_copied.head == 900003'

# A NIC that has them all leaves none for copies: it is waited for some time, a hundred ticks.
starts "and the NIC's" "${zcrx[@]}" --area 2M --buffer 64K --count 2 --flush 20
send first
unsplit
send last 2>/dev/null
split
ends "the second stream fails" 4
ok "the first is there" is 1 first
ok "it is said why" counted '.streams_index[1] | .error == "Cannot allocate memory" and .complete == false'
finish
