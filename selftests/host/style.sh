#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The source is as CONTRIBUTING.md says it is: formatted, clean under sparse, its scripts
# clean under shellcheck, its man pages without errors, no file too long to read in one
# sitting.
. selftests/selftest.sh

lint() { make -s --no-print-directory OUT="$OUT" KDIR='$(wildcard /lib/modules/*/build)' "in-$1"; }
lengths() { wc -l ./*/*.[ch] ./*/*/*.c | awk '$2 != "total" && $1 > 700 { print; long = 1 } END { exit long }'; }
man_pages() { mandoc -T lint -W warning docs/man/*; }

ok "clang-format" lint format-check
ok "sparse" lint sparse
ok "shellcheck" lint shellcheck
ok "man pages" man_pages
ok "no file over 700 lines" lengths
finish
