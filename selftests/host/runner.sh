#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The runner goes red for everything that can go wrong with a test, says which
# test it was and why, and goes on with the rest.
. selftests/selftest.sh

log=$(mktemp)
once=--once
bad() { selftests/check $once --from selftests/bad --vm-timeout "$1" "$OUT" "${@:2}" >"$log" 2>&1; }
seen() { grep -E -- "$1" "$log" || { cat "$log"; false; }; }

bad 150 fails short dies early warns hangs holds leaves panics passes skips nothing unplanned
ok "a run with failures fails" test $? -eq 1
ok "a check that fails" seen "^not ok [0-9]+ - fails: 1 of 2 checks failed"
ok "and which" seen "not ok 2 - this does not"
ok "a plan that is not kept" seen "^not ok .* - short: planned 2 checks and made 1"
ok "a test that dies" seen "^not ok .* - dies: .* exit status 139"
ok "a skip after a failure" seen "^not ok .* - early: 1 of 1 checks failed"
ok "outside the VM: no check" seen "^not ok .* - nothing: it did not make the checks"
ok "no plan" seen "^not ok .* - unplanned: it did not make the checks"
ok "a kernel that complains" seen "^not ok .* - warns: the kernel complained"
ok "and of what, once" seen "KFENCE: use-after-free .* \(2 times\)"
ok "a test that hangs" seen "^not ok .* - hangs: it did not end in time"
ok "a policy left behind" seen "^not ok .* - holds: it leaves the module in use"
ok "a system that is not as it was" seen "^not ok .* - leaves: it leaves the system changed"
ok "by interface" seen "^# left: interface left: down"
ok "by namespace" seen "^# left: /run/netns/left"
ok "and by process" seen "^# left: process sleep"
ok "a VM that dies" seen "^not ok .* - panics: the VM died"
ok "and its last words" seen "sysrq triggered crash"
ok "the next test runs all the same" seen "^ok .* - passes"
ok "a skip has its reason" seen "^ok .* - skips # SKIP there is no such thing"
ok "the closing line" seen "^1 passed, 11 failed, 1 skipped$"

once=''
bad 150 alone passes
ok "what fails is run once more, alone" seen "^# once more, alone: ok alone"
ok "and has failed all the same" seen "^1 passed, 1 failed, 0 skipped$"
bad 150 fails
ok "or fails again" seen "^# once more, alone: fail fails"
once=--once
bad 16 stalls
ok "a VM that hangs" seen "^not ok .* - stalls: the VM hung"
bad 20 nothing-of-that-name
ok "a pattern without a match fails" test $? -eq 2
bad 150 passes
ok "a run without failures does not" test $? -eq 0
rm -f "$log"
finish
