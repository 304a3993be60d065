#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# Timeout: 2
# A test that does not end.
. selftest.sh
ok "this holds" true
sleep 1000
finish
