#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Help where it is looked for, exit status 2 and a sentence for wrong words,
# and completion of the right ones.
. selftest.sh

status() {
	local want=$1
	shift
	"$@" >/dev/null 2>&1
	[ $? -eq "$want" ]
}

for words in help --help -h "policy help" "policy --help" "policy load --help" "doctor --help" "version help" \
	"target help" "io help" "io read --help" "ingest help" "ingest --help" "nic help" "nic setup --help" "stat help" \
	"trace --help" "help policy" "help policy load"; do
	# shellcheck disable=SC2086 # words
	ok "unifiedctl $words" says Usage unifiedctl $words
done
for words in "" nothing --nothing "policy nothing" "policy load" "policy load a b" "policy unload" "policy list x" "doctor x" "version x" \
	target "target nothing" "target add" "target add 1" "target list" "target list x" "target remove 1" "target add 1 /dev/null --fast" "target add 1 /dev/null fast" \
	io "io nothing" "io read" "io read /dev/null" "io read /dev/null --count" "io flush /dev/null --count 1" "io write /dev/null --hex" "io write /dev/null hex" \
	ingest "ingest nothing" "ingest --nothing" "ingest run" "ingest run --nothing" \
	"nic nothing" "nic show a b" "nic setup" "nic setup --queues 1" "nic setup lo" "nic setup lo --queues" "nic setup lo --queues 1-" \
	"nic setup lo --queues 1,1" "nic setup lo --queues 3-1" "nic setup lo --queues x" "nic setup lo --queues 0-64" "nic setup lo --queues 1 --port 0" \
	"nic setup lo --queues 1 --port 65536" "nic setup lo --queues 1 --fast" "nic setup lo --queues 1 --" "nic restore a b" "nic restore ../x" \
	"stat x" "stat show 1 2" "stat monitor --interval never" "stat watch 1 2" "trace x" "trace monitor 1 2"; do
	# shellcheck disable=SC2086 # words
	ok "unifiedctl $words: wrong usage" status 2 unifiedctl $words
done
ok "a full disk is a failure" status 1 sh -c 'unifiedctl version >/dev/full'
finish
