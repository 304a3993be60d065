#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
# Timeout: 240
#
# A device that has a filesystem, a partition table, or is a part of something is not
# overwritten: every verb that could refuses it, says what there is, and changes
# nothing; --force overwrites it. What has nothing of the kind is written without a word.
. selftest.sh

json() { "${@:2}" 2>&1 | jq -e "$1"; }
zeroes() { unifiedctl io zeroes "$@" --count 8; }
# What is there, behind every cache.
raw() { dd if="$disk" bs=1M iflag=direct status=none; }
unchanged() { raw | cmp before -; }
# And not what would be a signature with a part of another one.
clean() { wipefs -aq "$disk" && dd if=/dev/zero of="$disk" bs=512 count=1 status=none; }

# put BYTES AT: as printf has them.
put() { printf "$1" | dd of="$disk" bs=1 seek="$2" conv=notrunc status=none; }

# A table of no partitions, in both of its places, and one of DOS over it.
cat >gpt.py <<'END'
import struct, sys, zlib
with open(sys.argv[1], "r+b") as disk:
	last, entries = disk.seek(0, 2) // 512 - 1, bytes(128 * 128)
	def header(at, other, table, crc=0):
		return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, at, other, 34,
			last - 33, b"unified-io-disk!", table, 128, 128, zlib.crc32(entries))
	for at, other, table in (1, last, 2), (last, 1, last - 32):
		disk.seek(table * 512)
		disk.write(entries)
		disk.seek(at * 512)
		disk.write(header(at, other, table, zlib.crc32(header(at, other, table))))
	disk.seek(446)
	disk.write(struct.pack("<BxxxBxxxII48x2s", 0, 0xee, 1, last, b"\x55\xaa"))
END

ip link set lo up
disk=/dev/$(drive 0)
ng=/dev/ng${disk#/dev/nvme}
dd if=/dev/zero of="$disk" bs=1M count=64 oflag=direct status=none
head -c 1M /dev/urandom >data
unifiedctl -j region create --size 4M >created &
pid=$!
for _ in {1..300}; do [ -s created ] && break; sleep 0.1; done
id=$(jq .id created)

# all_refuse WORDS DEVICE: every verb that gives the right to write, or writes.
all_refuse() {
	local words=$1 verb
	while read -ra verb; do
		refused "${verb[0]} ${verb[1]} of $2" "$words" timeout 60 unifiedctl "${verb[@]}"
	done <<-END
		io write $2 --file data
		io zeroes $2 --count 8 --lba 1000
		io discard $2 --count all --block
		target add $id $2
		target add $id $2 --access write --start 32M
		region create --drive $2 -- true
		ingest run --listen 127.0.0.1:9000 --recv --count 1 --start 1M --target $2
	END
	ok "nothing was changed" unchanged
	ok "nor added" says "has no target" unifiedctl target list "$id"
}

mkfs.ext4 -qL data "$disk"
raw >before
all_refuse "'$disk' has an ext4 filesystem (label \"data\"): --force overwrites it" "$disk"
all_refuse "'$ng' has an ext4 filesystem (label \"data\"): --force overwrites it" "$ng"
ok "JSON" json '.errno == 17 and (.error | test("ext4 filesystem .label \"data\""))' unifiedctl -j io zeroes "$disk" --count 8
refused "one of several" "'$disk' has" zeroes "/dev/$(drive 2)" "$disk" --block
ok "it is read" unifiedctl io read "$disk" --file back --bytes 1M
ok "compared" unifiedctl io compare "$disk" --file back
ok "flushed" unifiedctl io flush "$disk"
ok "a target to read" unifiedctl target add "$id" "$disk" --access read
refused "in use, it is said by whom" "target 0 of region $id" zeroes "$disk"
unifiedctl target remove "$id" 0
mkdir mounted
mount "$disk" mounted
for force in "" --force; do
	refused "mounted: $force" "is mounted on $PWD/mounted" zeroes "$disk" $force
	refused "mounted, for a region: $force" "is mounted on $PWD/mounted" unifiedctl region create --drive "$disk" $force
done
umount mounted

# --force, on the same filesystem each time.
raw >ext4
restore() { dd if=ext4 of="$disk" bs=1M count=1 oflag=direct status=none; }
first() { cmp -n 1048576 <(raw) "$1"; }
ok "--force: write" unifiedctl io write "$disk" --file data --force
ok "is done" first data
restore
ok "--force: zeroes" unifiedctl io zeroes "$disk" --bytes 1M --force
ok "is done" first /dev/zero
restore
ok "--force: discard" unifiedctl io discard "$disk" --bytes 1M --force --block
restore
ok "--force: a target" says "read-write" unifiedctl target add "$id" "$disk" --force
unifiedctl target remove "$id" 0
ok "--force: a region" unifiedctl region create --drive "$disk" --force -- true
unifiedctl -j ingest run --listen 127.0.0.1:9000 --recv --target "$disk" --count 1 --force >report 2>&1 &
ingest=$!
ok "--force: ingest" listening 9000
timeout 60 socat -u OPEN:data TCP:127.0.0.1:9000
wait $ingest
ok "is done" first data
ok "and what it stored is overwritten" unifiedctl io write "$disk" --file data

# Somebody has the drive open, so that its cache stays.
restore
exec 3<"$disk"
head -c 1M <&3 >back
zeroes "$disk" --force >/dev/null
ok "what is cached is not on the drive" zeroes "$disk"
exec 3<&-

# has WORDS: it is refused for this.
has() {
	raw >before
	refused "$1" "'$disk' has $1" zeroes "$disk"
	ok "it is still there" unchanged
}
mkswap -qL pages "$disk"
has 'swap space (label "pages"): '
clean
mdadm --create /dev/md0 --level 1 --raid-devices 1 --force --metadata 1.2 --run "$disk" 2>/dev/null
refused "a RAID that runs" "is a part of md0" zeroes "$disk"
mdadm --stop /dev/md0 2>/dev/null
rm -rf /run/mdadm
has "a member of an md RAID"
clean
put 'LUKS\xba\xbe\0\1' 0
has "an encrypted volume of LUKS"
clean
put 'LABELONE\1\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0LVM2 001' 512
has "a physical volume of LVM"
mkfs.ext4 -q "$disk"
put 'LABELONE\1\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0LVM2 001' 512
has "a physical volume of LVM and an ext4 filesystem (UUID"
clean
put '\xeb\x3c\x90mkfs.fat\0\2\4\1\0\2\0\2\0\x80\xf8\x80\0' 0
put '\x29\x78\x56\x34\x12NO NAME    FAT16   ' 38
put '\x55\xaa' 510
put 'MUSIC\x1b[2J  \x08' 131584
has 'a vfat filesystem (label "MUSIC?[2J"): '
clean
python3 gpt.py "$disk"
has "a gpt partition table (UUID"
dd if=/dev/zero of="$disk" bs=1M count=1 status=none
has "a gpt partition table (UUID"
clean

# A partition that has a filesystem, and one that has none.
put '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x80\0\0\0\0\0\0\x83\0\0\0\0\x88\0\0\0\x40\0\0' 446
put '\x55\xaa' 510
blockdev --rereadpt "$disk"
for _ in {1..50}; do [ -e "${disk}p2" ] && break; sleep 0.1; done
mkfs.ext4 -qL part "${disk}p1"
dd if=/dev/zero of="${disk}p2" bs=64K count=16 status=none
raw >before
all_refuse "'${disk}p1' has an ext4 filesystem (label \"part\"): --force" "${disk}p1"
has "a dos partition table: "
ok "the partition beside it" zeroes "${disk}p2"
mount "${disk}p1" mounted
refused "the disk of a mounted partition" "p1 is mounted on" zeroes "$disk"
umount mounted
# As of a table that libblkid does not know.
dd if=/dev/zero of="$disk" bs=512 count=1 status=none
has "partitions: "
wipefs -aq "${disk}p1"
blockdev --rereadpt "$disk"

# Anything else.
head -c 64M /dev/urandom >random
ok "a drive is filled" unifiedctl io write "$disk" --file random
ok "filled again" unifiedctl io write "$disk" --file random
ok "a target to write" unifiedctl target add "$id" "$ng"
unifiedctl target remove "$id" 0

# A device whose beginning cannot be read.
modprobe -rq null_blk
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
bad=/sys/kernel/config/nullb/nullb0
mkdir $bad
echo 64 >$bad/size
echo 1 >$bad/memory_backed
echo +0-7 >$bad/badblocks
echo 1 >$bad/power
refused "one that cannot be read" "'/dev/nullb0' cannot be read, to see whether it has a filesystem" zeroes /dev/nullb0 --lba 1024
ok "--force: is not read" unifiedctl io write /dev/nullb0 --file data --lba 2048 --force
rmdir $bad
modprobe -r null_blk

kill $pid
wait $pid
finish
