#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The block target works on what the kernel calls a block device: null_blk, loop,
# a device mapper's, and a namespace over TCP, which is a multipath head.
#
# VM: --nvme 64M --nvme 64M,lba=4096 --trace pci_nvme_io_cmd,pci_nvme_m*_s*
. selftest.sh

works() { /unified/selftests/storage "$1"; }

modprobe -rq null_blk
modprobe null_blk nr_devices=1 memory_backed=1 gb=1
modprobe -a null_blk loop nvmet nvmet-tcp nvme-tcp || skip_all "no such drivers in this kernel"
ok "null_blk" works /dev/nullb0

truncate -s 64M file
loop=$(losetup --show -f file)
ok "loop" works "$loop"
losetup -d "$loop"

drive=/dev/$(drive 0)
# An old partition table: one entry, from sector 2048, of 61440.
printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\xf0\0\0' | dd of="$drive" bs=1 seek=446 conv=notrunc 2>/dev/null
printf '\x55\xaa' | dd of="$drive" bs=1 seek=510 conv=notrunc 2>/dev/null
blockdev --rereadpt "$drive"
for _ in {1..50}; do [ -e "${drive}p1" ] && break; sleep 0.1; done
ok "a partition" works "${drive}p1"
dd if=/dev/zero of="$drive" bs=512 count=1 2>/dev/null
blockdev --rereadpt "$drive"

# A target of this kernel, connected to over the loopback.
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
ip link set lo up
nvmet=/sys/kernel/config/nvmet
truncate -s 64M backing
backing=$(losetup --show -f backing)
mkdir -p $nvmet/subsystems/unified/namespaces/1 $nvmet/ports/1
echo 1 >$nvmet/subsystems/unified/attr_allow_any_host
echo "$backing" >$nvmet/subsystems/unified/namespaces/1/device_path
echo 1 >$nvmet/subsystems/unified/namespaces/1/enable
echo ipv4 >$nvmet/ports/1/addr_adrfam
echo tcp >$nvmet/ports/1/addr_trtype
echo 127.0.0.1 >$nvmet/ports/1/addr_traddr
echo 4420 >$nvmet/ports/1/addr_trsvcid
ln -s $nvmet/subsystems/unified $nvmet/ports/1/subsystems/unified
ok "a namespace over TCP is connected" nvme connect -t tcp -a 127.0.0.1 -s 4420 -n unified
head() {
	local subsystem
	for subsystem in /sys/class/nvme-subsystem/*; do
		grep -qx unified "$subsystem/subsysnqn" && basename "$subsystem"/nvme*n1
	done
}
for _ in {1..50}; do [ -e "/dev/$(head)" ] && break; sleep 0.1; done
remote=/dev/$(head)
ok "it is a multipath head" test -e "/sys/block/${remote#/dev/}/multipath"
ok "NVMe over TCP" works "$remote"
ok "disconnected" nvme disconnect -n unified
rm $nvmet/ports/1/subsystems/unified
rmdir $nvmet/ports/1 $nvmet/subsystems/unified/namespaces/1 $nvmet/subsystems/unified
losetup -d "$backing"
modprobe -rq null_blk
finish
