#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M
# Timeout: 400
#
# Signals to who has set an interface up, unifiedctl ingest and nic: the first ends it in
# an orderly way, the second gives up what is not done, the third kills; and whatever they
# inherit of signals, the interface is what it was afterwards.
. selftest.sh
. ingest-lib.inc

slow=/sys/kernel/config/nullb/slow
trap 'rmdir $slow 2>/dev/null; modprobe -rq null_blk' EXIT
modprobe -rq null_blk
modprobe null_blk nr_devices=0 || skip_all "no null_blk in this kernel"
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
# One command at a time, of two seconds each.
mkdir $slow
for setting in size=64 memory_backed=1 irqmode=2 completion_nsec=2000000000 hw_queue_depth=1 submit_queues=1; do
	echo "${setting#*=}" >"$slow/${setting%%=*}"
done
echo 1 >$slow/power
slow_disk=/dev/slow
[ -e $slow_disk ] || slow_disk=/dev/nullb$(cat $slow/index)

state=/run/unified-io/nic-testnic0
zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3)
unchanged() { testnic_settings | diff before - && [ ! -e $state ]; }
random 2M large
ok "the NIC" nic
mtu 4148
testnic_settings >before

# --- nobody reads the output -------------------------------------------------
for how in --stats-json --nvme; do
	timeout 100 unifiedctl ingest run "${zcrx[@]}" --target "$disk" $how 2>said | head -n 1 >first
	status=${PIPESTATUS[0]} output=$(cat first said)
	[ "$status" -eq 1 ] && [ "$(<said)" = "unifiedctl: standard output: Broken pipe" ]
	result $? "nobody reads on, $how: it ends, and says so once"
	ok "the interface is what it was" unchanged
done

# --- one, two, three ---------------------------------------------------------
has_drained() { for _ in {1..300}; do [ -n "$(ss -Hltn 'sport = :9000')" ] || return 0; sleep 0.1; done; return 1; }
starts "a slow device" "${zcrx[@]}" --target $slow_disk --stats-json
sees large hold >seen &
sender=$!
ok "has commands" waits_for '.under_way > 4'
kill -INT $pid
ok "a SIGINT that the shell has ignored is taken, and nobody can connect" has_drained
ok "it waits for the device" test -e /proc/$pid/exe
insist INT
wait $sender
ends "a second one ends it, with what was not stored given up" 1 "told twice to end"
ok "a stream is not complete" counted '.streams_index[0] | .ended == "error" and .complete == false and .error == "given up"'
ok "and its sender sees a reset" grep -x reset seen
ok "the interface is what it was" unchanged

starts "one whose way back is blocked" "${zcrx[@]}" --target "$disk"
exec 9>/run/unified-io/.lock
flock 9
kill -TERM $pid
ok "is ending" has_drained
default_action() { (($(awk '$1 == "SigCgt:" { print "0x" $2 }' /proc/$pid/status) >> 14 & 1)) && return 1; return 0; }
for _ in {1..300}; do
	if default_action; then break; fi
	sleep 0.2
	kill -TERM $pid
done
kill -TERM $pid 2>/dev/null
ended
exec 9>&-
ok "and killed by the third" test "$status" -eq 143
ok "the interface is not what it was" test -e $state
ok "but can be made so" unifiedctl nic restore testnic0
ok "it is" unchanged

# --- nic, with a command -----------------------------------------------------
with_command() { timeout 60 unifiedctl nic setup testnic0 --queues 1 --port 5000 -- "$@"; }
is_set_up() { for _ in {1..100}; do [ -e $state ] && pgrep -x sleep >/dev/null && return; sleep 0.1; done; return 1; }
# What ps calls it is what the command is called.
unifiedctl nic setup testnic0 --queues 1 --port 5000 -- env --ignore-signal=TERM sleep 1000 &
pid=$!
ok "a command that SIGTERM does not end" is_set_up
kill -TERM $pid
ok "the first signal does not" test -e /proc/$pid/exe
insist TERM
ended
ok "the second kills it" test "$status" -eq 137
ok "the interface is what it was" unchanged

# shellcheck disable=SC2016 # for that shell
with_command sh -c 'kill -PIPE $PPID; exit 5'
ok "SIGPIPE is nothing to who waits" test $? -eq 5
ok "the interface is what it was" unchanged
has_ours() { diff <(env "$@" grep SigIgn /proc/self/status) <(env "$@" unifiedctl nic setup testnic0 --queues 1 -- grep SigIgn /proc/self/status); }
ok "but the command has what we had" has_ours --default-signal=PIPE,INT,CHLD
ok "also of what is ignored" has_ours --ignore-signal=PIPE,INT,CHLD
# shellcheck disable=SC2016 # for that shell
timeout 60 strace -qq -o calls -e trace=kill env --ignore-signal=CHLD unifiedctl nic setup testnic0 --queues 1 -- sh -c 'exit 7' 2>&1
ok "a command is waited for where children are not" test $? -eq 7
no_signal() { ! grep '^kill' calls; }
ok "and gets no signal" no_signal
refused "who cannot be waited for" "it is not known how 'true' ended" \
	timeout 60 strace -qq -o calls -e trace=kill,wait4 -e inject=wait4:error=ECHILD:when=1 unifiedctl nic setup testnic0 --queues 1 -- true
ok "gets none either" no_signal
ok "the interface is what it was" unchanged
finish
