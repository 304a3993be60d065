#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Timeout: 300
#
# unifiedctl nic sets an interface up for zero-copy receive and makes it again
# what it was, whoever was killed meanwhile; it says what an interface lacks.
. selftest.sh

zcrx=/unified/selftests/iou-zcrx
[ -x $zcrx ] || skip_all "built without the kernel's source"
json() { "${@:2}" 2>&1 | jq -e "$1"; }
show() { json "$1" unifiedctl -j nic show testnic0; }
state=/run/unified-io/nic-testnic0

# All that ethtool knows, but for counters.
settings() {
	local option
	for option in -g -l -x -u -k; do ethtool $option testnic0 2>&1; done
}
remember() { settings >before; }
unchanged() { settings | diff before - && [ ! -e $state ]; }
with_command() { unifiedctl nic setup testnic0 --queues 1 --port 5000 -- "$@"; }
is_set_up() { for _ in {1..100}; do [ -e $state ] && show '.[0].rules == 2' && return; sleep 0.1; done; return 1; }

testnic_up
ip link set testnic0 down
refused "an interface that is down" "ip link set testnic0 up" unifiedctl nic setup testnic0 --queues 1
ok "which doctor sees" says "it is down" unifiedctl doctor
ip link set testnic0 up
ip addr add fd09::1/64 dev testnic0 nodad
ok "doctor finds the NIC fit" says "splits headers from data, 16 queues" unifiedctl doctor
ok "show" says "header split off" unifiedctl nic show testnic0
ok "show, JSON" show '.[0] | .driver == "unified_testnic" and .split == false and .channels.combined == 4 and .set_up == null and
	(.queues | length) == 4 and all(.queues[]; .napi > 0 and .memory == "driver" and .thread == null) and .lacks == []'
ok "all of them" json 'map(.name) | contains(["testnic0", "eth0"])' unifiedctl -j nic show

# --- a driver that splits unasked --------------------------------------------
receive() { $zcrx -s -p 5000 -i testnic0 -q 1 & }
bound() { for _ in {1..100}; do show '.[0].queues[1] | .memory == "io_uring" and .page_size == 4096' && return; sleep 0.1; done; return 1; }
ethtool --set-priv-flags testnic0 split-unasked on
ok "a split that nobody asked for" show '.[0].split'
unifiedctl nic setup testnic0 --queues 1 --port 5000 >/dev/null
receive
ok "is asked for, as a ring needs" bound
kill -9 $!
wait $! 2>/dev/null
ok "and is nobody's wish again" json '.[0].restored | index("tcp-data-split auto")' unifiedctl -j nic restore
ok "but stays on" show '.[0].split'
ethtool --set-priv-flags testnic0 split-unasked off

# --- what was asked for, and what a driver tells -------------------------------
tells() { ethtool --set-priv-flags testnic0 tell-config "$1"; }
set_up() { unifiedctl nic setup testnic0 --queues 1 >/dev/null; }
# wish WHAT: as the core has it, for a driver that tells what it does.
wish() { tells on && { show ".[0].split == $1"; local status=$?; tells off; return $status; }; }
ok "nobody has asked for it: off" show '.[0].split == false'
ok "is set up" set_up
ok "as was asked for" wish true
ok "and restored" says "tcp-data-split auto" unifiedctl nic restore
ok "to nobody's wish" wish null
tells on
ok "a driver that tells of none" says "header split auto" unifiedctl nic show testnic0
ok "is fit for it" show '.[0] | .split == null and .lacks == []'
ok "set up" set_up
ok "and restored likewise" says "tcp-data-split auto" unifiedctl nic restore
ok "to none" show '.[0].split == null'
ok "set up again" set_up
# A file of the version before, which knew on and off.
sed -i 's/^split-auto/split 0/' $state
ok "noted by the version before" says "tcp-data-split off" unifiedctl nic restore
tells off
ok "what somebody switched off" set_up
ok "is restored" says "tcp-data-split off" unifiedctl nic restore
ok "to his wish" wish false
ethtool -G testnic0 tcp-data-split on
set_up
unifiedctl nic restore >/dev/null
ok "and so is what somebody switched on" wish true
ethtool -G testnic0 tcp-data-split off

# --- one queue ---------------------------------------------------------------
remember
ok "one queue is set up" says "until unifiedctl nic restore testnic0" unifiedctl nic setup testnic0 --queues 1 --port 5000
ok "headers are split" show '.[0].split'
ok "hashed traffic stays away" show '.[0].rss | index(1) == null and (unique == [0, 2, 3])'
ok "rules send the port there, of both families" test "$(ethtool -u testnic0 | grep -c 'Direct to queue 1')" -eq 2
ok "nobody else reads what was noted" test "$(stat -c %a $state)" = 600
ok "it is told" show '.[0].set_up == { queues: [1], port: 5000, pid: null, abandoned: false }'
ok "the same again is done already" unifiedctl nic setup testnic0 --queues 1 --port 5000
refused "something else is not" "nic restore testnic0" unifiedctl nic setup testnic0 --queues 2 --port 5000
ok "restored, with JSON" json '.[0].name == "testnic0" and (.[0].restored | contains(["RSS table", "tcp-data-split off"]))' \
	unifiedctl -j nic restore testnic0
ok "it is what it was" unchanged
refused "once" "was not set up" unifiedctl nic restore testnic0
ok "of all, there is none" says "no interface was set up" unifiedctl nic restore
ok "one family" unifiedctl nic setup testnic0 --queues 1 --port 5000 --ipv6
ok "has one rule" show '.[0].rules == 1'
ok "it is enough for that family" unifiedctl nic setup testnic0 --queues 1 --port 5000 --ipv6
refused "but not for both" "for IPv6 alone" unifiedctl nic setup testnic0 --queues 1 --port 5000
ok "and goes with all" says "testnic0: n-tuple rule" unifiedctl nic restore
ok "unchanged again" unchanged
ok "no port" unifiedctl nic setup testnic0 --queues 1
ok "has no rule" show '.[0].rules == 0 and (.[0].rss | index(1) == null)'
unifiedctl nic restore >/dev/null
ethtool -L testnic0 combined 2 rx 2
remember
ok "two kinds of queues share one maximum" says "4 to receive, 16 at most" unifiedctl nic show testnic0
ok "more of those that are combined" unifiedctl nic setup testnic0 --queues 5
ok "are enough" show '.[0].channels | .rx == 2 and .combined == 4'
unifiedctl nic restore >/dev/null
ok "both are restored" unchanged
ethtool -L testnic0 combined 4 rx 0
remember
ok "with a thread" unifiedctl nic setup testnic0 --queues 1 --threaded
ok "that is one of the queue alone" show '.[0].queues | .[1].thread > 1 and .[0].thread == null'
ok "which is its NAPI's" grep -q "napi/testnic0" "/proc/$(unifiedctl -j nic show testnic0 | jq '.[0].queues[1].thread')/comm"
ok "and goes again" says "queue 1 polled without a thread" unifiedctl nic restore
ok "as it came" show 'all(.[0].queues[]; .thread == null)'

# --- another namespace, another name -----------------------------------------
unifiedctl nic setup testnic0 --queues 1 --port 5000 >/dev/null
refused "not from another network namespace" "in another network namespace" peer unifiedctl nic restore testnic0
ip link set testnic0 name nic8
ok "by another name it is the same" unifiedctl nic setup nic8 --queues 1 --port 5000
ok "which show knows" json '.[0].set_up.queues == [1]' unifiedctl -j nic show nic8
ip link add testnic0 type dummy
refused "who takes its name is not" "is of nic8" unifiedctl nic setup testnic0 --queues 1 --port 5000
ip link del testnic0
ok "it is restored" says "tcp-data-split off" unifiedctl nic restore nic8
ip link set nic8 name testnic0
ok "to what it was" unchanged

# --- several queues ----------------------------------------------------------
ok "several queues, more than there are" unifiedctl nic setup testnic0 --queues 1,5 --port 5000
ok "there are enough now" show '.[0].channels.combined == 6'
ok "the port has a table of its own" show '.[0].contexts == 1 and .[0].rules == 2 and (.[0].rss | index(1) == null and index(5) == null)'
ok "that spreads over these queues" test "$(ethtool -x testnic0 context 1 | grep -E '^ +[0-9]+:' | cut -d: -f2 | tr -s ' ' '\n' | sort -u | xargs)" = "1 5"
# Connections, of which each has a queue of its own by its hash: all the same one in 1 of 32768 runs.
connect() { for _ in {1..16}; do peer socat -u - "TCP:$1,connect-timeout=5" <<<word; done; }
arrived() {
	local one five
	one=$(testnic packets 1) five=$(testnic packets 5)
	"$@" >&2 || return
	echo $(($(testnic packets 1) - one)) $(($(testnic packets 5) - five))
}
both_grew() { [[ $(arrived connect "$1") =~ ^[1-9][0-9]*\ [1-9] ]]; }
neither_grew() { [ "$(arrived "$@")" = "0 0" ]; }
socat -u TCP6-LISTEN:5000,fork,reuseaddr OPEN:/dev/null &
socat -u TCP6-LISTEN:6000,fork,reuseaddr OPEN:/dev/null &
listening 5000 && listening 6000
ok "connections to the port come to both" both_grew 10.9.0.1:5000
ok "also those of IPv6" both_grew '[fd09::1]:5000'
ok "other connections to neither" neither_grew connect 10.9.0.1:6000
ok "nor what is not TCP" neither_grew peer ping -q -c 3 -i 0.2 10.9.0.1
pkill socat
ok "restored" says "queues 4" unifiedctl nic restore testnic0
ok "it is as before" unchanged
ethtool -L testnic0 combined 16
ok "the table is the driver's again, which fills it for more queues" show '.[0].rss | unique | length == 16'
remember
ok "all queues there can be" says "all its traffic" unifiedctl nic setup testnic0 --queues 0-15 --port 5000
ok "need no rule" show '.[0].rules == 0 and .[0].contexts == 0'
ok "and are restored" unifiedctl nic restore
ok "as they were" unchanged

# --- other beginnings --------------------------------------------------------
ethtool -L testnic0 combined 4
ethtool -X testnic0 weight 3 1 1 1
remember
lose_queues() { ethtool -X testnic0 equal 1 && ethtool -L testnic0 combined 2; }
unifiedctl nic setup testnic0 --queues 5 >/dev/null
lose_queues
ok "queues that went come back, as there were more" unifiedctl nic restore
ok "all that there were" unchanged
unifiedctl nic setup testnic0 --queues 1 >/dev/null
lose_queues
ok "or the table goes with them" says "as queues have gone" unifiedctl nic restore
ok "and the driver has its own" show '.[0].rss | unique == [0, 1]'
ethtool -L testnic0 combined 2
ethtool -X testnic0 weight 3 1
ethtool -K testnic0 ntuple off
remember
ok "no n-tuple, a table of one's own, the last queue" unifiedctl nic setup testnic0 --queues 1 --port 5000
ok "it is on" show '.[0].ntuple'
ok "all is restored" says "n-tuple off" unifiedctl nic restore
ok "to what it was" unchanged
unifiedctl nic setup testnic0 --queues 1 --port 5000 >/dev/null
ethtool -N testnic0 flow-type tcp4 dst-port 6000 action 0 loc 9 >/dev/null
ok "n-tuple is left to a rule of somebody else's" says "n-tuple stays on" unifiedctl nic restore
ok "which works on" show '.[0].ntuple and .[0].rules == 1'
ethtool -N testnic0 delete 9
ethtool -K testnic0 ntuple off
# ethtool of Debian 13 cannot set this.
ok "a threshold" unifiedctl nic setup testnic0 --queues 1
sed -i 's/^end/threshold 99\nend/' $state
ok "is restored" says "hds-thresh 99" unifiedctl nic restore
ok "and seen" show '.[0].threshold == 99'
ok "and set to nothing" unifiedctl nic setup testnic0 --queues 1
ok "as it must be" show '.[0].threshold == 0'
unifiedctl nic restore >/dev/null
ok "and restored again" show '.[0].threshold == 99'

# --- owners ------------------------------------------------------------------
remember
ok "with a command, which ends" test "$(with_command cat $state | grep -c '^rule ')" -eq 2
ok "it is restored" unchanged
with_command sh -c 'exit 7' >/dev/null 2>&1
ok "the status is the command's" test $? -eq 7
unifiedctl nic setup testnic0 --queues 1 --port 5000 -- sleep 1000 &
ok "while one runs" is_set_up
refused "nothing is restored" "process $!, which set it up, is running: end it, or take it from it: unifiedctl nic restore testnic0 --force" unifiedctl nic restore testnic0
refused "nor set up" "process $!" unifiedctl nic setup testnic0 --queues 1 --port 5000
refused "not even with JSON" '"errno":16' unifiedctl -j nic restore testnic0
ok "by force, it is" unifiedctl nic restore testnic0 --force
ok "all of it" unchanged
unifiedctl nic setup testnic0 --queues 2 --port 5000 >/dev/null
kill $!
wait $!
others() { show '.[0].set_up == { queues: [2], port: 5000, pid: null, abandoned: false } and .[0].rules == 2'; }
ok "the end of who did it changes nothing of another set-up" others
unifiedctl nic restore >/dev/null
ok "or of what was" unchanged

unifiedctl nic setup testnic0 --queues 1 --port 5000 -- sleep 1000 &
is_set_up >/dev/null
kill -9 $!
wait $! 2>/dev/null
ok "one that was killed is seen" show '.[0].set_up.abandoned'
ok "by doctor, too" says "who set it up was killed" unifiedctl doctor
ok "and made good" unifiedctl nic restore testnic0
ok "in all" unchanged
unifiedctl nic setup testnic0 --queues 1 --port 5000 -- sleep 1000 &
is_set_up >/dev/null
kill -9 $!
wait $! 2>/dev/null
ok "or by the next set-up" with_command test -e $state
ok "which restores what was before both" unchanged
sh -c 'unifiedctl nic setup testnic0 --queues 1 --port 5000 -- sleep 1000 & exec sleep 1001' &
is_set_up >/dev/null
kill -9 "$(unifiedctl -j nic show testnic0 | jq '.[0].set_up.pid')"
ok "one whose end nobody has seen is not running" unifiedctl nic restore testnic0
pkill sleep
unifiedctl nic setup testnic0 --queues 1 --port 5000 -- sleep 1000 &
is_set_up >/dev/null
kill -9 $!
wait $! 2>/dev/null
strace -qq -o calls -e trace=sendto -e inject=sendto:delay_enter=2000000:when=1 unifiedctl nic restore testnic0 >/dev/null &
for _ in {1..50}; do [ -s calls ] && break; sleep 0.1; done
unifiedctl nic setup testnic0 --queues 2 --port 5000 >/dev/null
wait $!
ok "a slow restore keeps its hands off the next set-up" others
unifiedctl nic restore >/dev/null
ok "which restores the same" unchanged
pkill sleep

# --- a queue in use ----------------------------------------------------------
unifiedctl nic setup testnic0 --queues 1 --port 5000 >/dev/null
receive
ok "a queue with io_uring's memory" bound
refused "which keeps the split on" "queue 1 is bound to a ring" unifiedctl nic restore testnic0
ok "nothing was restored" show '.[0].rules == 2 and .[0].set_up'
ip link set testnic0 down
refused "nor is it while the interface is down, as the kernel says" "memory provider" unifiedctl nic restore testnic0
ip link set testnic0 up
kill -9 $!
wait $! 2>/dev/null
ok "until it is gone" unifiedctl nic restore testnic0
ok "and then all is" unchanged

# --- what others did ---------------------------------------------------------
ethtool -K testnic0 ntuple on
ethtool -N testnic0 flow-type tcp4 dst-port 5000 action 0 loc 9 >/dev/null
refused "a rule for that port" "n-tuple rule 9 steers TCP port 5000 already" unifiedctl nic setup testnic0 --queues 1 --port 5000
ethtool -N testnic0 flow-type tcp4 src-ip 10.9.0.9 dst-port 5000 action 1 loc 9 >/dev/null
refused "one for some of it" "n-tuple rule 9 steers TCP port 5000 already" unifiedctl nic setup testnic0 --queues 1 --port 5000
ethtool -N testnic0 flow-type tcp4 dst-port 5000 action 1 loc 9 >/dev/null
remember
ok "one that does the same" unifiedctl nic setup testnic0 --queues 1 --port 5000
unifiedctl nic restore >/dev/null
ok "stays" unchanged
ethtool -N testnic0 delete 9
unifiedctl nic setup testnic0 --queues 1 --port 5000 >/dev/null
ethtool -N testnic0 flow-type tcp4 dst-port 6000 action 0 loc 63 >/dev/null
ok "a rule in the place of ours" unifiedctl nic restore
ok "stays, too" test "$(ethtool -u testnic0 | grep -c 'port: 6000')" -eq 1
ethtool -N testnic0 delete 63
remember
unifiedctl nic setup testnic0 --queues 1 --port 5000 >/dev/null
cp $state kept
for line in "version 1" "split" "split x" "split 1 1" "rule 5 1 1" "nonsense 1" "queues" "port 65536" "threshold 99999999999999999999"; do
	sed "s/^end/$line\nend/" kept >$state
	refused "noted: $line" "makes no sense" unifiedctl nic restore testnic0
done
head -n -1 kept >$state
refused "noted in part" "makes no sense" unifiedctl nic restore testnic0
cp kept $state
ok "noted well" unifiedctl nic restore testnic0
ok "no harm was done" unchanged

# --- what an interface lacks -------------------------------------------------
ip link add dummy7 type dummy
ip link set dummy7 up
refused "a driver without header split" "cannot split headers from data" unifiedctl nic setup dummy7 --queues 0
refused "a loopback" "use ingest run --recv" unifiedctl nic setup lo --queues 0
ok "which show tells, too" json '.[0].lacks[0] | contains("tcp-data-split")' unifiedctl -j nic show dummy7
ok "and doctor" says "virtio_net: its driver cannot split" unifiedctl doctor
refused "no such interface" "ip link" unifiedctl nic setup nic9 --queues 0
refused "nor one to show" "ip link" unifiedctl nic show nic9
refused "no such queue" "no queue 16: it can have 16" unifiedctl nic setup testnic0 --queues 16
ip link set dev testnic0 xdpgeneric obj /unified/selftests/progs/xdp-pass.bpf.o sec xdp
refused "an XDP program" "ip link set testnic0 xdp off" unifiedctl nic setup testnic0 --queues 1
ok "which doctor sees" says "an XDP program is attached" unifiedctl doctor
ip link set dev testnic0 xdpgeneric off
rm -rf /sys/fs/bpf/{ip,tc,xdp}
as_nobody() { setpriv --reuid 65534 --clear-groups "$@"; }
ip link del dummy7
refused "an ordinary user" "run as root" as_nobody unifiedctl nic setup testnic0 --queues 1 --port 5000
ok "who can look" as_nobody unifiedctl nic show testnic0
unifiedctl nic setup testnic0 --queues 1 >/dev/null
refused "and restores nothing" "run as root" as_nobody unifiedctl nic restore testnic0
rmmod unified_testnic
ok "an interface that has gone" says "has gone" unifiedctl nic restore testnic0
ok "is forgotten" says "no interface was set up" unifiedctl nic restore
finish
