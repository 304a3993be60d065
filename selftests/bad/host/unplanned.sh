#!/bin/bash
# A test that ends before its plan.
. selftests/selftest.sh
ok "the first" true
exit 0
