// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that the verifier must refuse, each with a part of what it must
 * say. policy-refused.c loads them one by one.
 */
#include "unified.bpf.h"

/* Several for one program: kernels say it differently, from 7.3 on the last. */
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
s32 BPF_PROG(sleeps_in_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	return 0;
}
REFUSED(complete, sleeps_in_complete);

__expect("attach to unsupported member rx of struct unified_region_ops")
SEC("struct_ops.s/rx")
s32 BPF_PROG(sleeps_in_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	return 0;
}
REFUSED(rx, sleeps_in_rx);

__expect("a policy may write flags, lba and targets")
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

__expect("a policy may write flags, lba and targets")
SEC("struct_ops/submit")
s32 BPF_PROG(writes_address, struct unified_bpf_ctx *uctx)
{
	uctx->desc->addr = 0;
	return 0;
}
REFUSED(submit, writes_address);

__expect("a policy may write flags, lba and targets")
SEC("struct_ops/submit")
s32 BPF_PROG(writes_past_lba, struct unified_bpf_ctx *uctx)
{
	*(volatile __u64 *)&uctx->desc->targets = 0;
	return 0;
}
REFUSED(submit, writes_past_lba);

__expect("a policy may write flags, lba and targets")
__expect("only read is supported")
SEC("struct_ops/submit")
s32 BPF_PROG(writes_region, struct unified_bpf_ctx *uctx)
{
	uctx->region->id = 1;
	return 0;
}
REFUSED(submit, writes_region);

__expect("Unreleased reference")
SEC("struct_ops/submit")
s32 BPF_PROG(keeps_region, struct unified_bpf_ctx *uctx)
{
	return bpf_unified_region_get(1) != NULL;
}
REFUSED(submit, keeps_region);

__expect("expects referenced PTR_TO_BTF_ID")
SEC("struct_ops/submit")
s32 BPF_PROG(puts_what_it_has_not, struct unified_bpf_ctx *uctx)
{
	bpf_unified_region_put(uctx->region);
	return 0;
}
REFUSED(submit, puts_what_it_has_not);

__expect("Possibly NULL pointer")
SEC("struct_ops/submit")
s32 BPF_PROG(puts_unchecked, struct unified_bpf_ctx *uctx)
{
	bpf_unified_region_put(bpf_unified_region_get(1));
	return 0;
}
REFUSED(submit, puts_unchecked);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} cell SEC(".maps");

__expect("Unreleased reference")
SEC("struct_ops/submit")
s32 BPF_PROG(stores_region, struct unified_bpf_ctx *uctx)
{
	struct unified_io_region *region = bpf_unified_region_get(1);
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&cell, &key);

	if (value)
		*value = (__u64)region;
	return 0;
}
REFUSED(submit, stores_region);

__expect("invalid mem access 'mem_or_null'")
SEC("struct_ops/process")
s32 BPF_PROG(trusts_data, struct unified_bpf_ctx *uctx)
{
	return *bpf_unified_data(uctx, 0, 4);
}
REFUSED(process, trusts_data);

__expect("invalid access to memory, mem_size=4 off=4 size=1")
SEC("struct_ops/process")
s32 BPF_PROG(reads_past_data, struct unified_bpf_ctx *uctx)
{
	volatile __u8 *data = bpf_unified_data(uctx, 0, 4);

	return data ? data[4] : 0;
}
REFUSED(process, reads_past_data);

__expect("is not a const")
SEC("struct_ops/process")
s32 BPF_PROG(asks_for_any_size, struct unified_bpf_ctx *uctx)
{
	volatile __u8 *data = bpf_unified_data(uctx, 0, uctx->data_len);

	return data ? data[0] : 0;
}
REFUSED(process, asks_for_any_size);

__expect("calling kernel function bpf_unified_xor is not allowed")
SEC("xdp")
int xors_a_packet(struct xdp_md *packet)
{
	__u8 key = 1;

	return bpf_unified_xor((void *)packet, 0, 1, &key, 1);
}

__expect("calling kernel function bpf_unified_crc32c is not allowed")
SEC("tp_btf/sched_switch")
int sums_while_tracing(void *uctx)
{
	char few[8] = {};

	return bpf_unified_crc32c(0, few, sizeof(few));
}

__expect("R1 must be referenced or trusted")
SEC("struct_ops/process")
s32 BPF_PROG(takes_from_its_context, struct unified_bpf_ctx *uctx)
{
	return bpf_unified_buffer_alloc(uctx->region, 1) < 0;
}
REFUSED(process, takes_from_its_context);

__expect("R1 pointer type STRUCT unified_io_region must point to scalar")
__expect("R1 is scalar expected STRUCT unified_io_region")
SEC("struct_ops/process")
s32 BPF_PROG(takes_from_what_it_put, struct unified_bpf_ctx *uctx)
{
	struct unified_io_region *region = bpf_unified_region_get(1);

	if (!region)
		return 0;
	bpf_unified_region_put(region);
	return bpf_unified_buffer_alloc(region, 1) < 0;
}
REFUSED(process, takes_from_what_it_put);

__expect("Possibly NULL pointer")
SEC("struct_ops/process")
s32 BPF_PROG(takes_unchecked, struct unified_bpf_ctx *uctx)
{
	struct unified_io_region *region = bpf_unified_region_get(1);
	s64 buffer = bpf_unified_buffer_alloc(region, 1);

	if (region)
		bpf_unified_region_put(region);
	return buffer < 0;
}
REFUSED(process, takes_unchecked);

__expect("R1 pointer type STRUCT unified_io_region must point to scalar")
__expect("R1 is scalar expected STRUCT unified_io_region")
SEC("struct_ops/process")
s32 BPF_PROG(gives_to_a_number, struct unified_bpf_ctx *uctx)
{
	return bpf_unified_buffer_free((void *)0xffff888000000000, 1);
}
REFUSED(process, gives_to_a_number);

__expect("R1 must be referenced or trusted")
SEC("struct_ops/process")
s32 BPF_PROG(asks_its_context, struct unified_bpf_ctx *uctx)
{
	return bpf_unified_buffer_addr(uctx->region, 1) < 0;
}
REFUSED(process, asks_its_context);

__expect("calling kernel function bpf_unified_rx is not allowed")
SEC("struct_ops/rx")
s32 BPF_PROG(asks_itself, struct unified_bpf_ctx *uctx)
{
	struct unified_io_region *region = bpf_unified_region_get(1);
	struct unified_rx rx = {};

	if (!region)
		return 0;
	bpf_unified_rx(region, &rx, sizeof(rx));
	bpf_unified_region_put(region);
	return 0;
}
REFUSED(rx, asks_itself);

__expect("calling kernel function bpf_unified_region_get is not allowed")
SEC("struct_ops/ssthresh")
__u32 BPF_PROG(takes_in_another_struct_ops, struct sock *sk)
{
	struct unified_io_region *region = bpf_unified_region_get(1);

	if (region)
		bpf_unified_region_put(region);
	return 2;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops takes_in_another_struct_ops_ops = {
	.ssthresh = (void *)takes_in_another_struct_ops,
	.name = "takes",
};

__expect("calling kernel function bpf_unified_region_get is not allowed")
SEC("socket")
int takes_in_a_filter(struct __sk_buff *skb)
{
	struct unified_io_region *region = bpf_unified_region_get(1);

	if (region) {
		bpf_unified_buffer_alloc(region, 1);
		bpf_unified_region_put(region);
	}
	return 0;
}

__expect("calling kernel function bpf_unified_buffer_free is not allowed")
SEC("tp_btf/sched_switch")
int gives_while_tracing(void *uctx)
{
	return bpf_unified_buffer_free(NULL, 1);
}

char _license[] SEC("license") = "GPL";
