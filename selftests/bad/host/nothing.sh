#!/bin/bash
# A test that makes no check.
exit 0
