// SPDX-License-Identifier: GPL-2.0
/*
 * mirror: keeps the same data on several targets. What writes goes to all of
 * them, and is done when all are. Reads take turns; one that fails is tried on
 * the next target, until all were asked. A stream that is received is stored on
 * all of them, at the same blocks.
 */
#include "unified.bpf.h"

UNIFIED_KNOB_AT_LOAD(__u32, targets, 2, "how many targets there are", 1, 32);

__u32 turn;

static bool is_read(const struct unified_descriptor *desc)
{
	return desc->opcode == 0 && (desc->flags & UNIFIED_DESC_F_READ);
}

static __u32 all_targets(void)
{
	return (1ULL << targets) - 1;
}

/* Here already, so that blocks are taken that are free on all. */
SEC("struct_ops/rx")
s32 BPF_PROG(mirror_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	uctx->desc->targets = all_targets();
	return UNIFIED_CONTINUE;
}

SEC("struct_ops/submit")
s32 BPF_PROG(mirror_submit, struct unified_bpf_ctx *uctx)
{
	struct unified_descriptor *desc = uctx->desc;

	if (is_read(desc))
		desc->targets = 1U << (__sync_fetch_and_add(&turn, 1) % targets);
	else
		desc->targets = all_targets();
	return UNIFIED_CONTINUE;
}

SEC("struct_ops/complete")
s32 BPF_PROG(mirror_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	struct unified_descriptor *desc = uctx->desc;
	__u32 next = desc->targets << 1;

	if (!is_read(desc) || done->tries >= targets)
		return UNIFIED_CONTINUE;
	desc->targets = next >> targets ? 1 : next;
	return UNIFIED_RETRY;
}

UNIFIED_HELP("keeps the same data on several targets")
UNIFIED_POLICY(mirror,
	.flags = UNIFIED_POLICY_COMPLETE_ERRORS,
	.rx = (void *)mirror_rx,
	.submit = (void *)mirror_submit,
	.complete = (void *)mirror_complete);
