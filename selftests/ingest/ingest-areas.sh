#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M --mem 2G
# Timeout: 240
#
# unifiedctl ingest goes by the number of the area that io_uring names with each
# fragment, and has areas of any size that the kernel counts right.
. selftest.sh
. ingest-lib.inc

# set_bss NAME OFFSET VALUE: 32 bits of a variable of the loop's program.
cat >bss.py <<'END'
import ctypes, json, mmap, struct, subprocess, sys

name, offset, value = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
show = lambda *words: json.loads(subprocess.check_output(["bpftool", "-j", *words]))
of = [m for m in show("map", "list") if m.get("name") == "ingest_b.bss"][0]
types = show("btf", "dump", "id", str(of["btf_id"]))["types"]
names = {t["id"]: t["name"] for t in types}
section = [t for t in types if t["kind"] == "DATASEC" and t["name"] == ".bss"][0]
at = [v["offset"] for v in section["vars"] if names[v["type_id"]] == name][0] + offset
libc = ctypes.CDLL(None, use_errno=True)
attr = ctypes.create_string_buffer(struct.pack("III", of["id"], 0, 0) + bytes(116))
fd = libc.syscall(321, 14, attr, 128)	# bpf(BPF_MAP_GET_FD_BY_ID)
m = mmap.mmap(fd, of["bytes_value"], mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
m[at:at + 4] = struct.pack("I", value)
END
set_bss() { python3 bss.py "$@"; }

zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk")
random 300001 one
ok "the NIC" nic
mtu 1500

starts "an area that the loop does not know" "${zcrx[@]}"
ok "there is none, says its loader" set_bss control 4 0
send one 2>/dev/null
ends "ends the loop" 1 "the loop is broken"
ok "nothing of it was used" counted '.bytes == 0 and .stored == 0'

# More buffers than half of the commands take, and than are in reach of the loop's program.
starts "an area of 256 MiB" "${zcrx[@]}" --area 256M --count 3 --flush 20
random 20M two
random 333 tiny
send one
send two
send tiny nodelay 1
ends "it ends" 0
ok "with what was sent" are one two tiny
ok "in its buffers" counted ".buffers == 65536 and $all_stored and .bytes_copied.head == 0"

if bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep -q 'struct io_zcrx_area \*\*areas;'; then
	refused "8 GiB are for memory to decide" "there is no memory for a region of 8" unifiedctl ingest run "${zcrx[@]}" --area 8G
else
	refused "8 GiB are too many for this kernel" "miscounts in a receive area of more than 4 GiB" \
		unifiedctl ingest run "${zcrx[@]}" --area 8G
fi
finish
