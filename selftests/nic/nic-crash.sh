#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Timeout: 300
#
# A set-up that is killed, or refused by the kernel, at any step after it has noted
# what was: that brings the interface back, or it is back already.
. selftest.sh

testnic_up
ethtool -K testnic0 ntuple off
testnic_settings >/tmp/testnic-settings
state=/run/unified-io/nic-testnic0

settings() { unifiedctl -j nic show testnic0 | jq -S '.[0] | del(.queues)'; }
unchanged() { settings | diff before - && [ ! -e $state ]; }
# The longest way: more queues, n-tuple, a context, two rules.
setup() { strace -f -qq -o calls -e trace=sendto,ioctl,link,rename "$@" unifiedctl nic setup testnic0 --queues 1,4 --port 5000; }
settings >before

ok "a set-up" setup
unifiedctl nic restore >/dev/null
ok "is restored" unchanged
cp calls all

# Which of the calls of a kind come after the note is begun: the first and the last.
steps() {
	awk -v call="$1" '{ sub(/^[0-9]* */, ""); sub(/\(.*/, "") } $0 == "link" { noted = 1 }
		$0 == call { n++; if (noted && !first) first = n } END { print first, n }' all
}

# That is not done for calls which strace has the kernel single out.
killed_at() {
	local status=0
	setup -e "inject=$1:signal=KILL:when=$2" >output 2>&1 || status=$?
	[ $status -eq 137 ] || return 1
	[ ! -e $state ] || unifiedctl nic restore testnic0
	unchanged
}

# Where it does without the answer, it goes on.
failed_at() {
	local status=0
	setup --seccomp-bpf -e "inject=$1:error=ENOBUFS:when=$2" >output 2>&1 || status=$?
	if [ $status -eq 0 ]; then
		unifiedctl nic restore testnic0
	else
		[ $status -eq 1 ] && grep 'testnic0: ' output && ! grep Try output
	fi && unchanged
}

for how in killed failed; do
	for call in sendto ioctl link rename; do
		read -r first last <<<"$(steps $call)"
		[ $how != killed ] || [ $call != ioctl ] || continue
		for ((i = first; i <= last; i++)); do
			ok "$how at $call $i of $last" ${how}_at $call $i
			[ ! -e $state ] || unifiedctl nic restore >/dev/null
		done
	done
done
finish
