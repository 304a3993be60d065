#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
#
# unifiedctl io attaches policies, which decide where its operations go, how fast,
# and what becomes of the data.
. selftest.sh

json() { "${@:2}" 2>&1 | jq -e "$1"; }
load() { unifiedctl policy load "$1"; }

first=/dev/$(drive 0) second=/dev/$(drive 2)
head -c 1M /dev/urandom >data
on_device() { dd if="$1" bs=128K count=4 iflag=direct 2>/dev/null; }
stripes() { local n; for n in "$@"; do dd if=data bs=128K skip="$n" count=1 2>/dev/null; done; }

ok "a policy that spreads data" load /unified/policies/shard.bpf.o
ok "over two devices" unifiedctl io write "$first" "$second" --file data --policy shard --block
ok "even stripes on the first" cmp <(stripes 0 2 4 6) <(on_device "$first")
ok "odd ones on the second" cmp <(stripes 1 3 5 7) <(on_device "$second")
ok "and reads them" unifiedctl io read "$first" "$second" --bytes 1M --file back --policy shard
ok "in order" cmp data back
ok "more blocks than one device has" says "96.0 MiB written" unifiedctl io write "$first" "$second" --bytes 96M --file /dev/zero --policy shard
refused "but not more than both" "out of range" unifiedctl io read "$first" "$second" --count 1 --lba 262144 --policy shard

ok "one that changes data" load transform
ok "does when its hook is asked" unifiedctl io write "$first" --file data --policy transform --process
ok "so that the device has other data" test "$(cmp data <(on_device "$first") | wc -l)" -eq 1
ok "and back" unifiedctl io read "$first" --bytes 1M --file back --policy transform --process --door ioctl
ok "as it was" cmp data back

ok "one that refuses" load filter
refused "is named as the reason" "or a policy said so" unifiedctl io write "$first" --file data --policy filter --process
ok "one that is slow" load /unified/policies/ratelimit.bpf.o
ok "is waited for" json '.ledger.bytes_written == 50331648' unifiedctl -j io write "$first" --file /dev/zero --bytes 48M --policy ratelimit --qd 32
refused "one policy twice" "named twice" unifiedctl io flush "$first" --policy filter --policy filter
for p in shard transform filter ratelimit; do unifiedctl policy unload $p; done
refused "one that is gone" "no policy 'shard'" unifiedctl io flush "$first" --policy shard
finish
