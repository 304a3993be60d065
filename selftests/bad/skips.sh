#!/bin/bash
# A test that cannot run here.
. selftest.sh
skip_all "there is no such thing"
