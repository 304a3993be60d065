#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test with a check that fails.
. selftest.sh
ok "this holds" true
ok "this does not" false
finish
