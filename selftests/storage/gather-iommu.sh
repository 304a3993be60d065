#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What gather.c tests, with a drive behind an IOMMU.
#
# VM: --iommu --nvme 64M
exec /unified/selftests/gather
