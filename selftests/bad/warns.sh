#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test during which the kernel complains, and goes on.
. selftest.sh
for n in 1 2; do echo "BUG: KFENCE: use-after-free read in nothing at all $n" >/dev/kmsg; done
ok "this holds" true
finish
