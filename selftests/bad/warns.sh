#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test during which the kernel complains, and goes on.
. selftest.sh
echo "BUG: KFENCE: use-after-free read in nothing at all" >/dev/kmsg
ok "this holds" true
finish
