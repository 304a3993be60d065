#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
# Timeout: 180
#
# unifiedctl io: what it writes is on the device, what is on the device it reads,
# through each door, driven by NVMe commands and by the block layer.
. selftest.sh

json() { "${@:2}" 2>&1 | jq -e "$1"; }

# same DEVICE OFFSET BYTES FILE: does the device, behind everything's back, have that?
same() { cmp <(dd if="$1" bs=64K skip="$2" count="$3" iflag=direct,skip_bytes,count_bytes 2>/dev/null) "$4"; }

head -c 1M /dev/urandom >data
head -c 1M /dev/zero >zeroes
(head -c 512K zeroes; tail -c 512K data) >half
head -c 1000000 data >odd

# Each door with each kind, and each of them on each drive.
while read -r nr door kind; do
	disk=/dev/$(drive "$nr")
	block=$(blockdev --getss "$disk")
	at=$((3 * block))
	how="$door, $kind, $block"
	ok "$how: write" unifiedctl io write "$disk" --file data --lba 3 --door "$door" "--$kind" --chunk 64K --qd 3
	ok "it is there" same "$disk" $at 1M data
	ok "read" unifiedctl io read "$disk" --file back --lba 3 --bytes 1M --door "$door" "--$kind"
	ok "the same" cmp data back
	ok "zeroes" unifiedctl io zeroes "$disk" --lba 3 --bytes 512K --door "$door" "--$kind"
	ok "they are there, and nowhere else" same "$disk" $at 1M half
	ok "flush" json ".operations == 1 and .door == \"$door\" and .devices[0].kind == \"$kind\"" \
		unifiedctl -j io flush "$disk" --door "$door" "--$kind"
	ok "discard" unifiedctl io discard "$disk" --count all --door "$door" "--$kind"
	[ "$kind" = nvme ] || continue
	unifiedctl io write "$disk" --file data >/dev/null
	ok "compare" says "1.0 MiB compared equal" unifiedctl io compare "$disk" --file data --door "$door"
	printf x | dd of="$disk" bs=1 seek=700000 conv=notrunc,fsync 2>/dev/null
	refused "it tells where they differ" "lba $((700000 / block)) is the first" unifiedctl io compare "$disk" --file data --door "$door"
done <<-END
	0 uring_cmd nvme
	0 ioctl block
	1 ioctl nvme
	1 uring_cmd block
END

disk=/dev/$(drive 0)
piped() { cat odd | unifiedctl io "$@"; }
padded() { cat odd; head -c 448 zeroes; }
ok "from a pipe, with padding" says "448 bytes of padding" piped write "$disk" --pad --qd 2
ok "which is zeroes" same "$disk" 0 1000448 <(padded)
ok "compared with a pipe, padded, too" piped compare "$disk" --pad
from_middle() { (dd bs=512 count=10 of=/dev/null 2>/dev/null; unifiedctl io write "$disk" --count 4) <data; }
ok "from the middle of a file" from_middle
ok "which is what the device has" same "$disk" 0 2048 <(tail -c +5121 data | head -c 2048)
ok "flush, in words" says flushed unifiedctl io flush "$disk"
ok "nothing" says "0 B written" unifiedctl io write "$disk" --file /dev/null
to_pipe() { unifiedctl io read "$disk" --lba 4 --count 100 2>/dev/null | cmp - <(padded | tail -c +2049 | head -c 51200); }
ok "to a pipe" to_pipe
ok "FUA" unifiedctl io write "$disk" --file data --fua
ok "the character device" unifiedctl io compare "/dev/ng${disk#/dev/nvme}" --file data
ok "a device with metadata, by the block layer" unifiedctl io write "/dev/$(drive 2)" --file data
ok "as it was said before" says "io compare $disk --file data --door ioctl --nvme" unifiedctl io compare "$disk" file data door ioctl nvme
ok "one operation for all" says "1 operation," unifiedctl io read "$disk" --bytes 1M --chunk 1M --file back
ok "many small ones" says "2048 operations" unifiedctl io read "$disk" --bytes 1M --chunk 512 --qd 256 --file back
ok "the same" cmp data back

ok "to two devices at once" unifiedctl io write "$disk" "/dev/$(drive 2)" --file data --lba 5
ok "the first has it" same "$disk" 2560 1M data
ok "and so has the second" same "/dev/$(drive 2)" 2560 1M data
ok "to the second only" unifiedctl io zeroes "$disk" "/dev/$(drive 2)" --lba 5 --bytes 1M --targets 2
ok "the first has it still" same "$disk" 2560 1M data
ok "the second does not" same "/dev/$(drive 2)" 2560 1M zeroes

ok "JSON" json '.operation == "write" and .bytes == 1048576 and .operations == 8 and .door == "uring_cmd" and .interrupted == false and
	.devices[0].block_size == 512 and .ledger.bytes_written == 1048576 and .ledger.writes == 8 and .ledger.bytes_bounced == 0' \
	unifiedctl -j io write "$disk" --file data
ok "JSON of a read" json '.bytes == 512 and .ledger.bytes_read == 512 and .lba == 7' unifiedctl -j io read "$disk" --count 1 --lba 7 --file back
ok "JSON of a flush" json '.operation == "flush" and .operations == 1' unifiedctl -j io flush "$disk"
printf 'Hello' | dd of="$disk" bs=512 seek=9 conv=notrunc,sync,fsync 2>/dev/null
ok "a hexdump" says "00001200  48 65 6c 6c 6f 00 00 00  00 00 00 00 00 00 00 00  |Hello...........|" unifiedctl io read "$disk" --lba 9 --count 1 --hex
ok "on a terminal without being asked" says "|Hello" script -qec "unifiedctl io read $disk --lba 9 --count 1" /dev/null
ok "progress there" says "B/s" script -qec "unifiedctl io read /dev/$(drive 3) --bytes 3M --qd 1 --chunk 4K --file /dev/null" /dev/null
ok "removals are counted" count_removals
unifiedctl io flush "$disk" >/dev/null
ok "the device is free before the command has ended" test "$(removals)" -eq 1
count_removals no
finish
