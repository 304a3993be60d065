// SPDX-License-Identifier: GPL-2.0
/* A policy in the section for struct_ops without a link, which nothing could hold. */
#include "unified.bpf.h"

SEC("struct_ops/submit")
s32 BPF_PROG(nolink_submit, struct unified_bpf_ctx *uctx)
{
	return 0;
}

SEC(".struct_ops")
struct unified_region_ops nolink = { .name = "nolink", .submit = (void *)nolink_submit };

char _license[] SEC("license") = "GPL";
