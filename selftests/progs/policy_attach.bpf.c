// SPDX-License-Identifier: GPL-2.0
/*
 * Policies for policy-attach.c: one that keeps a diary of its hooks, and some
 * that the module must refuse when they are attached.
 */
#include "unified.bpf.h"

int inits, exits, exit_kind = -1;
char exit_reason[64];

SEC("struct_ops.s/init")
s32 BPF_PROG(diary_init, struct unified_bpf_ctx *uctx)
{
	inits++;
	return 0;
}

SEC("struct_ops.s/exit")
void BPF_PROG(diary_exit, struct unified_bpf_ctx *uctx, struct unified_exit_info *info)
{
	exits++;
	exit_kind = info->kind;
	bpf_probe_read_kernel_str(exit_reason, sizeof(exit_reason), info->reason);
}

const volatile s32 answer;

SEC("struct_ops.s/init")
s32 BPF_PROG(stubborn_init, struct unified_bpf_ctx *uctx)
{
	return answer;
}

SEC("struct_ops/submit")
s32 BPF_PROG(lone_submit, struct unified_bpf_ctx *uctx)
{
	return UNIFIED_CONTINUE;
}

#define OPS SEC(".struct_ops.link") struct unified_region_ops

OPS diary = { .name = "diary", .init = (void *)diary_init, .exit = (void *)diary_exit };
OPS twin = { .name = "diary", .submit = (void *)lone_submit };
OPS stubborn = { .name = "stubborn", .init = (void *)stubborn_init };
OPS longest = { .name = "a23456789-123456789_123456789.1", .submit = (void *)lone_submit };
OPS nameless = { .submit = (void *)lone_submit };
OPS slashed = { .name = "../etc", .submit = (void *)lone_submit };
OPS hidden = { .name = ".hidden", .submit = (void *)lone_submit };
OPS dashed = { .name = "-j", .submit = (void *)lone_submit };
/* No room for its NUL, which C allows. */
OPS unended = { .name = "01234567890123456789012345678901", .submit = (void *)lone_submit };
OPS flagged = { .name = "flagged", .flags = 2, .submit = (void *)lone_submit };
OPS homeless = { .name = "homeless", .region = 7, .submit = (void *)lone_submit };
OPS empty = { .name = "empty" };

char _license[] SEC("license") = "GPL";
