#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test that cannot run here.
. selftest.sh
skip_all "there is no such thing"
