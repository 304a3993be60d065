#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# unifiedctl loads a policy that the module calls and that calls the module
# back, lists it, and unloads it; each wrong word gets a sentence.
. selftest.sh

ok "a policy loads by name" says pass unifiedctl policy load pass
ok "its link is pinned" test -e /sys/fs/bpf/unified/pass
ok "it is listed" says /sys/fs/bpf/unified/pass unifiedctl policy list
ok "the module counts it" says "1 policies" unifiedctl doctor
refused "the same name again" "registered already" unifiedctl policy load pass
refused "the module does not unload meanwhile" "in use" rmmod unified_io_region
ok "it unloads" unifiedctl policy unload pass
ok "its pin is gone" test ! -e /sys/fs/bpf/unified/pass
ok "nothing is listed" says "no policy" unifiedctl policy list

ok "it loads from a file" unifiedctl policy load /unified/policies/pass.bpf.o
ok "and unloads" unifiedctl policy unload pass

refused "unload of a stranger" "no policy 'nobody'" unifiedctl policy unload nobody
refused "a file that is not there" "nowhere.bpf.o" unifiedctl policy load nowhere.bpf.o
refused "a file that is no BPF object" "cannot open" unifiedctl policy load /etc/passwd
refused "an object without a policy" "no policy" unifiedctl policy load /unified/selftests/progs/no_policy.bpf.o
refused "a policy without a link" ".struct_ops.link" unifiedctl policy load /unified/selftests/progs/nolink.bpf.o
refused "another type's struct_ops" "no struct unified_region_ops" unifiedctl policy load /unified/selftests/progs/foreign.bpf.o
ok "nothing of those stays" says "no policy" unifiedctl policy list
refused "a directory" "cannot open" unifiedctl policy load /tmp
unifiedctl policy load pass >/dev/null
mv /sys/fs/bpf/unified/pass /sys/fs/bpf/unified/count 2>/dev/null || mkdir /sys/fs/bpf/unified/count
refused "a pin of that name that is another's" "taken by something else" unifiedctl policy load count
ok "which stays" says pass unifiedctl policy list
ok "it is unloaded by its name" unifiedctl policy unload pass
rm -rf /sys/fs/bpf/unified/count
for policy in count filter transform shard mirror retry ratelimit; do
	ok "$policy loads" says $policy unifiedctl policy load $policy
	ok "and unloads" unifiedctl policy unload $policy
done
refused "no argument" "POLICY is missing" unifiedctl policy load
refused "no such verb" "no verb 'lode'" unifiedctl policy lode
finish
