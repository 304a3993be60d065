// SPDX-License-Identifier: GPL-2.0
/*
 * Policies and programs for hooks.c: what submit and complete may answer, and
 * operations that BPF submits.
 */
#include "unified.bpf.h"

#define ENOENT 2

struct {
	int submits, completes, last_res, last_tries;
	__u64 last_user_data, last_result;
	struct unified_descriptor packet;
	__u32 packet_region;
	int inside, go_on;
} seen;

const volatile struct {
	__s32 verdict;
	__u64 lba;
	__u32 targets;
	__u16 flags;
} set;

SEC("struct_ops/submit")
s32 BPF_PROG(any_submit, struct unified_bpf_ctx *uctx)
{
	seen.submits++;
	if (set.lba)
		uctx->desc->lba = set.lba;
	if (set.targets)
		uctx->desc->targets = set.targets;
	if (set.flags)
		uctx->desc->flags |= set.flags;
	return set.verdict;
}

SEC("struct_ops/complete")
s32 BPF_PROG(any_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	seen.completes++;
	seen.last_res = done->res;
	seen.last_tries = done->tries;
	seen.last_user_data = done->user_data;
	seen.last_result = done->result;
	if (set.lba)
		uctx->desc->lba = set.lba;
	if (set.flags)
		uctx->desc->flags |= set.flags;
	return set.verdict;
}

SEC("struct_ops/complete")
s32 BPF_PROG(user_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	return UNIFIED_TO_USER;
}

SEC(".struct_ops.link")
struct unified_region_ops user_only = { .name = "user", .priority = 1,
					.complete = (void *)user_complete };

/* Nothing goes anywhere but there. */
SEC("struct_ops/submit")
s32 BPF_PROG(any_guard, struct unified_bpf_ctx *uctx)
{
	return uctx->desc->lba == 8 ? UNIFIED_CONTINUE : -13 /* EACCES */;
}

SEC(".struct_ops.link")
struct unified_region_ops guards_only = { .name = "guards", .submit = (void *)any_guard };

SEC("struct_ops/process")
s32 BPF_PROG(any_process, struct unified_bpf_ctx *uctx)
{
	if (set.lba)
		uctx->desc->lba = set.lba;
	uctx->desc->flags ^= set.flags;
	return set.verdict;
}

SEC(".struct_ops.link")
struct unified_region_ops submits_only = { .name = "submits", .submit = (void *)any_submit };

SEC(".struct_ops.link")
struct unified_region_ops completes_only = { .name = "completes", .complete = (void *)any_complete };

SEC(".struct_ops.link")
struct unified_region_ops failures_only = { .name = "failures",
					    .flags = UNIFIED_POLICY_COMPLETE_ERRORS,
					    .complete = (void *)any_complete };

SEC(".struct_ops.link")
struct unified_region_ops processes_only = { .name = "processes", .process = (void *)any_process };

/* No policy is attached, detached or ejected before it is told to go on. */
static int turn(__u32 i, void *arg)
{
	return *(volatile int *)&seen.go_on != 0;
}

static int turns(__u32 i, void *arg)
{
	bpf_loop(1 << 20, turn, NULL, 0);
	return turn(i, arg);
}

SEC("struct_ops.s/init")
s32 BPF_PROG(patient_init, struct unified_bpf_ctx *uctx)
{
	seen.inside = 1;
	bpf_loop(64, turns, NULL, 0);
	return 0;
}

SEC(".struct_ops.link")
struct unified_region_ops patient = { .name = "patient", .init = (void *)patient_init };

/* A descriptor of user space's, submitted by BPF. */
struct args {
	__u32 region;
	__s32 ret;
	struct unified_descriptor request;
};

SEC("syscall")
int submit_one(struct args *args)
{
	struct unified_descriptor request = args->request;
	struct unified_io_region *region = bpf_unified_region_get(args->region);

	args->ret = -ENOENT;
	if (!region)
		return 0;
	args->ret = bpf_unified_submit(region, &request, sizeof(request));
	bpf_unified_region_put(region);
	return 0;
}

SEC("syscall")
int submit_part(struct args *args)
{
	struct unified_io_region *region = bpf_unified_region_get(args->region);
	char few[32] = {};

	args->ret = -ENOENT;
	if (!region)
		return 0;
	args->ret = bpf_unified_submit(region, few, sizeof(few));
	bpf_unified_region_put(region);
	return 0;
}

/* In softirq: a packet makes an operation. */
int packet_ret = 1;

SEC("tcx/ingress")
int submit_packet(struct __sk_buff *skb)
{
	struct unified_descriptor request = seen.packet;
	struct unified_io_region *region;

	if (packet_ret != 1)
		return 0;
	region = bpf_unified_region_get(seen.packet_region);
	if (!region)
		return 0;
	packet_ret = bpf_unified_submit(region, &request, sizeof(request));
	bpf_unified_region_put(region);
	return 0;
}

char _license[] SEC("license") = "GPL";
