// SPDX-License-Identifier: GPL-2.0
/*
 * Policies for policy-desc.c that write to their descriptor in every hook, all of
 * which get one, also those that are about no operation.
 */
#include "unified.bpf.h"

#define HOOKS 6

/* What each hook found in lba, and how often it was called. */
__u64 found[HOOKS];
__u32 calls[HOOKS];

/* Every member that may be written, with nothing looked at first. */
static __always_inline s32 write_all(struct unified_bpf_ctx *uctx, int hook)
{
	found[hook] = uctx->desc->lba | uctx->desc->targets | uctx->desc->addr | uctx->desc->len;
	calls[hook]++;
	uctx->desc->lba = 7;
	uctx->desc->targets = 1;
	uctx->desc->flags |= 1 << 2;
	return UNIFIED_CONTINUE;
}

SEC("struct_ops/init")
s32 BPF_PROG(write_init, struct unified_bpf_ctx *uctx) { return write_all(uctx, 0); }

SEC("struct_ops/exit")
void BPF_PROG(write_exit, struct unified_bpf_ctx *uctx, struct unified_exit_info *info)
{
	write_all(uctx, 1);
}

SEC("struct_ops/process")
s32 BPF_PROG(write_process, struct unified_bpf_ctx *uctx) { return write_all(uctx, 2); }

SEC("struct_ops/rx")
s32 BPF_PROG(write_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream) { return write_all(uctx, 3); }

SEC("struct_ops/submit")
s32 BPF_PROG(write_submit, struct unified_bpf_ctx *uctx) { return write_all(uctx, 4); }

SEC("struct_ops/complete")
s32 BPF_PROG(write_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done) { return write_all(uctx, 5); }

SEC(".struct_ops.link")
struct unified_region_ops writes = {
	.name = "writes",
	.init = (void *)write_init,
	.exit = (void *)write_exit,
	.process = (void *)write_process,
	.rx = (void *)write_rx,
	.submit = (void *)write_submit,
	.complete = (void *)write_complete,
};

/* The hooks that may sleep, and do say so. */
SEC("struct_ops.s/init")
s32 BPF_PROG(sleep_init, struct unified_bpf_ctx *uctx) { return write_all(uctx, 0); }

SEC("struct_ops.s/exit")
void BPF_PROG(sleep_exit, struct unified_bpf_ctx *uctx, struct unified_exit_info *info)
{
	write_all(uctx, 1);
}

SEC("struct_ops.s/process")
s32 BPF_PROG(sleep_process, struct unified_bpf_ctx *uctx) { return write_all(uctx, 2); }

SEC(".struct_ops.link")
struct unified_region_ops sleeps = {
	.name = "sleeps",
	.init = (void *)sleep_init,
	.exit = (void *)sleep_exit,
	.process = (void *)sleep_process,
};

char _license[] SEC("license") = "GPL";
