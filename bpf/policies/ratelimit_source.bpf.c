// SPDX-License-Identifier: GPL-2.0
/*
 * ratelimit_source: for "unifiedctl ingest". No address may send more bytes a
 * second than "rate", with all its streams together. Nothing is lost: a stream
 * that is ahead is not received from until it no longer is, its window closes, and
 * the sender waits.
 *
 * Not a hook of ratelimit, which refuses operations, so that the caller tries again
 * later: of ingest's operations the data has been received, and a refusal would be
 * an error of the device.
 *
 * What came from an address may be "burst" ahead of the rate. What arrives is counted
 * and kept also where it is too much, as it is there already; then RETRY ends the
 * receiving. Such a stream is asked about at each tick, with a length of 0. So the
 * rate holds over some seconds; within one, a sender may be ahead by what came at
 * once, and by what it sends in a tick.
 */
#include "unified.bpf.h"
#include "rate.h"

UNIFIED_KNOB(__u64, rate, 10 << 20, "bytes a second, of each address", 1, 16G, bytes);
UNIFIED_KNOB(__u64, burst, 1 << 20, "bytes that an address may be ahead", 0, 4G, bytes);

struct source {
	__u8 address[16];
	__u32 family;
};

/* The address that has sent nothing for the longest time makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct source);
	__type(value, struct ahead);
} sources SEC(".maps");

__u64 paused;

/* NULL: there is no memory to remember the address. */
static struct ahead *ahead_of(const struct unified_stream *stream)
{
	struct source source = { .family = stream->family };
	struct ahead none = {}, *ahead;

	__builtin_memcpy(source.address, stream->remote, sizeof(source.address));
	ahead = bpf_map_lookup_elem(&sources, &source);
	if (ahead)
		return ahead;
	/* Another CPU may have been faster. */
	bpf_map_update_elem(&sources, &source, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sources, &source);
}

SEC("struct_ops/rx")
s32 BPF_PROG(ratelimit_source_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	__s64 len = uctx->data_len, most = burst;
	struct ahead *ahead = ahead_of(stream);

	if (!ahead)
		return UNIFIED_CONTINUE;
	/* Time in which nothing came is no credit. */
	ahead_pass(ahead, rate);
	if (__sync_fetch_and_add(&ahead->bytes, len) + len <= most)
		return UNIFIED_CONTINUE;
	if (len)
		__sync_fetch_and_add(&paused, 1);
	return UNIFIED_RETRY;
}

UNIFIED_HELP("lets no address send more bytes a second than a rate")
UNIFIED_POLICY(ratelimit_source,
	.flags = UNIFIED_POLICY_PER_FRAGMENT,
	.priority = 100,	/* after those that refuse, or say where to */
	.rx = (void *)ratelimit_source_rx);
