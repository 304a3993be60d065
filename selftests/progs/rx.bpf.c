// SPDX-License-Identifier: GPL-2.0
/*
 * For rx.c: a program that asks as a pipeline does, and three policies whose
 * answers user space sets. Each notes when it was asked.
 */
#include "unified.bpf.h"
#include "rx.h"

struct rx_question question;
struct rx_answer answers[3];
__u32 order;

static __always_inline s32 answer(struct unified_bpf_ctx *uctx, struct unified_stream *stream,
				  struct rx_answer *a)
{
	const __u8 *data = bpf_unified_data(uctx, 0, 4);

	a->asked++;
	a->order = ++order;
	a->magic = data ? *(const __u32 *)data : 0;
	a->len = uctx->data_len;
	a->targets_seen = uctx->desc->targets;
	a->id = stream->id;
	a->port = stream->remote_port;
	if (a->lba)
		uctx->desc->lba = a->lba;
	if (a->targets)
		uctx->desc->targets = a->targets;
	uctx->desc->flags |= a->flags;
	return a->verdict;
}

SEC("struct_ops/rx")
s32 BPF_PROG(first_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	return answer(uctx, stream, &answers[0]);
}

SEC("struct_ops/rx")
s32 BPF_PROG(second_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	return answer(uctx, stream, &answers[1]);
}

SEC("struct_ops/rx")
s32 BPF_PROG(third_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	return answer(uctx, stream, &answers[2]);
}

SEC(".struct_ops.link")
struct unified_region_ops rx_first = {
	.name = "rx_first",
	.priority = 1,
	.rx = (void *)first_rx,
};

SEC(".struct_ops.link")
struct unified_region_ops rx_second = {
	.name = "rx_second",
	.priority = 2,
	.flags = UNIFIED_POLICY_PER_FRAGMENT,
	.rx = (void *)second_rx,
};

SEC(".struct_ops.link")
struct unified_region_ops rx_third = {
	.name = "rx_third",
	.priority = 3,
	.flags = 1U << 31,	/* there is none */
	.rx = (void *)third_rx,
};

SEC("syscall")
int ask(void *args)
{
	struct unified_io_region *r = bpf_unified_region_get(question.region);

	if (!r)
		return 0;
	if (question.size == sizeof(question.rx))
		question.verdict = bpf_unified_rx(r, (struct unified_rx *)&question.rx,
						  sizeof(question.rx));
	else
		question.verdict = bpf_unified_rx(r, (struct unified_rx *)&question.rx,
						  sizeof(question.rx) - 8);
	bpf_unified_region_put(r);
	return 0;
}

char _license[] SEC("license") = "GPL";
