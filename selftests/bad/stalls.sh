#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test after which the VM says nothing any more.
. selftest.sh
pkill -STOP -f /vm/run
ok "this holds" true
finish
