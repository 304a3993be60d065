// SPDX-License-Identifier: GPL-2.0
/* A policy whose answers are none: process returns 0 or -errno, and rx knows no 77. */
#include "unified.bpf.h"

SEC("struct_ops/process")
s32 BPF_PROG(no_verdict_process, struct unified_bpf_ctx *uctx)
{
	return 1;
}

SEC("struct_ops/rx")
s32 BPF_PROG(no_verdict_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	return 77;
}

UNIFIED_POLICY(no_verdict,
	.process = (void *)no_verdict_process,
	.rx = (void *)no_verdict_rx,
	.flags = UNIFIED_POLICY_PER_FRAGMENT);
