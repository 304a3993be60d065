// SPDX-License-Identifier: GPL-2.0
/*
 * Another version of the policy knobs: the same variables, others, and some of the same
 * names that are something else.
 */
#include "unified.bpf.h"

UNIFIED_KNOB(__u8, of_u8, 9, "a byte", 1, 100);
UNIFIED_KNOB(__u32, of_u16, 16, "four bytes now");
UNIFIED_KNOB(__u64, size, 1024, "a size", 512, 1G, bytes);
UNIFIED_KNOB(char[8], word, "next", "a longer text");
UNIFIED_KNOB(__u32, fixed, 6, "a constant no more", 1, 10);
UNIFIED_KNOB_AT_LOAD(char[4], magic, "EFGH", "a constant text");
UNIFIED_KNOB(bool, fresh, true, "was not there");

__u64 calls;
__u32 by_size[4];
__u64 since;

SEC("struct_ops/process")
s32 BPF_PROG(next_process, struct unified_bpf_ctx *uctx)
{
	__sync_fetch_and_add(&calls, of_u8 + of_u16 + size + word[0] + fixed + magic[0] + fresh);
	by_size[0]++;
	since++;
	return 0;
}

UNIFIED_POLICY(knobs,
	.process = (void *)next_process);
