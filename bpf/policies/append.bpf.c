// SPDX-License-Identifier: GPL-2.0
/*
 * append: every stream is stored on the first target, from where it begins to
 * where it ends. What "unifiedctl ingest" does when it is told nothing else.
 *
 * "streams" counts them.
 */
#include "unified.bpf.h"

__u64 streams;

SEC("struct_ops/rx")
s32 BPF_PROG(append_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	/* Asked once for each, unless another policy wants to be asked more often. */
	if (!stream->bytes)
		__sync_fetch_and_add(&streams, 1);
	uctx->desc->targets = 1;
	return UNIFIED_CONTINUE;
}

UNIFIED_HELP("stores every stream on the first target")
UNIFIED_POLICY(append,
	.rx = (void *)append_rx);
