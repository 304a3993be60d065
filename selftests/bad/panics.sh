#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test that takes the VM down.
. selftest.sh
ok "this holds" true
echo c >/proc/sysrq-trigger
finish
