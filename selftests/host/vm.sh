#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What "make vm RUN=... FILES=..." is made of: files go in, output streams, what
# the script leaves comes out, its status is returned, and time is limited.
. selftests/selftest.sh

work=$(mktemp -d)
mkdir "$work/elsewhere"
printf '#!/bin/sh\ncat a.data; echo left >left; ls /unified/unifiedctl; exit 7\n' >"$work/elsewhere/job.sh"
echo "what goes in" >"$work/a.data"
dir=$(selftests/vm/stage "$OUT" "$work/elsewhere/job.sh" "$work/a.data")

vm() { selftests/vm/vm --exchange "$dir" --nvme none --nic 0 "$@" "$OUT"; }

said=$(vm --run job.sh 2>&1)
status=$? output=$said
result "$((status != 7))" "the script's exit status is returned"
ok "its output, and the file it was given" grep -q "what goes in" <<<"$said"
ok "the build is under /unified" grep -q /unified/unifiedctl <<<"$said"
ok "what it leaves is in the exchange directory" grep -q left "$dir/left"
ok "the kernel's log is kept" grep -q "Linux version" "$dir/console"

printf '#!/bin/sh\nsleep 1000\n' >"$dir/job.sh"
output=$(vm --run job.sh --timeout 12 2>&1)
status=$?
result "$((status != 124))" "a script that does not end is ended: 124"

output=$(vm --run job.sh --boots-within 1 2>&1)
status=$?
result "$((status != 125))" "a VM that does not boot is started again, and given up"
ok "which is said" grep -q "did not boot in 1 s, try 3 of 3" <<<"$output"

printf '#!/bin/sh\ncat /unified/probe; : >first; until [ -e second ]; do sleep 0.1; done; cat /unified/probe\n' >"$dir/job.sh"
echo "an old build" >"$OUT/probe"
vm --run job.sh --timeout 200 >"$work/said" 2>&1 &
for _ in {1..1500}; do [ -e "$dir/first" ] && break; sleep 0.1; done
echo "a new build" >"$OUT/probe"
: >"$dir/second"
wait
rm -f "$OUT/probe"
ok "a VM that runs sees a new build" says "a new build" cat "$work/said"

refused "an unknown option" "no option '--nvm'" vm --run job.sh --nvm 1G
refused "an unknown drive setting" "no setting 'lbs=1'" vm --run job.sh --nvme 1G,lbs=1
refused "a size that is none" "is no size" vm --run job.sh --nvme much
rm -rf "$work" "$dir"
finish
