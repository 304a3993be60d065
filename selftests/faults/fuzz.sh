#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M,lba=4096 --append dma_debug=off
# Timeout: 300
#
# The programs of fuzz/seeds and some seconds of random ones, each against the module in
# a process of its own that may be killed at any time; "make fuzz T=SECONDS" is for more.
# The one that is running is in /vm/now, for when the VM dies of it. They read to one page
# as often as they like, which DMA debugging complains of from the eighth on.
. selftest.sh

ok "random programs" /unified/selftests/fuzz/fuzz --seconds 10 --keep /vm \
	--seeds /vm/sources/seeds "/dev/$(drive 0)" "/dev/$(drive 1)"
said=$output
sed 's/^/# /' <<<"$said"
ok "by every door something was done" eval '! grep -oE "[a-z_ ]+ 0\b" <<<"$said" | grep -vE "killed|slow|crashed"'
ok "no program crashed" grep -q " 0 crashed" <<<"$said"
ok "the module can go" remove_module
finish
