#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# unifiedctl creates a region, lists and shows it, and says what is wrong with
# one that cannot be; a region goes with its process however that ends.
# Timeout: 120
. selftest.sh

gone() {
	for _ in {1..300}; do
		unifiedctl region list | grep -q 'no region' && return
		sleep 0.1
	done
	unifiedctl region list
	return 1
}

json() { "${@:2}" 2>&1 | jq -e "$1"; }

# Start a region in the background; its id is in $id, its process in $pid.
start() {
	rm -f created
	unifiedctl -j region create "$@" >created &
	pid=$!
	for _ in {1..300}; do [ -s created ] && break; sleep 0.1; done
	id=$(jq .id created)
}

ok "none at first" says "no region" unifiedctl region list
start --size 32M --rings 1M --rx 8M --slot 2K --sq 64 --cq 128
ok "create says what it made" jq -e '.size == 33554432 and .rx_size == 8388608 and .slot_size == 2048' created
ok "list" says "32 MiB" unifiedctl region list
ok "list, JSON" json ".[0].id == $id and .[0].pid == $pid" unifiedctl -j region list
ok "show" says "receive area" unifiedctl region show "$id"
ok "show, JSON" json '.offsets.rings == 4096 and .sealed == false' unifiedctl -j region show "$id"
ok "its buffers" says "buffers      0 of " unifiedctl region show "$id"
ok "its ledger, JSON" json '.slots > 0 and .slots_held == 0 and .slots_io == 0 and
	(.ledger | length == 19 and all(. == 0))' unifiedctl -j region show "$id"
refused "the module is in use" "in use" rmmod unified_io_region
kill $pid
wait $pid
ok "a signal ends it well" test $? -eq 0
ok "and it is gone" gone
start
kill -9 $pid
wait $pid 2>/dev/null
ok "kill -9, too" gone

ok "a command inherits it" says "1 " unifiedctl region create --size 4M -- sh -c 'test -e /proc/self/fd/$UNIFIED_IO_FD && unifiedctl region list | wc -l | sed s/2/1\ /'
ok "and its own options are left to it" says "-j" unifiedctl region create --size 4M -- echo -j
ok "it goes with the command" gone

# Two operations of 100 bytes for policies, and one of no type.
cat >work.py <<'END'
import fcntl, os, struct
for kind in 4, 4, 0:
	request = struct.pack("<QIH66x", 0, 100, kind)
	try: fcntl.ioctl(int(os.environ["UNIFIED_IO_FD"]), 0x4050b703, request)
	except OSError: pass
os.system("unifiedctl -j region list")
END
ok "the ledger has what was done" json '.[0].ledger | .operations == 3 and .refused == 1 and .bytes_processed == 200' unifiedctl region create --size 4M -- python3 work.py
ok "as it was said before" says "region create --size 4M --any-bpf -- true" unifiedctl region create size 4M bpf any -- true
ok "near a drive" says "64 MiB" unifiedctl region create --drive "/dev/$(drive 0)" -- unifiedctl region list
ok "near a NIC" says "region" timeout --preserve-status 1 unifiedctl region create --nic eth0

refused "a size that is none" "a number is meant" unifiedctl region create --size much
refused "a size that overflows" "a number is meant" unifiedctl region create --size 99999999999G
refused "a size of half pages" "multiples of 4096" unifiedctl region create --size 1000
refused "slots of 3" "powers of two" unifiedctl region create --slot 3
refused "more than there is" "no memory" unifiedctl region create --size 32G
refused "an unknown option" "no option '--sizes'" unifiedctl region create --sizes 1M
refused "a setting without a value" "takes a value" unifiedctl region create --size
refused "no such node" "no NUMA node 99" unifiedctl region create --node 99
refused "no such interface" "no interface 'eth99'" unifiedctl region create --nic eth99
refused "no such drive" "cannot open" unifiedctl region create --drive /dev/nvme99
refused "a drive that is none" "no block device" unifiedctl region create --drive /dev/null
refused "no such command" "cannot run" unifiedctl region create -- /nowhere
refused "no region of that id" "no region 77" unifiedctl region show 77
refused "an id that is none" "is no id" unifiedctl region show 0
ok "nothing is left" gone
remove_module
refused "without the module" "modprobe" unifiedctl region list
finish
