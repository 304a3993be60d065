#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --nvme 64M,ms=8 --nvme 8G,null=200000
# Timeout: 120
#
# unifiedctl io: what cannot be done is said in a sentence, before anything is done
# where it can be known; a failure in the middle tells how far it came.
. selftest.sh

json() { "${@:2}" 2>&1 | jq -e "$1"; }
io() { unifiedctl io "$@"; }

disk=/dev/$(drive 0) large=/dev/$(drive 1)
head -c 1M /dev/urandom >data
head -c 1000 data >odd
io write "$disk" --file data >/dev/null
unchanged() { cmp -n 1048576 data <(dd if="$disk" bs=1M count=1 iflag=direct 2>/dev/null); }

refused "no device" "DEVICE is missing" io read --count 1
refused "a device that is no path" "no path of a device" io read nvme0n1 --count 1
refused "no length" "how much" io read "$disk"
refused "no length of zeroes" "how much" io zeroes "$disk"
refused "two lengths" "either --count or --bytes" io read "$disk" --count 1 --bytes 512
refused "a length of nothing" "and not 0" io discard "$disk" --count 0
refused "a number that is none" "a number is meant" io read "$disk" --count some
refused "a number that overflows" "a number is meant" io read "$disk" --count 99999999999G
refused "a negative number" "a number is meant" io read "$disk" --count 1 --lba -1
refused "an option of another operation" "no option '--pad'" io read "$disk" --count 1 --pad
refused "no such option" "no option '--speed'" io read "$disk" --speed 11
refused "no such door" "one of uring_cmd, ioctl is meant" io read "$disk" --count 1 --door front
refused "both kinds" "either --block or --nvme" io read "$disk" --count 1 --block --nvme
refused "no operation at once" "from 1 to 4096" io read "$disk" --count 1 --qd 0
refused "too many at once" "from 1 to 4096" io read "$disk" --count 1 --qd 100000
refused "operations that are too large" "from 512 B to 1 GiB" io read "$disk" --count 1 --chunk 2G
refused "half blocks" "chunk is a multiple of 512" io read "$disk" --count 1 --chunk 1000
refused "bytes that are no blocks" "bytes is a multiple of 4096" io read "$large" --bytes 512
refused "more memory than there is" "make --chunk or --qd smaller" io read "$disk" --count all --chunk 1G --qd 64
refused "a read from two devices" "targets has one bit" io read "$disk" "$large" --count 1 --targets 3
refused "a target that is none" "targets has a bit for each" io write "$disk" --targets 2
refused "devices of different blocks" "blocks of one size" io write "$disk" "$large" --file data
refused "one device twice" "in use" io write "$disk" "$disk" --file data
refused "data and JSON in one place" "go to a file" unifiedctl -j io read "$disk" --count 1
refused "hooks of no policy" "policy NAME" io write "$disk" --file data --process
refused "no such policy" "no policy 'nobody'" io write "$disk" --file data --policy nobody

refused "no such device" "No such file" io read /dev/nowhere --count 1
refused "no device at all" "no block device" io read /dev/null --count 1
refused "a file" "losetup" io read ./data --count 1
refused "metadata" "have metadata" io read "/dev/$(drive 2)" --count 1 --nvme
refused "compare by the block layer" "cannot compare" io compare "$disk" --file data --block
refused "no such file" "cannot open 'nothing'" io write "$disk" --file nothing
refused "a directory" "cannot read" io write "$disk" --file /
refused "no place for the output" "cannot open '/nowhere/out'" io read "$disk" --count 1 --file /nowhere/out
refused "a full disk" "No space left" io read "$disk" --count 1 --file /dev/full
refused "a full disk, hexdump" "No space left" io read "$disk" --count 1 --file /dev/full --hex
refused "a full disk, standard output" "No space left" sh -c "unifiedctl io read $disk --count 1 >/dev/full"

refused "beyond the end" "no lba 131072" io read "$disk" --lba 131072 --count 1
refused "across the end" "there are 1, and not 2" io read "$disk" --lba 131071 --count 2
refused "a file that is too large" "there are 1, and not 2048" io write "$disk" --lba 131071 --file data
refused "a file of half a block" "Say --pad" io write "$disk" --file odd
refused "a file that is too small" "has only 2048 blocks" io write "$disk" --file data --count 2049
ok "nothing was done" unchanged

piped() { cat "$1" | unifiedctl io write "$disk" "${@:2}"; }
refused "a pipe of half a block" "last 488 bytes" piped odd
refused "its whole block was written" "512 B written" piped odd
refused "a pipe that is too short" "ended before there were 3 blocks" piped odd --count 3 --pad
refused "a pipe that is too long" "the device ends here" piped data --lba 131000
refused "how much of it was written" "36.0 KiB written" piped data --lba 131000
ok "with JSON" json '.bytes == 36864 and .error and .interrupted == false' piped data --lba 131000 -j

# A device whose block 2048 is bad.
modprobe -rq null_blk
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
bad=/sys/kernel/config/nullb/nullb0
mkdir $bad
echo 64 >$bad/size
echo 1 >$bad/memory_backed
echo +2048-2048 >$bad/badblocks
echo 1 >$bad/power
for door in uring_cmd ioctl; do
	refused "$door: a bad block" "read of 256 blocks at lba 2048: the device failed" io read /dev/nullb0 --count all --file out --door $door
	ok "what is before it was read" test "$(stat -c %s out)" -eq 1048576
done
ok "with JSON" json '.bytes == 1048576 and .errno == 5 and .ledger.failed == 1 and .ledger.reads >= 9' unifiedctl -j io read /dev/nullb0 --count all --file out
rmdir $bad
modprobe -r null_blk
refused "swap is not touched" "swapoff" sh -c "mkswap $large >/dev/null; swapon $large; unifiedctl io zeroes $large --count all"
swapoff "$large"
wipefs -aq "$large"
blockdev --setro "$disk"
refused "nor what is read-only" "is read-only" io zeroes "$disk" --count all
ok "which is read" io read "$disk" --count 1 --file /dev/null
blockdev --setrw "$disk"
refused "not root" "run as root" setpriv --reuid 65534 --clear-groups unifiedctl io read "$disk" --count 1
sysctl -qw kernel.io_uring_disabled=2
refused "without io_uring" "take --door ioctl" io read "$disk" --count 1
ok "which works" io read "$disk" --count 1 --door ioctl --file /dev/null
sysctl -qw kernel.io_uring_disabled=0
remove_module
refused "without the module" "modprobe" io read "$disk" --count 1
finish
