#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
#
# unifiedctl adds devices to a region of another process, lists and removes them.
. selftest.sh

json() { "${@:2}" 2>&1 | jq -e "$1"; }

unifiedctl -j region create --size 4M >created &
pid=$!
for _ in {1..300}; do [ -s created ] && break; sleep 0.1; done
id=$(jq .id created)
disk=$(drive 0) large=$(drive 1) meta=$(drive 2)

ok "none at first" says "region $id has no target" unifiedctl target list "$id"
ok "none, JSON" json '. == []' unifiedctl -j target list "$id"
ok "a disk is added" says "target 0: $disk, driven as nvme, blocks of 512, read-write, all" unifiedctl target add "$id" "/dev/$disk"
ok "one of other blocks, to read, by the block layer, with JSON" json \
	".index == 1 and .kind == \"block\" and .block_size == 4096 and .access == \"read\" and .region == $id" \
	unifiedctl -j target add "$id" "/dev/$large" --access read --block
ok "a range of one with metadata, to write" says "block, blocks of 512, write, 1 MiB from 4 KiB" \
	unifiedctl target add "$id" "/dev/$meta" --start 4K --access write --length 1M
ok "list" says "1 MiB from 4 KiB" unifiedctl target list "$id"
ok "list, JSON" json 'map(.index) == [0, 1, 2] and .[0].length == null and .[2].start == 4096 and all(.gone == false and .max_bytes > 0)' \
	unifiedctl -j target list "$id"
ok "nobody else can claim it" test "$(unifiedctl io flush "/dev/$disk" 2>&1 | grep -c "target 0 of region $id, of process $pid")" -eq 1
ok "remove" unifiedctl target remove "$id" 1
refused "once" "no target 1" unifiedctl target remove "$id" 1
ok "the others are there" json 'map(.index) == [0, 2]' unifiedctl -j target list "$id"
ok "it is free at once" unifiedctl io flush "/dev/$large"
ok "its index is used again, by a character device" json ".index == 1 and .name == \"$large\" and .kind == \"nvme\"" \
	unifiedctl -j target add "$id" "/dev/ng${large#nvme}" --nvme
ok "remove, JSON" json ".removed == 1 and .region == $id" unifiedctl -j target remove "$id" 1

echo 1 >"$(readlink -f "/sys/block/$disk/device/device")/remove"
ok "one that was pulled out is listed as gone" says "gone: the device was removed" unifiedctl target list "$id"
ok "gone, JSON" json '.[0].gone and (.[0] | has("max_bytes") | not)' unifiedctl -j target list "$id"
ok "and removed" unifiedctl target remove "$id" 0
echo 1 >/sys/bus/pci/rescan
for _ in {1..50}; do [ -e "/dev/$(drive 0)" ] && break; sleep 0.1; done
ok "it comes back" unifiedctl target add "$id" "/dev/$(drive 0)"
kill $pid
wait $pid
refused "they go with their region" "no region $id" unifiedctl target list "$id"
free() { for _ in {1..50}; do unifiedctl io flush "/dev/$(drive 0)" && return; sleep 0.1; done; return 1; }
ok "which frees the devices" free
finish
