// SPDX-License-Identifier: GPL-2.0
/*
 * A policy that is asked about each operation and looks at what it is given, for
 * the bench.
 */
#include "unified.bpf.h"

__u64 bytes, failed;

SEC("struct_ops/submit")
s32 BPF_PROG(bench_submit, struct unified_bpf_ctx *uctx)
{
	bytes += uctx->desc->len;
	return UNIFIED_CONTINUE;
}

SEC("struct_ops/complete")
s32 BPF_PROG(bench_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	failed += done->res < 0;
	return UNIFIED_CONTINUE;
}

UNIFIED_POLICY(bench,
	.submit = (void *)bench_submit,
	.complete = (void *)bench_complete);
