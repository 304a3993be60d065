#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 64M --nvme 64M
# Timeout: 240
#
# The policies that come along for unifiedctl ingest do what their comments say:
# streams are on the drives that they say, as they were sent, and nothing else is.
. selftest.sh

drives=("/dev/$(drive 0)" "/dev/$(drive 1)")

# ingest OPTION ... -- COMMAND ...: what the command sends; "report" is what became of it.
ingest() {
	local options=() status=0 pid
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	timeout 60 unifiedctl -j ingest run --listen 10.9.0.1:9000 --dev testnic0 --queues 3 \
		"${drives[@]/#/--target=}" "${options[@]}" >report 2>said &
	pid=$!
	listening 9000 || { cat said; return 1; }
	"$@"
	wait $pid || status=$?
	cat said
	jq -c . report
	return $status
}

# send FILE PORT [ADDRESS]: a stream from there.
send() { peer timeout 50 socat -u "OPEN:$1" "TCP:10.9.0.1:9000,reuseaddr,bind=${3-10.9.0.2}:$2"; }
report() { jq -r --arg port ":$1" ".streams_index[] | select(.from | endswith(\$port)) | $2" report; }
# The bytes of the stream from that port, as they are on a drive.
stored() {
	report "$1" '.extents[] | "\(.lba) \(.bytes)"' | while read -r lba bytes; do
		dd if="$2" iflag=direct,skip_bytes bs=64K skip=$((lba * 512)) count=$((bytes / 65536 + 1)) status=none |
			head -c "$bytes"
	done
}
same() { cmp <(stored "$1" "$2") "$3"; }
status() { local want=$1 got=0; shift; "$@" || got=$?; echo "status $got"; [ $got -eq "$want" ]; }

head -c 1000001 /dev/urandom >plain
(printf UIO1; head -c 500000 /dev/urandom) >magic
printf UI >short
ok "the NIC" testnic_up

ok "mirror" ingest --policy mirror --count 1 -- send plain 4000
ok "the stream is on the first drive" same 4000 "${drives[0]}" plain
ok "and on the second" same 4000 "${drives[1]}" plain
ok "which the report says" test "$(report 4000 '.targets | length')" -eq 2

several() { local port; for port in {4001..4008}; do send magic "$port" || return; done; }
where() { local port; for port in {4001..4008}; do report "$port" '.targets[]'; done; }
spread() { local port; for port in {4001..4008}; do same "$port" "$(report "$port" '.targets[]')" magic || return; done; }
ok "shard_flow" ingest --policy shard_flow --count 8 -- several
ok "each stream is where the report says" spread
ok "of one drive or the other" test "$(where | sort -u | wc -l)" -eq 2 -a "$(where | wc -l)" -eq 8
before=$(where)
ok "once more" ingest --policy shard_flow --count 8 -- several
ok "each is on the same drive" test "$(where)" = "$before"

# Who sends what is refused is told so, though it goes on waiting.
waits() { peer timeout 20 bash -c 'exec 3<>/dev/tcp/10.9.0.1/9000; echo hello >&3; cat <&3' 2>/dev/null; [ $? -ne 124 ]; }
mixed() { send magic 4011; send plain 4012; send short 4013; waits; }
ok "filter, and streams that it refuses" status 4 ingest --policy filter --count 4 -- mixed
ok "what begins as it should is stored" same 4011 "${drives[0]}" magic
ok "the rest is not" test "$(jq '[.stored, .lost, .failed] | join(" ")' -r report)" = "500004 0 3"
ok "and it is said why" test "$(report 4012 .error)" = "Bad message"
ok "also of what is too short" test "$(report 4013 '"\(.error) \(.bytes)"')" = "Bad message 0"

peer ip addr add 10.9.0.3/24 dev testnic1
head -c 3M /dev/urandom >much
limited() { send much 4021 & send short 4022 10.9.0.3; wait $!; }
ok "ratelimit_source at 1 MiB a second, two addresses" ingest --policy ratelimit_source,rate=1M,burst=100K --count 2 -- limited
ok "one was paused" test "$(jq '.paused > 0' report)" = true
ok "and nothing of it is missing" same 4021 "${drives[0]}" much
ok "nor of the other" same 4022 "${drives[0]}" short

# So slow that it does not go on while the test runs: the sender gets no further.
head -c 32M /dev/urandom >plenty
stalled() {
	send plenty 4023 &
	local first=$! was acked=
	for _ in {1..30}; do
		was=$acked acked=$(peer ss -Htni "sport = :4023" | grep -o "bytes_acked:[0-9]*")
		[ -z "$acked" ] || [ "$acked" != "$was" ] || { touch held; break; }
		sleep 1
	done
	send short 4024 10.9.0.3
	kill -INT "$pid"
	wait $first
}
ok "an address that sends more than 16 bytes a second" ingest --policy ratelimit_source,rate=16,burst=16 --count 3 -- stalled
ok "is held back" test -e held
ok "and no more stored than what came before that" test "$(report 4023 '.bytes < 16777216')" = true
ok "another goes through meanwhile" same 4024 "${drives[0]}" short

ok "filter and ratelimit_source" ingest --policy ratelimit_source --policy filter --count 1 -- send magic 4031
ok "ask for the beginning once only" same 4031 "${drives[0]}" magic
finish
