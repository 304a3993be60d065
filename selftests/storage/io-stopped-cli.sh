#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
# Timeout: 120
#
# unifiedctl io that is interrupted, or whose device is pulled out, ends what is
# under way, tells how far it came, and leaves nothing behind.
. selftest.sh

json() { jq -e "$1" "$2"; }
slow=/dev/$(drive 3)
# No faster than 40 MB a second, so that none of it ends before it is stopped.
slowly=(--chunk 4K --qd 2)

# stopped SIGNAL WORD ...: an operation that gets that signal while it works.
stopped() {
	local sig=$1 pid
	shift
	# What is started in the background would ignore SIGINT.
	env --default-signal=INT unifiedctl io "$@" >out 2>err &
	pid=$!
	for _ in {1..300}; do grep -q 'SigCgt:.*6003$' /proc/$pid/status && break; sleep 0.1; done
	sleep 0.3
	kill "-$sig" $pid
	wait $pid
	status=$?
}

mkfifo pipe
exec 3<>pipe
for door in uring_cmd ioctl; do
	stopped INT read "$slow" --count all "${slowly[@]}" --file data --door $door
	ok "$door: Ctrl-C ends it with 130" test $status -eq 130
	ok "it says so" says interrupted cat err
	ok "what was read is in the file" test "$(stat -c %s data)" -gt 0
	stopped TERM -j read "$slow" --count all "${slowly[@]}" --file data --door $door
	ok "SIGTERM ends it with 143" test $status -eq 143
	ok "JSON tells how much was done" json ".interrupted and .bytes == $(stat -c %s data) and .ledger.bytes_read >= .bytes" out
	stopped INT write "/dev/$(drive 0)" --file pipe --door $door
	ok "one that waits for input ends, too" test $status -eq 130
done
stopped INT read "$slow" --count all "${slowly[@]}" --file pipe
ok "and one that waits for its reader" test $status -eq 130
exec 3>&-
few() { unifiedctl io read "$slow" --count all "${slowly[@]}" 2>/dev/null | head -c 100000 | wc -c; }
ok "one whose reader has enough just ends" says 100000 few

pulled() {
	local disk
	disk=$(drive 3)
	(sleep 1; echo 1 >"$(readlink -f "/sys/block/$disk/device/device")/remove") &
	unifiedctl "$@" "/dev/$disk" --count all "${slowly[@]}" --file /dev/null 2>err >out
	status=$?
	wait
	echo 1 >/sys/bus/pci/rescan
	for _ in {1..50}; do [ -e "/dev/$(drive 3)" ] && break; sleep 0.1; done
}
pulled io read --door uring_cmd --nvme
ok "a device that is pulled out is a failure" test $status -eq 1
ok "which is told" says "the device was removed" cat err
pulled -j io read --door ioctl --block
ok "through the other door, with JSON, too" json '(.error | test("was removed")) and .errno and .bytes > 0' out
ok "when it is back it works again" unifiedctl io read "/dev/$(drive 3)" --count 1 --file /dev/null
ok "no region is left" says "no region" unifiedctl region list
finish
