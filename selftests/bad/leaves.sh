#!/bin/bash
# VM: --no-debug --nvme none --nic 0
# A test that leaves the system changed.
. selftest.sh
ok "an interface" ip link add left type dummy
ok "a namespace" ip netns add left
ok "a process" true
setsid sleep 1000 &
finish
