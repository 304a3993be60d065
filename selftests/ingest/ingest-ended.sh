#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M
# Timeout: 400
#
# How a stream ended is told: by its sender, cut off, or by an error. A sender whose data
# is lost sees a reset, not the end of a connection on which all went well.
. selftest.sh
. ingest-lib.inc

bad=/sys/kernel/config/nullb/bad
trap 'rmdir $bad 2>/dev/null; modprobe -rq null_blk' EXIT
modprobe -rq null_blk
modprobe null_blk nr_devices=0 || skip_all "no null_blk in this kernel"
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
mkdir $bad
for setting in size=64 memory_backed=1 badblocks=+0-131071; do echo "${setting#*=}" >"$bad/${setting%%=*}"; done
echo 1 >$bad/power
bad_disk=/dev/bad
[ -e $bad_disk ] || bad_disk=/dev/nullb$(cat $bad/index)

random 300001 one two
ok "the NIC" nic
saw() { echo "it saw: $(<"$1")"; [ "$(<"$1")" = "$2" ]; }

for source in "--dev testnic0 --queues 3" --recv; do
	# shellcheck disable=SC2086 # several words
	starts "$source" --listen 10.9.0.1:9000 $source --target "$disk" --stats-json
	sees one >seen
	ok "who has sent all of it sees an end" saw seen closed
	sees two hold >seen &
	sender=$!
	ok "another one has not ended" waits_for '.bytes == 600002 and .closed == 1'
	stop
	wait $sender
	ok "Ctrl-C ends it well" test "$status" -eq 0
	ok "the first is complete" counted '.streams_index[0] | .ended == "peer" and .complete'
	ok "the second was cut off, which is no error" counted '.streams_index[1] | .ended == "drain" and .complete == false and has("error") == false'
	ok "what had come of it is there" is 2 two
	ok "and so its sender sees an end" saw seen closed

	# shellcheck disable=SC2086
	starts "a device that refuses all" --listen 10.9.0.1:9000 $source --target $bad_disk --force --on-error drop --count 1
	sees one >seen
	ends "is a failure" 1 "not all is stored"
	ok "of the stream, too" counted '.streams_index[0] | .ended == "error" and .lost == 300001 and .complete == false'
	ok "and its sender sees a reset, though it had closed its side" saw seen reset

	# shellcheck disable=SC2086
	starts "a device without room" --listen 10.9.0.1:9000 $source --target "$disk" --start $((134217728 - 4096))
	sees one hold >seen
	ends "ends everything" 1 "a target is full"
	ok "with an error" counted '.streams_index[0] | .ended == "error" and .lost > 0 and .complete == false'
	ok "which its sender sees" saw seen reset
done

form=''
starts "in words" --listen 10.9.0.1:9000 --recv --target "$disk"
sees one hold >seen &
for _ in {1..300}; do grep -q 'streams 1 .* copied 29[23]' report && break; sleep 0.1; done
stop
wait
ok "it is told" grep -E '^stream 1 from 10.9.0.2:[0-9]+: 300001 bytes at lba .*, cut off before its end$' report
finish
