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
 * "until", one for each address, is when all that came from there would be through
 * at the given rate; it may lie "burst" in the future. What arrives is counted and
 * kept also where it is too much, as it is there already; then RETRY ends the
 * receiving. Such a stream is asked about at each tick, with a length of 0. So the
 * rate holds over some seconds; within one, a sender may be ahead by what came at
 * once, and by what it sends in a tick.
 *
 * To change the rate or the burst, set them before the policy is loaded.
 */
#include "unified.bpf.h"

#define SECOND 1000000000ULL

const volatile __u64 rate = 10 << 20;	/* bytes a second, of each address */
const volatile __u64 burst = SECOND / 10;	/* ns */

struct source {
	__u8 address[16];
	__u32 family;
};

/* The address that has sent nothing for the longest time makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct source);
	__type(value, __u64);
} sources SEC(".maps");

__u64 paused;

/* When the address is through; NULL if there is no memory to remember that. */
static __u64 *until_of(const struct unified_stream *stream)
{
	struct source source = { .family = stream->family };
	__u64 never = 0, *until;

	__builtin_memcpy(source.address, stream->remote, sizeof(source.address));
	until = bpf_map_lookup_elem(&sources, &source);
	if (until)
		return until;
	/* Another CPU may have been faster. */
	bpf_map_update_elem(&sources, &source, &never, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sources, &source);
}

SEC("struct_ops/rx")
s32 BPF_PROG(ratelimit_source_rx, struct unified_bpf_ctx *uctx)
{
	__u64 now = bpf_ktime_get_ns(), cost = uctx->data_len * SECOND / rate, was;
	__u64 *until = until_of(uctx->stream);

	if (!until)
		return UNIFIED_CONTINUE;
	/* Time in which nothing came is no credit. */
	was = *until;
	if (was < now)
		__sync_val_compare_and_swap(until, was, now);
	if (__sync_fetch_and_add(until, cost) + cost <= now + burst)
		return UNIFIED_CONTINUE;
	if (cost)
		__sync_fetch_and_add(&paused, 1);
	return UNIFIED_RETRY;
}

UNIFIED_POLICY(ratelimit_source,
	.flags = UNIFIED_POLICY_PER_FRAGMENT,
	.priority = 100,	/* after those that refuse, or say where to */
	.rx = (void *)ratelimit_source_rx);
