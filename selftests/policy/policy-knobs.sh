#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M
# Timeout: 300
#
# A policy's knobs are set when it is loaded and while it runs, and are shown with its
# counters; each wrong word gets a sentence. What was set is what programs see.
. selftest.sh

progs=/unified/selftests/progs
json() { "${@:2}" 2>&1 | jq -e "$1"; }
show() { unifiedctl -j policy show "$1"; }
# has FILTER: is it true of the policy "knobs"? $knob has the values of its knobs, $counter those of its counters.
has() { show knobs | jq -e "(.knobs | map({ key: .name, value: .value }) | from_entries) as \$knob | .counters as \$counter | $1"; }
# ends N WORDS COMMAND ...: exit status N, and these words.
ends() {
	local want=$1 words=$2 said status=0
	shift 2
	said=$("$@" 2>&1) || status=$?
	echo "$status: $said"
	[ $status -eq "$want" ] && grep -qF -- "$words" <<<"$said"
}
run() { echo 12345678 | unifiedctl policy try knobs >/dev/null; }
# until_true COMMAND ...: within some seconds.
until_true() {
	for _ in {1..300}; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	"$@"
}

# --- help ---------------------------------------------------------------------------
ok "help: what it does" says "knobs: adds up what its knobs are" unifiedctl policy help $progs/knobs.bpf.o
ok "its hooks" says "hooks    process" unifiedctl policy help $progs/knobs.bpf.o
ok "a knob's range and value" says "u64, from 512 B to 1 GiB; it is 4 KiB" unifiedctl policy help $progs/knobs.bpf.o
ok "the names that it takes" says "enum speed, one of SLOW, FAST; it is SLOW" unifiedctl policy help $progs/knobs.bpf.o
ok "when it is set" says "char[4], up to 4 bytes; it is 'ABCD'; set at load only" unifiedctl policy help $progs/knobs.bpf.o
ok "as JSON" json '.policies == [{ name: "knobs", help: "adds up what its knobs are", hooks: ["process"] }] and (.knobs | length) == 15 and
	(.knobs[] | select(.name == "size")) == { name: "size", default: 4096, type: "u64", min: 512, max: 1073741824, unit: "bytes", at_load: false, help: "a size" } and
	(.knobs[] | select(.name == "distance")) == { name: "distance", default: "NEAR", type: "enum distance", values: ["NEAR", "FAR"], at_load: false, help: "a word of eight bytes" }' \
	unifiedctl -j policy help $progs/knobs.bpf.o
ok "of one that comes along" says "rate    " unifiedctl policy help ratelimit_source
ok "of one without knobs" says "no knobs" unifiedctl pol help pass
ok "without a name it is about words" says "Usage: unifiedctl policy load" unifiedctl policy help
refused "of what is not there" "no policy 'nobody'" unifiedctl policy help nobody
refused "of what is no policy" "has no policy" unifiedctl policy help $progs/foreign.bpf.o
ok "a wrong declaration says so" json '[.knobs[] | select(.wrong and .default == null)] | length == 6' unifiedctl -j policy help $progs/knobs_wrong.bpf.o
refused "and is not loaded" "knob 'backwards' of '$progs/knobs_wrong.bpf.o' is not declared as it should be: its range" unifiedctl policy load $progs/knobs_wrong.bpf.o

# --- at load --------------------------------------------------------------------------
# Its file has another name, and so have its maps.
cp $progs/knobs.bpf.o "other,name.bpf.o"
ok "it loads from a file with a comma" says knobs unifiedctl policy load other,name.bpf.o
ok "with what was declared" has '$knob == { on: false, of_u8: 1, of_s8: -1, of_u16: 2, of_s16: -2, of_u32: 4, of_s32: -4, of_u64: 8, of_s64: -8,
	size: 4096, speed: "SLOW", distance: "NEAR", word: "abc", fixed: 5, magic: "ABCD" }'
ok "which are all but counters" has '$counter == { calls: 0, sum: 0, by_size: [0, 0, 0, 0], level: -3, called: false, first: "" }'
unifiedctl policy unload knobs
mv other,name.bpf.o other.bpf.o
all=on=true,of_u8=200,of_s8=-128,of_u16=65535,of_s16=-300,of_u32=4294967295,of_s32=-2147483648,of_u64=18446744073709551615,of_s64=-9223372036854775808
all+=,size=1G,speed=FAST,distance=FAR,word='a\,\x00\\f',fixed=10,magic=WXYZ
ok "every knob is set" unifiedctl policy load "other.bpf.o,$all"
# The largest numbers are more than jq has: of the text.
ok "and is shown so" says '"value":18446744073709551615' show knobs
ok "also below zero" says '"value":-9223372036854775808' show knobs
ok "and all others" has '[$knob[]] - [$knob.of_u64, $knob.of_s64] == [true, 200, -128, 65535, -300, 4294967295, -2147483648, 1073741824, "FAST", "FAR", "a,\\x00\\\\f", 10, "WXYZ"]'
ok "as text, too" says "'a,\\x00\\\\f'" unifiedctl policy show knobs
ok "with units" says "1 GiB" unifiedctl policy show knobs
run
# of_u64 is -1 here, and of_s64 makes up for the rest: it wraps around.
ok "a program sees all of it" has '.counters.called and .counters.calls == 1'
unifiedctl policy set knobs of_u64=0 of_s64=0
run
ok "each in its place" has "\$counter.sum == 1 + 200 - 128 + 65535 - 300 + 4294967295 - 2147483648 + 0 + 1073741824 + 7 + 1099511627776 + 10 + $((97 + 44 + 0 + 92 + 102)) + $((87 + 88 + 89 + 90))"

# --- counters -----------------------------------------------------------------------------
ok "counters count" has '$counter.calls == 2 and $counter.by_size == [0, 2, 0, 0] and $counter.level == -1 and $counter.first == "1234"'
ok "they are told as text" says "0 2 0 0" unifiedctl policy show knobs
ok "one is set to 0" unifiedctl policy set knobs calls=0
ok "and no other" has '$counter.calls == 0 and $counter.by_size == [0, 2, 0, 0] and $counter.level == -1'
ok "all of an array" unifiedctl policy set knobs by_size=7
ok "have it" has '$counter.by_size == [7, 7, 7, 7] and $counter.calls == 0'
ok "what has no such name is not shown" has '[$counter, $knob | has("of_this_file", "pair", "many", "elsewhere", "no_knob")] | any | not'

# --- while it runs -----------------------------------------------------------------------------
ok "several are set" json '. == { set: "knobs", values: { of_u8: 3, speed: "SLOW", word: "xyz" } }' unifiedctl -j policy set knobs of_u8=3 speed=SLOW word=xyz
ok "and are so" has '$knob.of_u8 == 3 and $knob.speed == "SLOW" and $knob.word == "xyz" and $knob.on == true and $knob.of_s8 == -128'
run
ok "a program sees it" has "\$counter.sum == 1 + 3 - 128 + 65535 - 300 + 4294967295 - 2147483648 + 0 + 1073741824 + 1 + 1099511627776 + 10 + $((120 + 121 + 122)) + $((87 + 88 + 89 + 90))"
alone() { strace -qq -o calls -e trace=bpf unifiedctl policy set knobs of_u8=3; ! grep MAP_UPDATE_ELEM calls && grep -q OBJ_GET_INFO_BY_FD calls; }
ok "and nothing was written but that" alone
refused "a constant is not set then" "'fixed' is set at load, and stays as it is while 'knobs' runs" unifiedctl policy set knobs fixed=7
refused "and nothing is when one is wrong" "'fixed' is set at load" unifiedctl policy set knobs of_u8=4 fixed=7
ok "not even what was right" has '$knob.of_u8 == 3 and $knob.fixed == 10'
ok "of a stranger" ends 1 "no policy 'nobody'" unifiedctl policy set nobody of_u8=1

# --- wrong words ----------------------------------------------------------------------------------
while IFS='|' read -r words setting; do
	ok "set $setting: $words" ends 2 "$words" unifiedctl policy set knobs "$setting"
	[[ $setting = call* ]] || ok "load, $setting" ends 2 "${words/ or counter}" unifiedctl policy load "other.bpf.o,$setting"
done <<-END
	of_u8 '0': u8 is meant, from 1 to 200|of_u8=0
	of_u8 '201': u8 is meant, from 1 to 200|of_u8=201
	of_u8 '256': u8 is meant, from 1 to 200|of_u8=256
	of_u8 '-1': u8 is meant, from 1 to 200|of_u8=-1
	of_u8 '1K': u8 is meant, from 1 to 200|of_u8=1K
	of_u8 '': u8 is meant, from 1 to 200|of_u8=
	of_s8 '128': s8 is meant, from -128 to 127|of_s8=128
	of_s8 '-129': s8 is meant, from -128 to 127|of_s8=-129
	of_s8 '--1': s8 is meant|of_s8=--1
	of_u16 '65536': u16 is meant, from 0 to 65535|of_u16=65536
	of_u16 '1K': u16 is meant, from 0 to 65535|of_u16=1K
	of_s16 '-301': s16 is meant, from -300 to 300|of_s16=-301
	of_u32 '4294967296': u32 is meant, from 0 to 4294967295|of_u32=4294967296
	of_s32 '2147483648': s32 is meant, from -2147483648 to 2147483647|of_s32=2147483648
	of_u64 '18446744073709551616': u64 is meant, from 0 to 18446744073709551615|of_u64=18446744073709551616
	of_s64 '9223372036854775808': s64 is meant, from -9223372036854775808 to 9223372036854775807|of_s64=9223372036854775808
	of_s64 '-9223372036854775809': s64 is meant|of_s64=-9223372036854775809
	of_u32 'many': u32 is meant|of_u32=many
	size '2G': u64 is meant, from 512 B to 1 GiB|size=2G
	size '1X': u64 is meant|size=1X
	on 'maybe': bool is meant, true or false|on=maybe
	on '2': bool is meant, true or false|on=2
	speed '7': enum speed is meant, one of SLOW, FAST|speed=7
	speed 'slow': enum speed is meant, one of SLOW, FAST|speed=slow
	distance 'AWAY': enum distance is meant, one of NEAR, FAR|distance=AWAY
	word 'abcdefg': char[6] is meant, up to 6 bytes|word=abcdefg
	word '\q': char[6] is meant|word=\q
	word '\x1': char[6] is meant|word=\x1
	has no knob or counter 'of_u9', only|of_u9=1
	Is 'of_u8' meant?|of_u=1
	Is 'speed' meant?|sped=FAST
	has no knob or counter 'no_knob', only|no_knob=2
	has no knob or counter 'of_this_file', only|of_this_file=2
	Is 'calls' meant?|call=0
	calls '-1': u64 is meant, from 0 to|calls=-1
	KNOB=VALUE is meant|of_u8
	KNOB=VALUE is meant|=1
END
ok "all knobs are told" says "on, of_u8, of_s8, of_u16" sh -c '! unifiedctl policy set knobs nothing=1 2>&1'
ok "no counter among them at load" ends 2 "has no knob 'none', only on, of_u8, of_s8, of_u16, of_s16, of_u32, of_s32, of_u64, of_s64, size, speed, distance, word, fixed, magic" \
	unifiedctl policy load other.bpf.o,none=1
ok "a counter is none at load" ends 2 "has no knob 'calls', only" unifiedctl policy load other.bpf.o,calls=1
ok "nor is what stands behind a comma" ends 2 "'': KNOB=VALUE is meant" unifiedctl policy load other.bpf.o,of_u8=1,
ok "one is set twice" ends 2 "'of_u8' is set twice" unifiedctl policy load other.bpf.o,of_u8=1,on=true,of_u8=2
ok "while it runs" ends 2 "'of_u8' is set twice" unifiedctl policy set knobs of_u8=1 of_u8=2
ok "knobs of one that has none" ends 2 "'pass' has no knob: what is 'x'?" unifiedctl policy load pass,x=1
ok "as JSON" json '.error | test("from 1 to 200")' unifiedctl -j policy set knobs of_u8=0
ok "none of that did anything" has '$knob.of_u8 == 3 and $knob.speed == "SLOW" and $knob.word == "xyz" and $knob.fixed == 10'

# --- replaced --------------------------------------------------------------------------------------------
run
ok "with --keep" unifiedctl policy replace $progs/knobs_next.bpf.o,size=2K --keep
ok "what is of the same name and type stays" has '$knob.of_u8 == 3 and $knob.fixed == 10 and $knob.magic == "WXYZ" and $counter.calls == 2 and $counter.by_size == [7, 9, 7, 7]'
ok "what is of another type does not" has '$knob.of_u16 == 16 and $knob.word == "next"'
ok "what was set is so" has '$knob.size == 2048'
ok "what is new is as it is declared" has '$knob.fresh == true and $counter.since == 0'
ok "a value that the next one does not have" unifiedctl policy replace other.bpf.o,of_u8=150 --keep
refused "is told" "'of_u8' has a value that is out of its range" unifiedctl policy replace $progs/knobs_next.bpf.o --keep
ok "and may be set" unifiedctl policy replace $progs/knobs_next.bpf.o,of_u8=100 --keep
ok "to this" has '$knob.of_u8 == 100 and $counter.calls == 2'
ok "without it" unifiedctl policy replace $progs/knobs_next.bpf.o
ok "all is as it was declared" has '$knob.of_u8 == 9 and $knob.size == 1024 and $knob.magic == "EFGH" and $counter.calls == 0 and $counter.by_size == [0, 0, 0, 0]'
unifiedctl policy unload knobs

# --- what cannot be set ------------------------------------------------------------------------------------
ok "variables that are hidden" unifiedctl policy load $progs/knobs_odd.bpf.o,stiff=3,crooked=0x01020304
ok "are set at load" json '[.knobs[].value] == [3, 16909060]' show odd
refused "and not later" "created without BPF_F_MMAPABLE" unifiedctl policy set odd stiff=4
refused "nor what is not aligned" "it is not aligned" unifiedctl policy set odd crooked=4
refused "nor what nothing uses" "no program of 'odd' uses the section .bss, where 'idle' is" unifiedctl policy set odd idle=4
ok "which is shown so" says "not used by any program" unifiedctl policy show odd
ok "as JSON" json '.counters == { idle: null } and [.knobs[].value] == [3, 16909060]' show odd
unifiedctl policy unload odd

# --- of whoever loaded it --------------------------------------------------------------------------------------
mkdir -p /sys/fs/bpf/by-bpftool
bpftool struct_ops register /unified/policies/retry.bpf.o /sys/fs/bpf/by-bpftool >/dev/null 2>&1
ok "a policy that bpftool loaded" unifiedctl policy set retry tries=5
ok "has a knob" json '.knobs[0].value == 5 and .counters.retried == 0' show retry
unifiedctl policy unload retry
rm -rf /sys/fs/bpf/by-bpftool

# --- an operation, and a stream, that go on when the rate is another one -------------------------------------------
drive=/dev/$(drive 0)
unifiedctl policy load ratelimit,rate=1,burst=0 >/dev/null
unifiedctl io write "$drive" --file /dev/zero --bytes 4M --policy ratelimit &
pid=$!
ok "operations wait" until_true json '.counters.refused > 10' show ratelimit
ok "for a rate of a byte a second" kill -0 $pid
ok "which is set to more" unifiedctl policy set ratelimit rate=16G burst=4G
wait $pid
ok "and they are done" test $? -eq 0
unifiedctl policy unload ratelimit
refused "io has knobs set where a policy is loaded" "policies that are loaded" unifiedctl io flush "$drive" --policy ratelimit_source,rate=10M,burst=64M

ip link set lo up
head -c 4M /dev/urandom >data
ingest() { unifiedctl -j ingest run --listen 127.0.0.1:9000 --recv --target "$drive" --count 1 --policy "$1"; }
ok "a wrong knob ends ingest" ends 2 "Is 'rate' meant?" ingest ratelimit_source,rat=1
unifiedctl policy load ratelimit_source >/dev/null
refused "and so do knobs of what others have" "is loaded already, and others may have it" ingest ratelimit_source,rate=1
unifiedctl policy unload ratelimit_source
ingest ratelimit_source,rate=1,burst=64K >report &
pid=$!
ok "ingest, a byte a second" listening 9000
timeout 200 socat -u OPEN:data TCP:127.0.0.1:9000 &
ok "a stream is paused" until_true json '.counters.paused > 0' show ratelimit_source
ok "at the rate that was asked for" json '.knobs[0].value == 1 and .knobs[1].value == 65536' show ratelimit_source
ok "it goes on with another one" unifiedctl policy set ratelimit_source rate=16G
wait $pid
ok "to its end" test $? -eq 0
ok "and is all there" cmp -n 4194304 data <(dd if="$drive" bs=1M count=4 iflag=direct status=none)
finish
