#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module loads and unloads 100 times, and does not with a policy in it.
. selftest.sh

reload() {
	for _ in {1..100}; do
		rmmod unified_io_region && insmod /unified/unified_io_region.ko || return
		[ -c /dev/unified_io_region ] || return
	done
}

ok "100 times" reload
ok "a policy goes in" unifiedctl policy load pass
refused "the module does not unload under it" "in use" rmmod unified_io_region
ok "and the policy is still there" says pass unifiedctl policy list
ok "the policy goes" unifiedctl policy unload pass
finish
