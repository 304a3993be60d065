// SPDX-License-Identifier: GPL-2.0
/*
 * A policy for ingest-beginning.sh: the first eight bytes of a stream say what becomes of
 * it. The first one is a letter; with P a digit follows, for a place.
 */
#include "unified.bpf.h"

SEC("struct_ops/rx")
s32 BPF_PROG(beginning_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	const __u8 *head = bpf_unified_data(uctx, 0, 8);

	if (stream->bytes || !uctx->data_len)
		return UNIFIED_CONTINUE;
	/* It may go on to say so, and is not heard when there are no more. */
	if (!head)
		return UNIFIED_MORE + 8;
	switch (head[0]) {
	case 'B':
		uctx->desc->targets = 2;
		uctx->desc->flags |= UNIFIED_DESC_F_FUA;
		return UNIFIED_ISSUE;
	case 'D':
		return UNIFIED_DROP;
	case 'P':
		uctx->desc->lba = head[1] == '9' ? 1ULL << 40 : (head[1] - '0') * 1000;
		return UNIFIED_ISSUE;
	case 'M':
		/* As much as may be asked for. */
		if (uctx->data_len < UNIFIED_MORE_MAX)
			return UNIFIED_MORE + UNIFIED_MORE_MAX;
		uctx->desc->targets = 2;
	}
	return UNIFIED_CONTINUE;
}

UNIFIED_POLICY(beginning,
	.rx = (void *)beginning_rx);
