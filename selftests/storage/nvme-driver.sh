#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M
#
# A namespace is driven by commands only if its driver is the one that the module was
# built for. That is asked at each attach: the driver can have been replaced meanwhile.
. selftest.sh

node() {
	for _ in {1..100}; do [ -n "$(drive 0)" ] && [ -b "/dev/$(drive 0)" ] && break; sleep 0.1; done
	echo "/dev/$(drive 0)"
}
unload() { rmmod nvme && rmmod nvme_core; }
add() { unifiedctl target add "$id" "$(node)" "$@"; }
hex() { od -An -v -tx1 "$1" | tr -d ' \n'; }
remove() { unifiedctl target remove "$id" 0; }

# FILE BUILD-ID: another last byte of the build ID, in FILE.
other_build() {
	id=$2 perl -0777 -pi -e 'my $id = pack("H*", $ENV{id}); my $other = substr($id, 0, 19) . ~substr($id, 19);
		s/\Q$id\E/$other/g == 1 or die "not once\n"' "$1"
}

host=/lib/modules/$(uname -r)/kernel/drivers/nvme/host
xz -dc "$host/nvme-core.ko.xz" >signed.ko
objcopy signed.ko other.ko # without the signature, which would be wrong
build_id=$(readelf -n other.ko | sed -n 's/^ *Build ID: //p')

unifiedctl -j region create --size 4M >created &
for _ in {1..300}; do [ -s created ] && break; sleep 0.1; done
id=$(jq .id created)

ok "the driver that the module was built for" says "driven as nvme" add --nvme
ok "remove" remove
ok "its build ID is told" says "$build_id" hex /sys/module/unified_io_region/notes/.note.unified.nvme-core
ok "unload the driver" unload
ok "and load it again" modprobe nvme
ok "it is known still" says "driven as nvme" add --nvme
ok "remove" remove
ok "unload the driver" unload
ok "another build of it" other_build other.ko "$build_id"
ok "is loaded" insmod other.ko
ok "with what it drives" modprobe nvme
refused "and is not driven by commands" "not the one that the module was built for" add --nvme
ok "as the doctor says" says "not the one that the module was built for" unifiedctl doctor
ok "but by the block layer" says "driven as block" add
ok "remove" remove
ok "unload the other driver" unload
ok "and load the right one" modprobe nvme
ok "it is known again" says "driven as nvme" add --nvme

kill %1
wait
finish
