#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VM: --nvme 128M --nvme 128M,lba=4096 --nvme 128M
# Timeout: 420
#
# unifiedctl ingest on a kernel that has renamed a field of its own structures which
# the loop reads: it works, and says of which bytes it does not know whether they
# were copied; with --require-zero-copy it does not begin, and names the field.
#
# The kernel is this one. What libbpf takes for its types is a copy of them, in which
# a member has another name, in a mount namespace of its own.
. selftest.sh
. ingest-lib.inc

# rename.py STRUCT MEMBER NAME ...: of the types in the file "types". A name is one that is there.
cat >rename.py <<'END'
import struct, sys

data = bytearray(open("types", "rb").read())
magic, version, flags, header, type_off, type_len, str_off, str_len = struct.unpack_from("<HBBIIIII", data)
strings = header + str_off
name = lambda at: data[strings + at:data.index(0, strings + at)].decode()
# Bytes behind the three words of a type: of a kind, and of each of its members.
extra = {1: 4, 3: 12, 14: 4, 17: 4}
each = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
for of, member, to in zip(*[iter(sys.argv[1:])] * 3):
    new = data.index(b"\0" + to.encode() + b"\0", strings) + 1 - strings
    at, found = header + type_off, 0
    while at < header + type_off + type_len:
        name_off, info = struct.unpack_from("<II", data, at)
        kind, n = info >> 24 & 31, info & 0xffff
        if kind == 4 and name(name_off) == of:
            for m in range(at + 12, at + 12 + 12 * n, 12):
                if name(struct.unpack_from("<I", data, m)[0]) == member:
                    struct.pack_into("<I", data, m, new)
                    found += 1
        at += 12 + extra.get(kind, 0) + each.get(kind, 0) * n
    if not found:
        sys.exit(f"there is no {of}.{member}")
open("types", "wb").write(data)
END
renamed() {
	cat /sys/kernel/btf/vmlinux >types
	python3 rename.py "$@"
}

# unifiedctl sees those types, where there are any.
mkdir bin
cat >bin/unifiedctl <<END
#!/bin/sh
[ -e $PWD/types ] || exec $(type -P unifiedctl) "\$@"
exec unshare -m sh -c 'mount --bind $PWD/types /sys/kernel/btf/vmlinux && exec "\$@"' sh $(type -P unifiedctl) "\$@"
END
chmod +x bin/unifiedctl
PATH=$PWD/bin:$PATH

zcrx=(--listen 10.9.0.1:9000 --dev testnic0 --queues 3 --target "$disk" --area 4M)
settings() {
	ethtool -g testnic0
	ethtool -x testnic0
	ethtool -n testnic0
}
# does_not_begin WORDS: and nothing came of it.
does_not_begin() {
	local words=$1 status=0
	timeout -s INT 60 strace -f -e trace=listen -o calls unifiedctl ingest run "${zcrx[@]}" --require-zero-copy >said 2>&1 || status=$?
	cat said calls
	echo "status $status"
	[ "$status" -eq 3 ] && grep -qF -- "$words" said && ! grep -q 'listen(' calls && diff <(settings) before
}
# works UNSEEN: so many bytes, of 300001
works() {
	starts "it works" "${zcrx[@]}" --count 1
	send one
	ends "to the end" 0
	ok "with what was sent" is 1 one
	ok "of which it says what it knows" counted ".bytes_unseen == $1 and .bytes == 300001 and $all_stored"
}

random 300001 one
ok "the NIC" nic
mtu 1500
settings >before

works 0
starts "with --require-zero-copy" "${zcrx[@]}" --count 1 --require-zero-copy
send one
ends "to the end" 0

area=areas
bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep -q 'struct io_zcrx_area \*area;' && area=area
while read -r of member said; do
	ok "no $of.$member" renamed "$of" "$member" int
	ok "--require-zero-copy does not begin" does_not_begin "it has no ${said:-$of.$member}."
	works 300001
	[ "$of" != io_zcrx_ifq ] || refused "nor an area of 8 GiB" "more than 4 GiB" unifiedctl ingest run "${zcrx[@]/4M/8G}"
done <<-END
	io_ring_ctx zcrx_ctxs
	xarray xa_head
	xa_node shift
	xa_node slots
	io_zcrx_ifq $area io_zcrx_ifq.areas
	io_zcrx_area nia
	net_iov_area niovs
	net_iov desc
	netmem_desc pp
END

# It is there, but what it holds is something else.
ok "zcrx_ctxs is another array, which is empty" renamed io_ring_ctx zcrx_ctxs int io_ring_ctx personalities zcrx_ctxs
ok "--require-zero-copy does not begin" does_not_begin "the buffers of queue 3 are not where io_ring_ctx.zcrx_ctxs"
works 300001
finish
