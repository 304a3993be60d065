# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A test in shell: sources this, makes checks, ends with "finish". Prints TAP;
# exits 0, 1, or 77 where it cannot run here.
#
#	ok "what should hold" COMMAND [ARG ...]
#	refused "what should fail" "what it should say" COMMAND [ARG ...]
#
# The output of the last command is in $output.

test_count=0 test_failures=0 output=

result() {
	test_count=$((test_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $test_count - $2"
	else
		test_failures=$((test_failures + 1))
		echo "not ok $test_count - $2"
		[ -z "$output" ] || sed 's/^/# /' <<<"$output"
	fi
}

ok() {
	local what=$1 status=0
	shift
	output=$("$@" 2>&1) || status=$?
	result "$status" "$what"
}

refused() {
	local what=$1 words=$2 status=0
	shift 2
	output=$("$@" 2>&1) || status=$?
	# A crash is no refusal.
	if [ $status -eq 0 ] || [ $status -ge 126 ] || ! grep -qF -- "$words" <<<"$output"; then
		result 1 "$what"
	else
		result 0 "$what"
	fi
}

# For use with ok: does a command succeed and say these words?
says() {
	local words=$1 got status=0
	shift
	got=$("$@" 2>&1) || status=$?
	echo "$got"
	[ $status -eq 0 ] && grep -qF -- "$words" <<<"$got"
}

# The block device of the VM's drive N, counted from 0 as --nvme was given.
# Their names need not be in that order: the driver probes them all at once.
drive() {
	local ctrl
	for ctrl in /sys/class/nvme/nvme*; do
		grep -qx "unified$1 *" "$ctrl/serial" && basename "$ctrl"/nvme*n1
	done
}

# The test NIC: testnic0 is 10.9.0.1 and fd09::1, here; testnic1 is .2 and ::2, in
# the network namespace "peer".
testnic_up() {
	insmod /unified/unified_testnic.ko || return
	ip netns add peer
	ip link set testnic1 netns peer
	ip addr add 10.9.0.1/24 dev testnic0
	ip addr add fd09::1/64 dev testnic0 nodad
	ip -n peer addr add 10.9.0.2/24 dev testnic1
	ip -n peer addr add fd09::2/64 dev testnic1 nodad
	ip link set testnic0 up && ip -n peer link set testnic1 up
	testnic_settings >/tmp/testnic-settings
}

# Rings, channels, coalescing, features, RSS and rules.
testnic_settings() { /unified/selftests/vm/environment testnic0 | sort; }
testnic_unchanged() { testnic_settings | diff /tmp/testnic-settings -; }

# A connection that nobody has open any more keeps what it received until the other end
# has answered: the NIC's buffers are free after that, not before.
connections_end() {
	ip netns pids peer | xargs -r kill 2>/dev/null
	for _ in {1..200}; do
		[ -n "$(ss -Htn state established state fin-wait-1 state closing state close-wait state last-ack)" ] || return 0
		sleep 0.1
	done
}

testnic_down() {
	local cpu

	[ ! -e /run/netns/peer ] || connections_end
	[ ! -d /sys/module/unified_testnic ] || rmmod unified_testnic
	[ ! -e /run/netns/peer ] || ip netns del peer
	# A CPU that freed packets for another leaves them to that one's next packet.
	for cpu in $(seq 0 $(($(nproc --all) - 1))); do taskset -c "$cpu" ping -q -c 1 127.0.0.1 >/dev/null; done
	rm -f /tmp/testnic-settings
}

peer() { ip netns exec peer "$@"; }

# testnic NAME [QUEUE]: a counter of testnic0's, of one queue or of all.
testnic() {
	ethtool -S testnic0 | awk -v re="^ *rx${2:-[0-9]*}_$1:" '$0 ~ re { n += $2 } END { print n + 0 }'
}

# grew COUNTER [QUEUE] -- COMMAND ...: how much the counter is higher after it.
# Fails if the command does.
grew() {
	local which=() before
	while [ "$1" != -- ]; do which+=("$1"); shift; done
	shift
	before=$(testnic "${which[@]}")
	"$@" >&2 || return
	echo $(($(testnic "${which[@]}") - before))
}

# Is somebody listening on a TCP port?
listening() {
	for _ in {1..100}; do
		[ -z "$(ss -Hltn "sport = :$1")" ] || return 0
		sleep 0.05
	done
	return 1
}

# count_removals [no]: count, from now on, targets that are removed before their region is
# closed, which frees the devices some time later; or cease to. removals: how many that were.
count_removals() {
	local tracing=/sys/kernel/tracing

	[ ! -e $tracing/events/kprobes/removed ] || echo 0 >$tracing/events/kprobes/removed/enable
	echo >$tracing/kprobe_events
	[ $# -eq 0 ] || return 0
	echo 'p:removed unified_target_remove' >$tracing/kprobe_events && echo 1 >$tracing/events/kprobes/removed/enable
}
removals() { awk '$1 == "removed" { print $2 }' /sys/kernel/tracing/kprobe_profile; }

# A map that held the module goes some grace periods after its last user.
remove_module() {
	for _ in {1..50}; do
		rmmod unified_io_region 2>/dev/null && return
		sleep 0.1
	done
	rmmod unified_io_region
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 77
}

# A test NIC that is still there is as it was, and goes.
finish() {
	if [ -e /tmp/testnic-settings ]; then
		[ ! -e /sys/class/net/testnic0 ] || ok "the NIC has the settings that it had" testnic_unchanged
		testnic_down
	fi
	echo "1..$test_count"
	[ $test_failures -eq 0 ] && [ $test_count -gt 0 ]
	exit
}
