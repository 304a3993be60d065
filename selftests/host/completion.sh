#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bash completion offers each object and command of unifiedctl, and no other.
. selftests/selftest.sh
. packaging/completion/unifiedctl.bash

complete_words() {
	COMP_WORDS=(unifiedctl "$@")
	COMP_CWORD=$#
	_unifiedctl
	echo "${COMPREPLY[*]}"
}

ok "objects" says "doctor" complete_words "do"
ok "after an option" says "policy" complete_words --json po
# What the program itself says it can do.
for object in $("$OUT/unifiedctl" help | awk '/^       [a-z]/ {print $1}'); do
	ok "object $object" says "$object" complete_words ""
done
for command in $("$OUT/unifiedctl" policy help | grep -o 'unifiedctl policy [a-z]*' | cut -d' ' -f3); do
	ok "policy $command" says "$command" complete_words policy ""
done
ok "a policy that comes with it" says "pass" complete_words policy load p
finish
