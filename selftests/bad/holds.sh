#!/bin/bash
# A test that leaves a policy behind.
. selftest.sh
ok "this holds" unifiedctl policy load pass
finish
