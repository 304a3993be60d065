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

finish() {
	echo "1..$test_count"
	[ $test_failures -eq 0 ] && [ $test_count -gt 0 ]
	exit
}
