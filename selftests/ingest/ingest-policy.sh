#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 300
#
# What becomes of a stream is for policies to say: which targets have it, or none,
# whether it ends there, or waits. They come, go and are replaced while streams are
# received. The sender's port tells the test's policy what to answer.
. selftest.sh
. ingest-lib.inc

progs=/unified/selftests/progs
a=/dev/$(drive 0) b=/dev/$(drive 2)
from() { send "$2" "sourceport=$1" && settled; }
goes_to() { counted ".streams_index[$1 - 1] | .targets == [\"$2\"${3:+,\"$3\"}] and .complete"; }

random 100001 two three four
# The policy that is asked about each fragment keeps what begins with a K.
tr -d K </dev/urandom | head -c 100001 >one
ok "the NIC" nic
starts "a policy" --listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$a" --target "$b" --policy $progs/ingest_policy.bpf.o \
	--count 13 --flush 20
region=$(unifiedctl -j region list | jq '.[0].id')
from 5001 one		# 1
from 5002 two		# 2
from 5003 three		# 3
from 5004 one		# 4
from 5005 one 2>/dev/null	# 5
from 5006 four		# 6
from 5007 four 2>/dev/null	# 7
(cat one; sleep 2) | peer timeout 100 socat -u - "$to,sourceport=5103"	# 8; open when it is asked again
settled
from 5008 two		# 9
ok "another takes its place, which is asked about each fragment" unifiedctl policy replace $progs/ingest_fragments.bpf.o
from 5009 one		# 10
mkfifo pipe
peer timeout 100 socat -u OPEN:pipe "$to,sourceport=5010" &	# 11
exec 3>pipe
cat one >&3
sleep 2
ok "it goes, in the middle of a stream" unifiedctl policy detach by_port "$region"
cat two >&3
exec 3>&-
settled
from 5011 three		# 12
ok "another comes" sh -c "unifiedctl policy load mirror && unifiedctl policy attach mirror $region"
from 5012 four		# 13
ends "some had an error" 4
ok "the first target" goes_to 1 "$a"
ok "has it" is 1 one "$a"
ok "the second" goes_to 2 "$b"
ok "has it" is 2 two "$b"
ok "both" goes_to 3 "$a" "$b"
ok "have it, the first" is 3 three "$a"
ok "and the second" is 3 three "$b"
ok "not wanted" counted '.streams_index[3] | .dropped == 100001 and .extents == []'
ok "refused" counted '.streams_index[4] | .error == "Operation not permitted" and .complete == false and .extents == []'
ok "what is no verdict is none" is 6 four "$a"
ok "a target that is not there is an error" counted '.streams_index[6] | .complete == false and .error != null'
ok "later" counted '.paused >= 3'
ok "is not never" is 8 one "$a"
ok "who is not told goes to the first" goes_to 9 "$a"
ok "whole" is 9 two "$a"
beginning() { stored 10 "$a" >part && [ -s part ] && cmp -n "$(stat -c %s part)" part one && [ "$(stat -c %s part)" -lt 20000 ]; }
ok "the beginning of a stream, no more" beginning
ok "the rest was dropped" counted '.streams_index[9] | .dropped > 80000'
the_end() { cmp <(stored 11 "$a" | tail -c 100001) two; }
ok "all, from when the policy had gone" the_end
ok "without a policy, the first target" goes_to 12 "$a"
ok "has it" is 12 three "$a"
ok "mirrored" goes_to 13 "$a" "$b"
ok "here" is 13 four "$a"
ok "and there" is 13 four "$b"
ok "no buffer is left behind" counted "$zero_copy and .lost == 0 and .under_way == 0 and .buffers_held == 0"
unifiedctl policy unload mirror
refused "a policy that is not there" "no policy" unifiedctl ingest run --listen :9000 --recv --target "$a" --policy nobody
finish
