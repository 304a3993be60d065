#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A skip after a check that failed.
. selftest.sh
ok "this does not hold" false
skip_all "and yet"
