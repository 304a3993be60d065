// SPDX-License-Identifier: GPL-2.0
/* A policy whose answer is none: a hook returns 0 or -errno. */
#include "unified.bpf.h"

SEC("struct_ops/process")
s32 BPF_PROG(no_verdict_process, struct unified_bpf_ctx *uctx)
{
	return 1;
}

UNIFIED_POLICY(no_verdict,
	.process = (void *)no_verdict_process);
