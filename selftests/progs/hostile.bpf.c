// SPDX-License-Identifier: GPL-2.0
/*
 * The first policy of the chain in hostile.c: whatever user space does to the
 * descriptor meanwhile, what a hook is given was checked and stays as it is.
 */
#include "unified.bpf.h"
#include "hostile.h"

struct testimony testimony;

#define count(what, n) __sync_fetch_and_add(&testimony.what, n)

#define F_NVME	 1 /* of unified_io.h */
#define F_BPF	 4
#define F_GATHER 8
#define ANY	 0x1f

static bool checked(struct unified_bpf_ctx *uctx, struct unified_descriptor *d)
{
	u64 size = testimony.data_size;

	if (!(d->type & F_BPF) || d->type & ~(F_NVME | F_BPF) || d->flags & ~ANY ||
	    d->resv[0] || d->resv[1] || d->resv[2])
		return false;
	/* Of several fragments it is the first, and what follows it. */
	if (d->flags & F_GATHER) {
		count(gathered, 1);
		return uctx->data_len <= d->len && d->nr_frags;
	}
	return d->addr <= size && d->len <= size - d->addr && uctx->data_len == d->len;
}

SEC("struct_ops/process")
s32 BPF_PROG(witness_process, struct unified_bpf_ctx *uctx)
{
	struct unified_descriptor *d = uctx->desc;
	u64 addr = d->addr, user_data = d->user_data;
	u32 len = uctx->data_len, i;
	u8 *data;

	count(operations, 1);
	count(bytes, len);
	if (d->type == F_BPF)
		count(alone, 1);
	if (!checked(uctx, d))
		count(wrong, 1);
	/* The last byte is there, and the one behind it is not. */
	data = bpf_unified_data(uctx, len - 1, 1);
	if (!data != !len || bpf_unified_data(uctx, len, 1))
		count(wrong, 1);
	if (data)
		data[0]++;
	bpf_for(i, 0, 50)
		if (d->addr != addr || uctx->data_len != len || d->user_data != user_data) {
			count(changed, 1);
			break;
		}
	return 0;
}

UNIFIED_POLICY(witness,
	.priority = -1000,
	.process = (void *)witness_process);
