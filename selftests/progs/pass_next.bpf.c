// SPDX-License-Identifier: GPL-2.0
/* Another version of the policy pass, to take its place. */
#include "unified.bpf.h"

SEC("struct_ops/process")
s32 BPF_PROG(next_process, struct unified_bpf_ctx *uctx)
{
	return 0;
}

UNIFIED_POLICY(pass,
	.process = (void *)next_process);
