#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
#
# A device that cannot become a target is refused with a sentence that says why,
# and who has it.
. selftest.sh

unifiedctl -j region create --size 4M >created &
pid=$!
for _ in {1..300}; do [ -s created ] && break; sleep 0.1; done
id=$(jq .id created)
disk=/dev/$(drive 0) large=/dev/$(drive 1) meta=/dev/$(drive 2)
add() { unifiedctl target add "$id" "$@"; }

ok "as it was said before" says "target add $id $disk --access read --length 1M --block" unifiedctl target add "$id" "$disk" read length 1M block
unifiedctl target remove "$id" 0
refused "no such region" "no region 77" unifiedctl target add 77 "$disk"
refused "an id that is none" "is no id" unifiedctl target add 0 "$disk"
refused "no such device" "No such file" add /dev/nowhere
refused "a character device" "no block device" add /dev/null
truncate -s 1M file
refused "a file" "losetup" add file
refused "half a block" "whole blocks" add "$large" --start 512
refused "a start beyond the end" "has 64 MiB" add "$disk" --start 1G
refused "a length beyond the end" "has 64 MiB" add "$disk" --start 32M --length 33M
refused "a length of nothing" "and not 0" add "$disk" --length 0
refused "a length that is none" "a number is meant" add "$disk" --length much
refused "a setting without a value" "takes a value" add "$disk" --start
refused "no such option" "no option '--fast'" add "$disk" --fast
refused "both kinds" "either --block or --nvme" add "$disk" --block --nvme
refused "two accesses" "--access is said twice" add "$disk" --access read --access write
refused "metadata, by NVMe commands" "have metadata" add "$meta" --nvme
refused "an index that is none" "from 0 to 31" unifiedctl target remove "$id" 32

blockdev --setro "$disk"
refused "a read-only device, to write" "is read-only" add "$disk"
ok "but to read" unifiedctl target add "$id" "$disk" --access read
unifiedctl target remove "$id" 0
blockdev --setrw "$disk"

mkfs.ext4 -q "$disk"
mkdir mounted
mount "$disk" mounted
refused "mounted" "is mounted on $PWD/mounted" add "$disk"
refused "mounted, as the drive of a new region" "is mounted on $PWD/mounted" unifiedctl region create --drive "$disk"
umount mounted
mkswap "$disk" >/dev/null
swapon "$disk"
refused "swap" "swapoff $disk" add "$disk"
swapoff "$disk"
mdadm --create /dev/md0 --level 1 --raid-devices 1 --force --metadata 0.90 --run "$disk" 2>/dev/null
refused "a part of something" "is a part of md0" add "$disk"
mdadm --stop /dev/md0 2>/dev/null
rm -rf /run/mdadm
exec 3< <(exec python3 -c 'import os, sys, time; os.open(sys.argv[1], os.O_RDWR | os.O_EXCL); print(os.getpid(), flush=True); time.sleep(60)' "$disk")
read -r holder <&3
refused "claimed by a process" "process $holder (python3)" add "$disk"
kill "$holder"
exec 3<&-
ok "a target" add "$large"
refused "of another region" "target 0 of region $id, of process $pid: unifiedctl target remove $id 0" add "$large"

# Two partitions, the first of which is mounted.
dd if=/dev/zero of="$disk" bs=1M count=1 2>/dev/null
printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x80\0\0\0\0\0\0\x83\0\0\0\0\x88\0\0\0\x40\0\0' | dd of="$disk" bs=1 seek=446 conv=notrunc 2>/dev/null
printf '\x55\xaa' | dd of="$disk" bs=1 seek=510 conv=notrunc 2>/dev/null
blockdev --rereadpt "$disk"
for _ in {1..50}; do [ -e "${disk}p2" ] && break; sleep 0.1; done
mkfs.ext4 -q "${disk}p1"
mount "${disk}p1" mounted
refused "the disk of a mounted partition" "p1 is mounted on" add "$disk"
refused "a partition, by NVMe commands" "Take --block" add "${disk}p2" --nvme
ok "the partition beside it" add "${disk}p2"
umount mounted
refused "the disk of a partition that is a target" "p2 is target 1" add "$disk"

refused "not root" "run as root" setpriv --reuid 65534 --clear-groups unifiedctl target add "$id" "$disk"
chmod 666 /dev/unified_io_region "$large"
refused "nobody who can open the device" "run as root" setpriv --reuid 65534 --clear-groups unifiedctl target add "$id" "$large"
refused "nor see the targets" "run as root" setpriv --reuid 65534 --clear-groups unifiedctl target list "$id"
chmod 600 "$large"
kill $pid
wait $pid
remove_module
wipefs -aq "${disk}p1"
wipefs -aq "$disk"
blockdev --rereadpt "$disk"
refused "without the module" "modprobe" unifiedctl target list 1
finish
