// SPDX-License-Identifier: GPL-2.0
/* A policy whose knobs are not declared as they should be. */
#include "unified.bpf.h"

UNIFIED_KNOB(__u32, backwards, 5, "its range ends before it begins", 10, 1);
UNIFIED_KNOB(__u8, wide, 5, "its range is not of its type", 0, 256);
UNIFIED_KNOB(bool, between, true, "a range, and no integer", 0, 1);
UNIFIED_KNOB(__u32, no_number, 5, "its range is no number", 1, many);
UNIFIED_KNOB(__u32, far, 5, "its unit is not known", 1, 10, furlongs);
UNIFIED_KNOB(__u64 *, pointer, NULL, "a type that people have no values for");

SEC("struct_ops/process")
s32 BPF_PROG(wrong_process, struct unified_bpf_ctx *uctx)
{
	return backwards + wide + between + no_number + far + !pointer == 0;
}

UNIFIED_POLICY(wrong,
	.process = (void *)wrong_process);
