// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that the verifier must refuse, each with a part of what it must
 * say. policy-refused.c loads them one by one.
 */
#include "unified.bpf.h"

#define __expect(message) __attribute__((btf_decl_tag("expect:" message)))

/* A policy of one hook, so that each program is loaded alone. */
#define REFUSED(hook, prog)						\
	SEC(".struct_ops.link")						\
	struct unified_region_ops prog##_ops = {			\
		.name = #prog, .hook = (void *)prog }

__expect("attach to unsupported member submit of struct unified_region_ops")
SEC("struct_ops.s/submit")
s32 BPF_PROG(sleeps_in_submit, struct unified_bpf_ctx *uctx)
{
	return 0;
}
REFUSED(submit, sleeps_in_submit);

__expect("attach to unsupported member complete of struct unified_region_ops")
SEC("struct_ops.s/complete")
s32 BPF_PROG(sleeps_in_complete, struct unified_bpf_ctx *uctx)
{
	return 0;
}
REFUSED(complete, sleeps_in_complete);

__expect("attach to unsupported member rx of struct unified_region_ops")
SEC("struct_ops.s/rx")
s32 BPF_PROG(sleeps_in_rx, struct unified_bpf_ctx *uctx)
{
	return 0;
}
REFUSED(rx, sleeps_in_rx);

__expect("only read is supported")
SEC("struct_ops/submit")
s32 BPF_PROG(writes_context, struct unified_bpf_ctx *uctx)
{
	uctx->data_len = 1;
	return 0;
}
REFUSED(submit, writes_context);

__expect("access beyond struct unified_bpf_ctx")
SEC("struct_ops/submit")
s32 BPF_PROG(reads_past_context, struct unified_bpf_ctx *uctx)
{
	volatile __u64 *past = (void *)(uctx + 1);

	return *past;
}
REFUSED(submit, reads_past_context);

__expect("cannot write into rdonly_untrusted_mem")
SEC("struct_ops/submit")
s32 BPF_PROG(writes_data, struct unified_bpf_ctx *uctx)
{
	*(volatile __u8 *)uctx->data = 0;
	return 0;
}
REFUSED(submit, writes_data);

__expect("memory, len pair leads to invalid memory access")
SEC("struct_ops/submit")
s32 BPF_PROG(sums_past_stack, struct unified_bpf_ctx *uctx)
{
	char few[8] = {};

	return bpf_unified_crc32c(0, few, 64);
}
REFUSED(submit, sums_past_stack);

__expect("R2 type=scalar expected=")
SEC("struct_ops/submit")
s32 BPF_PROG(sums_a_number, struct unified_bpf_ctx *uctx)
{
	return bpf_unified_crc32c(0, (void *)0xffff888000000000, 8);
}
REFUSED(submit, sums_a_number);

__expect("calling kernel function bpf_unified_crc32c is not allowed")
SEC("socket")
int sums_in_a_filter(struct __sk_buff *skb)
{
	char few[8] = {};

	return bpf_unified_crc32c(0, few, sizeof(few));
}

__expect("program of this type cannot use helper bpf_probe_write_user")
SEC("struct_ops/submit")
s32 BPF_PROG(writes_to_users, struct unified_bpf_ctx *uctx)
{
	return bpf_probe_write_user((void *)8, uctx, 8);
}
REFUSED(submit, writes_to_users);

char _license[] SEC("license") = "GPL";
