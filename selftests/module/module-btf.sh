#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A module that lost its BTF has neither kfuncs nor policies, and is not loaded.
. selftest.sh

remove_module
objcopy --remove-section=.BTF --remove-section=.BTF.base /unified/unified_io_region.ko without.ko
refused "a module without BTF" "Invalid module format" insmod without.ko
ok "which the kernel's log explains" grep -q "unified_io_region: built without BTF" <(dmesg)
refused "it leaves no device" "No such file" stat /dev/unified_io_region
ok "the one with BTF is loaded" insmod /unified/unified_io_region.ko
ok "and works" unifiedctl policy list
finish
