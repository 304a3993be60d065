// SPDX-License-Identifier: GPL-2.0
/*
 * Policies for rights.c: one that names a region, one that is enforced, and one that
 * would have the last word.
 */
#include "unified.bpf.h"

int asked;
__u64 seen_lba;

SEC("struct_ops/submit")
s32 BPF_PROG(watch_submit, struct unified_bpf_ctx *uctx)
{
	asked++;
	seen_lba = uctx->desc->lba;
	return UNIFIED_CONTINUE;
}

/* It is asked before all others that are not enforced, and decides. */
SEC("struct_ops/submit")
s32 BPF_PROG(decide_submit, struct unified_bpf_ctx *uctx)
{
	uctx->desc->lba++;
	return UNIFIED_ISSUE;
}

SEC(".struct_ops.link")
struct unified_region_ops watch = { .name = "watch", .priority = -1, .submit = (void *)watch_submit };

SEC(".struct_ops.link")
struct unified_region_ops decide = { .name = "decide", .submit = (void *)decide_submit };

char _license[] SEC("license") = "GPL";
