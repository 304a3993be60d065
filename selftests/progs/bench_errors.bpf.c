// SPDX-License-Identifier: GPL-2.0
/*
 * bench, but asked about completions only where there was an error.
 */
#include "unified.bpf.h"

__u64 bytes, failed;

SEC("struct_ops/submit")
s32 BPF_PROG(bench_errors_submit, struct unified_bpf_ctx *uctx)
{
	bytes += uctx->desc->len;
	return UNIFIED_CONTINUE;
}

SEC("struct_ops/complete")
s32 BPF_PROG(bench_errors_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	failed += done->res < 0;
	return UNIFIED_CONTINUE;
}

UNIFIED_POLICY(bench_errors,
	.flags = UNIFIED_POLICY_COMPLETE_ERRORS,
	.submit = (void *)bench_errors_submit,
	.complete = (void *)bench_errors_complete);
