#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test that is well, after one that took the VM down.
. selftest.sh
ok "this holds" true
finish
