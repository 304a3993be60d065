#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 400
#
# unifiedctl ingest on devices that are slow, refuse data, are full, or go away:
# a slow one makes senders wait and loses nothing; for the rest there is
# --on-error, and what was lost is told.
. selftest.sh
. ingest-lib.inc

modprobe -rq null_blk
modprobe null_blk nr_devices=0 || skip_all "no null_blk in this kernel"
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
# null NAME SETTING=VALUE ...: a device of memory, in $null.
null() {
	local name=$1 dir=/sys/kernel/config/nullb/$1 setting
	shift
	mkdir "$dir"
	for setting in size=64 memory_backed=1 "$@"; do echo "${setting#*=}" >"$dir/${setting%%=*}"; done
	echo 1 >"$dir/power"
	# Newer kernels name it as the directory is.
	null=/dev/$name
	[ -e "$null" ] || null=/dev/nullb$(cat "$dir/index")
}
bad() { echo "$2" >"/sys/kernel/config/nullb/$1/badblocks"; }
receive() { starts "$1" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 "${@:2}"; }

random 2M large
random 300001 odd
cat odd large >both
ok "the NIC" nic
mtu 4148

# A command every 200 ms or so, while a stream has twelve buffers for a packet each.
null slow irqmode=2 completion_nsec=200000000 hw_queue_depth=1 submit_queues=1
disk=$null
receive "a slow device" --target "$null" --area 2M --buffer 64K --streams 2 --count 2 --stats-json
send odd &
send odd &
ends "it ends" 0
ok "buffers were short of" counted '.waits > 0'
ok "nothing is lost" are odd odd
ok "or copied, but for the device" counted "$by_dma and $all_stored"

null broken
disk=$null
bad broken +1000-1007
receive "--on-error stop, which is the default" --target "$disk" --count 9
send large 2>/dev/null
ends "it ends at once" 1 "a target refused data"
ok "the error is in the report" counted '.error == "a target refused data: Input/output error"'
ok "which is one object" test "$(jq -s length printed)" -eq 1
ok "and says what is lost" counted '.lost > 0 and .stored + .lost == .bytes and (.streams_index[0] | .complete == false and .lost > 0)'

receive "drop" --target "$disk" --on-error drop --count 2
send large
settled
send odd
ends "it goes on to the end, and fails" 1 "not all is stored"
ok "one command is lost, or two" counted '.lost > 0 and .lost < 300000 and .stored + .lost == 2097152 + 300001 and .retries == 0'
ok "the stream says so" counted '.lost as $lost | .streams_index[0] | .lost == $lost and .error == "Input/output error"'
ok "the next one is whole" is 2 odd

receive "retry" --target "$disk" --on-error retry --count 9
send large 2>/dev/null
ends "it stops after some tries" 1 "a target refused data"
ok "which are counted" counted '.retries >= 16 and .lost > 0'

# The log of sectors that the device keeps goes with the errors.
bad broken -1000-1007
receive "mended" --target "$disk" --on-error retry --count 1
send large
ends "it works" 0
ok "all is there" is 1 large

random 1M exact
receive "a target with room for 1 MiB, and that" --target "$disk" --start 63M --count 1
mtu 1500
send exact
mtu 4148
ends "it fits" 0
ok "to the last byte" is 1 exact
receive "a target with room for 1 MiB" --target "$disk" --start 63M --count 9
send large 2>/dev/null
ends "it ends" 1 "a target is full"
first() { cmp -n "$1" <(stored 1) large; }
ok "what there was room for is stored" first 917504
ok "and what is lost is told" counted '.stored <= 1048576 and .stored + .lost == .bytes and .streams_index[0].complete == false'

# The drive is pulled out.
disk=/dev/$(drive 0)
mkfifo pipe
for how in stop drop; do
	receive "--on-error $how" --target "/dev/$(drive 0)" --on-error $how --count 2 --stats-json
	peer timeout 100 socat -u OPEN:pipe "$to" 2>/dev/null &
	sender=$!
	exec 3>pipe
	cat odd >&3
	waits_for '.bytes == 300001'
	echo 1 >"$(readlink -f "/sys/block/$(drive 0)/device/device")/remove"
	cat large >&3
	exec 3>&-
	wait $sender
	settled
	[ $how = stop ] || send odd
	ends "the drive is pulled out: it ends" 1
		ok "and says what is lost" counted '.lost > 0 and .stored + .lost == .bytes'
	echo 1 >/sys/bus/pci/rescan
	for _ in {1..100}; do [ -e "/dev/$(drive 0)" ] && break; sleep 0.1; done
done
ok "no region is left" says "no region" unifiedctl region list
for d in /sys/kernel/config/nullb/*/; do rmdir "$d"; done
modprobe -r null_blk
finish
