// SPDX-License-Identifier: GPL-2.0
/*
 * For fuzz/steps_io.c: a program that calls the kfuncs with what it is told, and a policy
 * whose hooks take what they do and what they answer from a request's user_data.
 */
#include "unified.bpf.h"
#include "fuzz.h"

struct fuzz_state state;

SEC("syscall")
int call(struct fuzz_call *c)
{
	struct unified_descriptor request = c->request;
	struct unified_rx rx = {
		.addr = c->addr,
		.len = c->len,
		.targets = c->targets,
		.stream.id = c->number,
	};
	__u32 which = c->number % FUZZ_BUFFERS;
	struct unified_io_region *r;

	r = c->shared ? bpf_unified_region_get_shared(c->region) :
			bpf_unified_region_get(c->region);
	if (!r)
		return 0;
	__sync_fetch_and_add(&state.calls, 1);
	switch (c->what) {
	case FUZZ_ALLOC:
		state.buffers[which] = bpf_unified_buffer_alloc(r, c->number);
		state.addrs[which] = bpf_unified_buffer_addr(r, state.buffers[which]);
		break;
	case FUZZ_FREE:
		bpf_unified_buffer_free(r, c->number < 128 ? state.buffers[which] : c->number);
		bpf_unified_buffer_addr(r, c->number);
		break;
	case FUZZ_SUBMIT:
		bpf_unified_submit(r, &request, sizeof(request));
		break;
	case FUZZ_RX:
		bpf_unified_rx(r, &rx, sizeof(rx));
		break;
	}
	bpf_unified_region_put(r);
	return 0;
}

/* Mostly within the data, and mostly a good answer: bad ones cost the policy its place. */
static __always_inline s32 answer(struct unified_bpf_ctx *uctx, u64 seed, s32 last)
{
	struct unified_descriptor *desc = uctx->desc;
	u32 at = seed >> 8, len = seed >> 24;
	u8 *data, key[3] = { 1, seed, 7 };

	__sync_fetch_and_add(&state.hooks, 1);
	if (uctx->data_len && (seed & 7)) {
		at %= uctx->data_len;
		len %= uctx->data_len;
	}
	switch (seed >> 3 & 7) {
	case 0:
		bpf_unified_xor(uctx, at, len, key, sizeof(key));
		break;
	case 1:
		bpf_unified_copy(uctx, at, len, seed >> 40 & 4095);
		break;
	case 2:
		bpf_unified_data_crc32c(uctx, at, len, seed);
		break;
	case 3:
		data = bpf_unified_data(uctx, at, 64);
		if (data)
			data[seed & 63] = seed >> 32;
		break;
	case 4:
		desc->lba = seed >> 32 & 1023;
		break;
	case 5:
		desc->targets = seed >> 32 & 255;
		break;
	case 6:
		desc->flags ^= seed >> 32;
		break;
	}
	switch (seed >> 56) {
	case 0 ... 31:
		return last;
	case 32:
		return seed >> 40;
	case 33:
		return -(s32)(seed >> 40 & 255);
	default:
		return UNIFIED_CONTINUE;
	}
}

SEC("struct_ops.s/process")
s32 BPF_PROG(any_process, struct unified_bpf_ctx *uctx)
{
	return answer(uctx, uctx->desc->user_data, 0);
}

SEC("struct_ops/rx")
s32 BPF_PROG(any_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	u64 seed = stream->id;

	return answer(uctx, seed, seed & 64 ? UNIFIED_RETRY : UNIFIED_ISSUE);
}

SEC("struct_ops/submit")
s32 BPF_PROG(any_submit, struct unified_bpf_ctx *uctx)
{
	u64 seed = uctx->desc->user_data;

	return answer(uctx, seed, seed & 64 ? UNIFIED_DROP : UNIFIED_ISSUE);
}

SEC("struct_ops/complete")
s32 BPF_PROG(any_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	u64 seed = done->user_data;

	return answer(uctx, seed, seed & 64 ? UNIFIED_DROP : UNIFIED_RETRY);
}

UNIFIED_POLICY(fuzz,
	.process = (void *)any_process,
	.rx = (void *)any_rx,
	.submit = (void *)any_submit,
	.complete = (void *)any_complete);
