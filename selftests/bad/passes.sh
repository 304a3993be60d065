#!/bin/bash
# A test that is well, after one that took the VM down.
. selftest.sh
ok "this holds" true
finish
