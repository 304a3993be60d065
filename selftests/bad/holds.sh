#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test that leaves a policy behind.
. selftest.sh
ok "this holds" unifiedctl policy load pass
finish
