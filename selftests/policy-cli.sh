#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# unifiedctl attaches policies to regions, detaches, shows and replaces them.
. selftest.sh

json() { "${@:2}" 2>&1 | jq -e "$1"; }

unifiedctl -j region create size 4M >created &
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
refused "no region" "takes the name of a policy and the id" unifiedctl policy attach count
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
finish
