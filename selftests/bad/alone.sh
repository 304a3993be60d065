#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test that passes where no other has run.
. selftest.sh
ok "this holds when it is run once more" test "$(wc -l </vm/tests)" -eq 1
finish
