// SPDX-License-Identifier: GPL-2.0
/*
 * A policy for ingest-policy.sh that is asked about each fragment: of a stream it
 * keeps the first "keep" bytes, by whole fragments, and whatever begins with 'K'.
 */
#include "unified.bpf.h"

const volatile __u64 keep = 1000;

__u64 asked;

SEC("struct_ops/rx")
s32 BPF_PROG(fragments_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	const __u8 *first = bpf_unified_data(uctx, 0, 1);

	asked++;
	if (stream->bytes < keep || (first && *first == 'K'))
		return UNIFIED_CONTINUE;
	return UNIFIED_DROP;
}

UNIFIED_POLICY(by_port,
	.rx = (void *)fragments_rx,
	.flags = UNIFIED_POLICY_PER_FRAGMENT);
