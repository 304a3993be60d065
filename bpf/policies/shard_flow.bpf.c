// SPDX-License-Identifier: GPL-2.0
/*
 * shard_flow: for "unifiedctl ingest". Each stream is on one target as a whole;
 * which one, its addresses and ports say. The same connection is always on the
 * same target, and many share them about evenly.
 *
 * Not a hook of shard, which stripes the blocks of every operation: the index that
 * ingest writes would then name other blocks than those that were written. Use
 * shard with "unifiedctl io", and this one with ingest.
 */
#include "unified.bpf.h"

UNIFIED_KNOB_AT_LOAD(__u32, targets, 2, "how many targets there are", 1, 32);

struct flow {
	__u8 local[16], remote[16];
	__u16 local_port, remote_port;
};

SEC("struct_ops/rx")
s32 BPF_PROG(shard_flow_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	struct flow flow = {
		.local_port = stream->local_port,
		.remote_port = stream->remote_port,
	};
	__u32 hash;

	__builtin_memcpy(flow.local, stream->local, sizeof(flow.local));
	__builtin_memcpy(flow.remote, stream->remote, sizeof(flow.remote));
	hash = bpf_unified_crc32c(0, &flow, sizeof(flow));
	/* A part of all hashes for each target. */
	uctx->desc->targets = 1U << ((__u64)hash * targets >> 32);
	return UNIFIED_CONTINUE;
}

UNIFIED_HELP("stores each stream on one of several targets, by its addresses and ports")
UNIFIED_POLICY(shard_flow,
	.rx = (void *)shard_flow_rx);
