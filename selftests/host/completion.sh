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
for object in region policy target io nic; do
	for command in $("$OUT/unifiedctl" "$object" help | grep -o "unifiedctl $object [a-z]*" | cut -d' ' -f3); do
		ok "$object $command" says "$command" complete_words "$object" ""
	done
done
ok "settings of a region" says "rings" complete_words region create size 1M r
ok "a policy that comes with it" says "pass" complete_words policy load p
ok "settings of an operation" says "chunk" complete_words io write /dev/null c
ok "not those of another" test -z "$(complete_words io flush /dev/null chu)"
ok "doors" says "uring_cmd" complete_words io read /dev/null door u
ok "a device" says "/dev/null" complete_words io read /dev/nul
ok "a device of a region" says "/dev/null" complete_words target add 1 /dev/nul
ok "how it is driven" says "nvme" complete_words target add 1 /dev/null n
for option in $("$OUT/unifiedctl" ingest help | grep -o -- '--[a-z-]*'); do
	ok "ingest $option" says "$option" complete_words ingest --listen :9000 --block --
done
ok "how it fares with errors" says "retry" complete_words ingest --on-error r
ok "a policy for streams" says "shard_flow" complete_words ingest --policy sh
ok "an interface" says "lo" complete_words ingest --dev l
ok "where to" says "/dev/null" complete_words ingest --target /dev/nul
ok "no word where a number is meant" test -z "$(complete_words ingest --count "")"
ok "settings of an interface" says "--queues" complete_words nic setup lo --q
ok "force" says "--force" complete_words nic restore --f
ok "watch" says "watch" complete_words stat w
finish
