#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --iommu
# The VM can put its drives behind an IOMMU, and they work there.
. selftest.sh
ok "an IOMMU" test -d /sys/class/iommu/dmar0
ok "the drive is behind it" test -d /sys/block/nvme0n1/device/device/iommu_group
ok "and works" dd if=/dev/zero of=/dev/nvme0n1 bs=64k count=16 oflag=direct
finish
