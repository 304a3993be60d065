#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# unifiedctl attaches policies to regions, detaches, shows, replaces and tries them.
# Timeout: 120
. selftest.sh

json() { "${@:2}" 2>&1 | jq -e "$1"; }

unifiedctl -j region create --size 4M >created &
region_pid=$!
for _ in {1..300}; do [ -s created ] && break; sleep 0.1; done
id=$(jq .id created)
unifiedctl policy load count >/dev/null
unifiedctl policy load pass >/dev/null

ok "a policy attaches to a region" unifiedctl policy attach count "$id"
ok "another, with JSON" json ".attach == \"pass\" and .region == $id" unifiedctl -j policy attach pass "$id"
refused "a second time" "already" unifiedctl policy attach count "$id"
ok "show" says "regions  $id" unifiedctl policy show count
ok "show, JSON" json ".regions == [$id] and .priority == -100 and .ejected == false" unifiedctl -j policy show count
ok "list, JSON" json 'map(.name) == ["count", "pass"]' unifiedctl -j policy list
ok "detach" unifiedctl policy detach count "$id"
refused "a second time" "not attached" unifiedctl policy detach count "$id"
refused "a policy that is not there" "no policy 'nobody'" unifiedctl policy attach nobody "$id"
refused "a region that is not there" "no region 99" unifiedctl policy attach count 99
refused "a region that is none" "is no id" unifiedctl policy attach count x
refused "no region" "REGION is missing" unifiedctl policy attach count
refused "show of a stranger" "no policy 'nobody'" unifiedctl policy show nobody

old=$(unifiedctl -j policy show pass | jq .map)
ok "replace" says pass unifiedctl policy replace /unified/selftests/progs/pass_next.bpf.o
ok "another map is there, under the same pin, at the same region" json \
	".map != $old and .pin == \"/sys/fs/bpf/unified/pass\" and .regions == [$id]" unifiedctl -j policy show pass
refused "replace of what is not there" "no policy 'filter'" unifiedctl policy replace /unified/policies/filter.bpf.o
unifiedctl policy unload pass
refused "nor of what was unloaded" "no policy 'pass'" unifiedctl policy replace /unified/selftests/progs/pass_next.bpf.o
ok "unload while it is attached" unifiedctl policy attach count "$id"
ok "ends it" unifiedctl policy unload count
ok "none is left" says "no policy" unifiedctl policy list
kill $region_pid
wait $region_pid

twice() {
	head -c 300001 /dev/urandom >data
	unifiedctl policy try transform data >once && unifiedctl policy try transform <once >back &&
		! cmp -s data once && cmp data back
}
refuses() {
	local said
	said=$(echo UIO2 | unifiedctl policy try filter 2>/dev/null)
	[ $? -eq 1 ] && [ -z "$said" ]
}
for policy in filter transform pass; do unifiedctl policy load $policy >/dev/null; done
unifiedctl policy load /unified/selftests/progs/no_verdict.bpf.o >/dev/null
printf UIO1 >good
printf UIO2 >bad
ok "try: a policy changes data; twice is as it was" twice
ok "of no length, too" test -z "$(unifiedctl policy try transform </dev/null)"
ok "what a policy lets pass" says UIO1 unifiedctl policy try filter good
ok "and without that hook" says UIO2 unifiedctl policy try pass bad
refused "what it refuses, with its reason" "'filter' refused the data: Bad message" unifiedctl policy try filter bad
ok "nothing of it is printed" refuses
ok "JSON" json '.policy == "transform" and .bytes == 4 and .result == "ok"' unifiedctl -j policy try transform good
ok "JSON of a refusal" json '.result == "Bad message" and .errno == 74' unifiedctl -j policy try filter bad
refused "a verdict that is none" "is no verdict" unifiedctl policy try no_verdict good
ok "JSON of that" json '.result == "no verdict"' unifiedctl -j policy try no_verdict good
for _ in {1..8}; do unifiedctl policy try no_verdict good >/dev/null 2>&1; done
refused "until it is ejected" "was ejected" unifiedctl policy try no_verdict good
refused "a policy that is not there" "no policy 'nobody'" unifiedctl policy try nobody good
refused "a file that is not there" "cannot open 'nowhere'" unifiedctl policy try filter nowhere
refused "a directory" "Is a directory" unifiedctl policy try filter /tmp
refused "too many words" "too many arguments" unifiedctl policy try filter good bad
ok "no region stays" says "no region" unifiedctl region list
for policy in filter transform pass no_verdict; do ok "unload $policy" unifiedctl policy unload $policy; done
finish
