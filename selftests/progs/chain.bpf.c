// SPDX-License-Identifier: GPL-2.0
/*
 * Policies for chain.c: each leaves a letter in the data, so that the data tells
 * who was asked and in which order. And some that misbehave.
 */
#include "unified.bpf.h"

#define EDOM_	33
#define EINVAL_	22
#define ERANGE_	34
#define ENOBUFS_ 105

int calls;
char exit_reason[64];
int exit_kind = -1;
int exit_error;
int exits;
int exit_copy;

static __always_inline int leave(struct unified_bpf_ctx *uctx, char letter)
{
	__u8 *data = bpf_unified_data(uctx, 0, 16);

	calls++;
	if (!data || data[0] >= 15)
		return -ENOBUFS_;
	data[1 + data[0]] = letter;
	data[0]++;
	return 0;
}

SEC("struct_ops/process")
s32 BPF_PROG(a_process, struct unified_bpf_ctx *uctx)
{
	return leave(uctx, 'a');
}

SEC("struct_ops.s/process")
s32 BPF_PROG(b_process, struct unified_bpf_ctx *uctx)
{
	return leave(uctx, 'b');
}

SEC("struct_ops/process")
s32 BPF_PROG(c_process, struct unified_bpf_ctx *uctx)
{
	return leave(uctx, 'c');
}

SEC("struct_ops.s/exit")
void BPF_PROG(any_exit, struct unified_bpf_ctx *uctx, struct unified_exit_info *info)
{
	exit_kind = info->kind;
	exit_error = info->error;
	exit_copy = bpf_unified_copy(uctx, 0, 0, 0);
	exits++;
	bpf_probe_read_kernel_str(exit_reason, sizeof(exit_reason), info->reason);
}

SEC("struct_ops/process")
s32 BPF_PROG(refuse_process, struct unified_bpf_ctx *uctx)
{
	return -EDOM_;
}

const volatile s32 verdict = 77;

SEC("struct_ops/process")
s32 BPF_PROG(wrong_process, struct unified_bpf_ctx *uctx)
{
	calls++;
	return verdict;
}

/* Writes what it may, at the ends of what it may. */
SEC("struct_ops/process")
s32 BPF_PROG(writer_process, struct unified_bpf_ctx *uctx)
{
	__u8 *data = bpf_unified_data(uctx, 0, 4);
	struct unified_io_region *r;
	__u8 key = 0xff, keys[65] = {};
	int ret;

	uctx->desc->lba = 1;
	uctx->desc->flags = 2;
	uctx->desc->targets = 3;
	if (!data || bpf_unified_data(uctx, uctx->data_len, 1) ||
	    bpf_unified_data(uctx, uctx->data_len - 3, 4) || bpf_unified_data(uctx, -1, 4))
		return -EDOM_;
	if (bpf_unified_xor(uctx, uctx->data_len, 1, &key, 1) != -ERANGE_ ||
	    bpf_unified_xor(uctx, 1, -1, &key, 1) != -ERANGE_ ||
	    bpf_unified_copy(uctx, 0, uctx->data_len - 3, 4) != -ERANGE_ ||
	    bpf_unified_copy(uctx, uctx->data_len - 3, 0, 4) != -ERANGE_ ||
	    bpf_unified_data_crc32c(uctx, 1, uctx->data_len, 0) != -ERANGE_)
		return -EDOM_;
	if (bpf_unified_xor(uctx, 0, 1, &key, 0) != -EINVAL_ ||
	    bpf_unified_xor(uctx, 0, 1, keys, 65) != -EINVAL_ ||
	    bpf_unified_xor(uctx, 0, 1, keys, 64))
		return -EDOM_;
	r = bpf_unified_region_get(0xffffffff);
	if (r) {
		bpf_unified_region_put(r);
		return -EDOM_;
	}
	r = bpf_unified_region_get(uctx->region->id);
	if (!r)
		return -EDOM_;
	ret = r->id == uctx->region->id ? 0 : -EDOM_;
	bpf_unified_region_put(r);
	data[3] = 'w';
	return ret ?: bpf_unified_copy(uctx, 0, 3, 1);
}

/* As long as the verifier lets it, so that a detach meets it at work. */
static int turn(__u32 i, void *arg)
{
	return 0;
}

SEC("struct_ops.s/process")
s32 BPF_PROG(slow_process, struct unified_bpf_ctx *uctx)
{
	bpf_loop(1 << 19, turn, NULL, 0);
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("struct_ops/submit")
s32 BPF_PROG(slow_submit, struct unified_bpf_ctx *uctx)
{
	bpf_loop(1 << 17, turn, NULL, 0);
	__sync_fetch_and_add(&calls, 1);
	return UNIFIED_CONTINUE;
}

#define OPS SEC(".struct_ops.link") struct unified_region_ops

OPS a = { .name = "a", .process = (void *)a_process, .exit = (void *)any_exit };
OPS b = { .name = "b", .priority = -5, .process = (void *)b_process };
OPS c = { .name = "c", .priority = 5, .process = (void *)c_process };
OPS a_next = { .name = "a", .process = (void *)c_process };
OPS a_moved = { .name = "a", .priority = 1, .process = (void *)c_process };
OPS a_placed = { .name = "a", .region = 4000, .process = (void *)c_process };
OPS also = { .name = "also", .process = (void *)c_process };
OPS refuse = { .name = "refuse", .process = (void *)refuse_process };
OPS wrong = { .name = "wrong", .process = (void *)wrong_process, .exit = (void *)any_exit };
OPS writer = { .name = "writer", .process = (void *)writer_process };
OPS slow = { .name = "slow", .process = (void *)slow_process, .submit = (void *)slow_submit,
	     .exit = (void *)any_exit };
OPS bound = { .name = "bound", .process = (void *)a_process };

char _license[] SEC("license") = "GPL";
