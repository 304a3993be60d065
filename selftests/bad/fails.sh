#!/bin/bash
# A test with a check that fails.
. selftest.sh
ok "this holds" true
ok "this does not" false
finish
