// SPDX-License-Identifier: GPL-2.0
/*
 * A policy whose variables cannot be set while it runs: libbpf lets nobody map a section
 * in which all is hidden, and no program uses the other one.
 */
#include "unified.bpf.h"

typedef __u32 loose __attribute__((aligned(1)));

__hidden UNIFIED_KNOB(__u32, stiff, 1, "it is hidden");
__hidden SEC(".data") char before = 1;
__hidden UNIFIED_KNOB(loose, crooked, 2, "it is not aligned");

__u32 idle;

SEC("struct_ops/process")
s32 BPF_PROG(odd_process, struct unified_bpf_ctx *uctx)
{
	before = stiff + crooked;
	return 0;
}

UNIFIED_POLICY(odd,
	.process = (void *)odd_process);
