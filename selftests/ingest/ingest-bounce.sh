#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M
# Timeout: 400
#
# What a device cannot take where it is the module copies for it, and unifiedctl ingest
# tells. With --require-zero-copy it ends there, before the first byte is copied; what
# had come is stored all the same.
. selftest.sh
. ingest-lib.inc

random 300001 first
random 3M much
ok "the NIC" nic
mtu 1500

# A device that wants whole sectors of memory; packets have 1448 bytes.
modprobe null_blk memory_backed=1 gb=1 && disk=/dev/nullb0
zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk")
starts "a device that cannot take what comes as it is" "${zcrx[@]}" --count 1
send first
ends "it ends" 0
ok "that is copied, and counted" counted '.bytes_copied.device > 0 and .bytes_dma == 300001'
# The module says no before it copies: EADDRNOTAVAIL.
tracing=/sys/kernel/tracing
echo 'res == -99' >$tracing/events/unified/unified_complete/filter
echo 1 >$tracing/events/unified/unified_complete/enable
starts "with --require-zero-copy" "${zcrx[@]}" --require-zero-copy --count 9
send much 2>/dev/null
ends "it ends there" 3 "a device cannot take them where they are"
ok "early" counted '.streams_index[0].bytes < 3145728'
ok "before it was copied" grep -q unified_complete: $tracing/trace
echo 0 >$tracing/events/unified/enable
echo 0 >$tracing/events/unified/unified_complete/filter
echo >$tracing/trace
ok "what had come is stored, for which it is copied" counted "$all_stored and .bytes_copied.device > 0"
whole() { cmp -n "$(jq '.streams_index[0].bytes' report)" <(stored 1) much; }
ok "and is what was sent" whole

# Whoever else has the region may not have it copied, either: 512 bytes from an odd address.
other_py() {
	cat <<'END'
import ctypes, fcntl, os, struct, sys

pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
pidfd = os.pidfd_open(pid)
name = next(n for n in os.listdir(f"/proc/{pid}/fd") if "unified_io_region" in os.readlink(f"/proc/{pid}/fd/{n}"))
fd = libc.syscall(438, pidfd, int(name), 0)	# pidfd_getfd
desc = struct.pack("QIHHQQIIQI3I", 1, 512, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0)
fcntl.ioctl(fd, 1 << 30 | 80 << 16 | 0xb7 << 8 | 3, desc + struct.pack("QII", 0, 0, 0))
END
}
starts "what another process writes" "${zcrx[@]}" --require-zero-copy --count 9
ok "from the same region" python3 <(other_py) $pid
ends "ends it, too" 3 "a device cannot take them where they are"
# A region's devices are closed a moment after it.
unload() { for _ in {1..50}; do rmmod null_blk && return; sleep 0.1; done; return 1; }
ok "the device goes" unload

disk=/dev/$(drive 0)
zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk")
starts "a drive that takes pieces of any length" "${zcrx[@]}" --require-zero-copy --count 1
send much
ends "is of use" 0
ok "and nothing was copied" counted "$zero_copy and $all_stored"

# GET_INFO of a module that does not know: it answers nothing.
old() { strace -qq -o /dev/null -P /dev/unified_io_region -e inject=ioctl:retval=0:when=1 unifiedctl ingest run "${zcrx[@]}" "$@"; }
refused "a module that does not tell before it copies" "it is older than unifiedctl" old --require-zero-copy
old --require-zero-copy >/dev/null 2>&1
ok "that is the same status" test $? -eq 3
finish
