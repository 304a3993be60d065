// SPDX-License-Identifier: GPL-2.0
/*
 * A policy that has each operation issued once more, however it ended.
 */
#include "unified.bpf.h"

SEC("struct_ops/complete")
s32 BPF_PROG(twice_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	return done->tries < 2 ? UNIFIED_RETRY : UNIFIED_CONTINUE;
}

UNIFIED_POLICY(twice,
	.complete = (void *)twice_complete);
