#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bash completion offers what unifiedctl understands, and what is in the system.
. selftests/selftest.sh
. packaging/completion/unifiedctl.bash
PATH=$OUT:$PATH

complaints=$(mktemp)
complete_words() {
	COMP_WORDS=(unifiedctl "$@")
	COMP_CWORD=$#
	_unifiedctl 2>"$complaints"
	echo "${COMPREPLY[*]}"
	cat "$complaints"
	[ ! -s "$complaints" ]
}
# only WORDS WORD ...: exactly these.
only() {
	local want=$1
	shift
	complete_words "$@" &&
	[ "${COMPREPLY[*]}" = "$want" ]
}

ok "objects" only "doctor" "do"
ok "all of them" only "region policy target io ingest nic stat trace doctor version help --json --pretty --help --version" ""
ok "after an option" only "policy" --json po
for object in region policy target io ingest nic stat trace doctor version; do
	ok "help of $object" only "$object" help "$object"
	for verb in $(unifiedctl "$object" help | sed -n "s/.* unifiedctl $object \[*\([a-z]*\).*/\1/p"); do
		ok "$object $verb" says "$verb" complete_words "$object" ""
	done
done
ok "options of a region" only "--rings --rx" region create --size 1M --r
ok "a policy that comes with it" says "pass" complete_words policy load p
work=$(mktemp -d)
touch "$work/mine.bpf.o" "$work/mine.c"
ok "a policy to be explained" says "ratelimit_source" complete_words policy help ratelimit_
ok "verbs, each of them once" only "help" policy he
ok "an object file" only "$work/mine.bpf.o" policy replace "$work/mi"
rm -r "$work"
ok "options of an operation" only "--count --chunk" io write /dev/null --c
ok "not those of another" test -z "$(complete_words io flush /dev/null --chu)"
ok "values of an option" only "uring_cmd" io read /dev/null --door u
ok "behind an equals sign" only "ioctl" io read /dev/null --door = i
ok "right behind it" only "uring_cmd ioctl" io read /dev/null --door =
ok "a device" says "/dev/null" complete_words io read /dev/nul
ok "another device" says "/dev/null" complete_words io read /dev/zero --hex /dev/nul
ok "a device of a region" says "/dev/null" complete_words target add 1 /dev/nul
ok "what may be done with it" only "read read-write" target add 1 /dev/null --access r
ok "with a verb that is cut short" only "--enforce" policy att mine 1 --e
ok "a policy for streams" says "shard_flow" complete_words ingest run --policy sh
ok "an interface" says "lo" complete_words ingest run --dev l
ok "where to" says "/dev/null" complete_words ingest run --target /dev/null --target /dev/nul
ok "no word where a number is meant" test -z "$(complete_words ingest run --count "")"
ok "a command" says "bash" complete_words nic setup lo --queues 1 -- bas
ok "force" only "--force" nic restore --f
rm "$complaints"
finish
