// SPDX-License-Identifier: GPL-2.0
/*
 * What BPF programs may call. Every kfunc here may be called from process,
 * softirq and irq context, but not from NMI, which is why tracing programs have
 * none of them; and none keeps a pointer it was given.
 */
#include <crypto/utils.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/capability.h>
#include <linux/crc32.h>
#include <linux/module.h>

#include "policy.h"
#include "queue.h"
#include "region.h"

__bpf_kfunc_start_defs();

/**
 * bpf_unified_crc32c - CRC-32C of a piece of memory
 * @seed: 0, or the value returned for what precedes @data
 * @data: memory the program may read
 * @data__sz: its length in bytes
 *
 * The usual CRC-32C: of "123456789" it is 0xe3069283.
 *
 * Return: the checksum.
 */
__bpf_kfunc u32 bpf_unified_crc32c(u32 seed, const void *data, u32 data__sz)
{
	return ~crc32c(~seed, data, data__sz);
}

/* Is [offset, offset + len) of the hook's data there? */
static bool unified_ctx_has(const struct unified_bpf_ctx *uctx, u32 offset, u32 len)
{
	return uctx->data && offset <= uctx->data_len && len <= uctx->data_len - offset;
}

/**
 * bpf_unified_data - a piece of the hook's data, to read and write
 * @uctx: the hook's context
 * @offset: where the piece begins
 * @rdwr_buf_size: its length, a constant
 *
 * User space can have the same memory mapped: what was read twice may differ.
 *
 * Return: the piece, or NULL if the data is shorter.
 */
__bpf_kfunc u8 *bpf_unified_data(struct unified_bpf_ctx *uctx, u32 offset, const u32 rdwr_buf_size)
{
	return unified_ctx_has(uctx, offset, rdwr_buf_size) ? uctx->data + offset : NULL;
}

/**
 * bpf_unified_xor - combine data with a key that is repeated
 * @uctx: the hook's context
 * @offset: where to begin, with the first byte of the key
 * @len: how many bytes
 * @key: memory the program may read
 * @key__sz: its length, 1 to 64
 *
 * Return: 0, -ERANGE beyond the data, -EINVAL for a key of another length.
 */
__bpf_kfunc s32 bpf_unified_xor(struct unified_bpf_ctx *uctx, u32 offset, u32 len, const void *key,
				u32 key__sz)
{
	u32 i, part, period;
	u8 keys[64];
	u8 *data;

	if (!key__sz || key__sz > 64)
		return -EINVAL;
	if (!unified_ctx_has(uctx, offset, len))
		return -ERANGE;
	/* The key, as often as there is room, for long steps. */
	period = sizeof(keys) / key__sz * key__sz;
	for (i = 0; i < period; i += key__sz)
		memcpy(keys + i, key, key__sz);
	for (data = uctx->data + offset; len; data += part, len -= part) {
		part = min(len, period);
		crypto_xor(data, keys, part);
	}
	return 0;
}

/**
 * bpf_unified_copy - move data within the hook's data
 * @uctx: the hook's context
 * @to: where to
 * @from: where from; the two may overlap
 * @len: how many bytes
 *
 * Return: 0, or -ERANGE beyond the data.
 */
__bpf_kfunc s32 bpf_unified_copy(struct unified_bpf_ctx *uctx, u32 to, u32 from, u32 len)
{
	if (!unified_ctx_has(uctx, to, len) || !unified_ctx_has(uctx, from, len))
		return -ERANGE;
	memmove(uctx->data + to, uctx->data + from, len);
	unified_count(uctx->region, bytes_copied, len);
	return 0;
}

/**
 * bpf_unified_data_crc32c - CRC-32C of a part of the hook's data
 * @uctx: the hook's context
 * @offset: where the part begins
 * @len: its length
 * @seed: as of bpf_unified_crc32c()
 *
 * Return: the checksum, or -ERANGE beyond the data.
 */
__bpf_kfunc s64 bpf_unified_data_crc32c(struct unified_bpf_ctx *uctx, u32 offset, u32 len, u32 seed)
{
	if (!unified_ctx_has(uctx, offset, len))
		return -ERANGE;
	return bpf_unified_crc32c(seed, uctx->data + offset, len);
}

/**
 * bpf_unified_region_get - take a reference on a region
 * @id: its id
 *
 * To be given back with bpf_unified_region_put() by the same program; it cannot
 * be kept in a map. Only for a program that was loaded with CAP_SYS_ADMIN, and not by
 * way of a BPF token: it reaches every region, and what can be done with that.
 *
 * Return: the region, or NULL if there is none of that id.
 */
__bpf_kfunc struct unified_io_region *bpf_unified_region_get(u32 id)
{
	return unified_region_get(id);
}

/**
 * bpf_unified_region_get_shared - take a reference on a region that is for all programs
 * @id: its id
 *
 * For a program whose loader has no CAP_SYS_ADMIN. Whoever set the region up said
 * with UNIFIED_IO_SETUP_BPF that any program may use it.
 *
 * Return: as bpf_unified_region_get(), or NULL if it was not set up so.
 */
__bpf_kfunc struct unified_io_region *bpf_unified_region_get_shared(u32 id)
{
	struct unified_io_region *r = unified_region_get(id);

	if (!r || (r->flags & UNIFIED_IO_SETUP_BPF))
		return r;
	unified_region_put(r);
	return NULL;
}

/**
 * bpf_unified_region_put - give a reference back
 * @region: what bpf_unified_region_get() returned
 *
 * Any context.
 */
__bpf_kfunc void bpf_unified_region_put(struct unified_io_region *region)
{
	unified_region_put(region);
}

/**
 * bpf_unified_buffer_alloc - take a free buffer of a region's pool
 * @region: what bpf_unified_region_get() returned
 * @owner: anything; struct unified_slot shows it while the buffer is held
 *
 * It belongs to the caller, across programs and runs, until it is freed or the
 * region goes.
 *
 * Return: a handle, or -ENOBUFS.
 */
__bpf_kfunc s64 bpf_unified_buffer_alloc(struct unified_io_region *region, u64 owner)
{
	return unified_buffer_alloc(region, owner);
}

/**
 * bpf_unified_buffer_free - give a buffer back
 * @region: what bpf_unified_region_get() returned
 * @buffer: its handle
 *
 * Operations that use it may still be in flight: it is handed out again after
 * the last of them.
 *
 * Return: 0, -ESTALE if it was given back before, -ERANGE for what is no buffer.
 */
__bpf_kfunc s32 bpf_unified_buffer_free(struct unified_io_region *region, u64 buffer)
{
	return unified_buffer_free(region, buffer);
}

/**
 * bpf_unified_buffer_addr - where the bytes of a buffer are
 * @region: what bpf_unified_region_get() returned
 * @buffer: its handle
 *
 * Return: the offset in the data area, as in a descriptor, or -ERANGE.
 */
__bpf_kfunc s64 bpf_unified_buffer_addr(struct unified_io_region *region, u64 buffer)
{
	return unified_buffer_addr(region, buffer);
}

/**
 * bpf_unified_submit - submit an operation
 * @region: what bpf_unified_region_get() returned
 * @desc: a struct unified_descriptor, in memory of the program
 * @desc__sz: its size
 *
 * It is queued here and issued from a process context. What becomes of it is in
 * its completion: a complete hook sees it, and then UNIFIED_IO_COMPLETE of the
 * region, unless that hook dropped it. One that is refused when it is to be
 * issued is not shown to complete hooks; COMPLETE tells why.
 *
 * Return: 0, -EINVAL for another size, -EBUSY if the region's ring has no place,
 * -ENOMEM.
 */
__bpf_kfunc s32 bpf_unified_submit(struct unified_io_region *region, const void *desc, u32 desc__sz)
{
	if (desc__sz != sizeof(struct unified_descriptor))
		return -EINVAL;
	return unified_queue_post(region, desc);
}

/**
 * bpf_unified_rx - ask a region's policies about data of a stream
 * @region: what bpf_unified_region_get() returned
 * @rx: the data and the stream; lba, targets and flags are set to what policies chose
 * @rx__sz: its size
 *
 * For programs that receive. Context: any; hooks do not sleep.
 *
 * Return: UNIFIED_ISSUE to store the data, also where no policy has a hook;
 * UNIFIED_DROP; UNIFIED_RETRY; UNIFIED_MORE + n to ask again when n bytes are there, or
 * with UNIFIED_STREAM_LAST; or -errno: -EINVAL for another size, -ERANGE for data
 * outside the region, or a policy's.
 */
__bpf_kfunc s32 bpf_unified_rx(struct unified_io_region *region, struct unified_rx *rx, u32 rx__sz)
{
	u64 size = region->size - region->offsets.data;
	struct unified_rx copy;
	s32 verdict;

	if (rx__sz != sizeof(*rx))
		return -EINVAL;
	/* It may be in a map that others write meanwhile. */
	memcpy(&copy, rx, sizeof(copy));
	barrier();
	if (copy.addr > size || copy.len > size - copy.addr)
		return -ERANGE;
	verdict = unified_chain_rx(region, &copy);
	if (verdict >= 0) {
		rx->lba = copy.lba;
		rx->targets = copy.targets;
		rx->flags = copy.flags;
	}
	return verdict;
}

__bpf_kfunc_end_defs();

/*
 * A module has one set for each kind of program. All struct_ops share this one, so
 * the filter below says who may call what of it.
 */
BTF_KFUNCS_START(unified_policy_kfuncs)
BTF_ID_FLAGS(func, bpf_unified_crc32c)
BTF_ID_FLAGS(func, bpf_unified_region_get, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_unified_region_get_shared, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_unified_region_put, KF_RELEASE)
BTF_ID_FLAGS(func, bpf_unified_buffer_alloc)
BTF_ID_FLAGS(func, bpf_unified_buffer_free)
BTF_ID_FLAGS(func, bpf_unified_buffer_addr)
BTF_ID_FLAGS(func, bpf_unified_submit)
BTF_ID_FLAGS(func, bpf_unified_rx)
BTF_ID_FLAGS(func, bpf_unified_data, KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_unified_xor)
BTF_ID_FLAGS(func, bpf_unified_copy)
BTF_ID_FLAGS(func, bpf_unified_data_crc32c)
BTF_KFUNCS_END(unified_policy_kfuncs)

/*
 * Other programs have no hook's context. Not for tracing: those programs also
 * run in NMI and where the FPU's registers are being saved, and the checksum
 * uses them.
 */
BTF_KFUNCS_START(unified_program_kfuncs)
BTF_ID_FLAGS(func, bpf_unified_crc32c)
BTF_ID_FLAGS(func, bpf_unified_region_get, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_unified_region_get_shared, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_unified_region_put, KF_RELEASE)
BTF_ID_FLAGS(func, bpf_unified_buffer_alloc)
BTF_ID_FLAGS(func, bpf_unified_buffer_free)
BTF_ID_FLAGS(func, bpf_unified_buffer_addr)
BTF_ID_FLAGS(func, bpf_unified_submit)
BTF_ID_FLAGS(func, bpf_unified_rx)
BTF_KFUNCS_END(unified_program_kfuncs)

BTF_ID_LIST(unified_filter_ids)
BTF_ID(func, bpf_unified_rx)
BTF_ID(func, bpf_unified_region_get)

static bool unified_kfunc_is_rx(u32 kfunc_id)
{
	return kfunc_id == unified_filter_ids[0] + unified_btf_shift();
}

static bool unified_kfunc_is_region_get(u32 kfunc_id)
{
	return kfunc_id == unified_filter_ids[1] + unified_btf_shift();
}

/* Who loads a program that reaches any region by its number could do so without it. */
static int unified_program_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	if (!unified_kfunc_is_region_get(kfunc_id))
		return 0;
	return !prog->aux->token && capable(CAP_SYS_ADMIN) ? 0 : -EACCES;
}

/*
 * Of struct_ops, a policy may call all but bpf_unified_rx(), which would ask the
 * chain that it is in; io_uring's loops may call all; nobody else may call any: a
 * scheduler, for one, runs with a lock of the run queue held.
 *
 * The verifier calls this once before it has looked for the program's type, and
 * again after that.
 */
static int unified_struct_ops_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	const struct bpf_struct_ops *ops = prog->aux->st_ops;

	if (prog->type == BPF_PROG_TYPE_STRUCT_OPS && ops) {
		if (ops->owner == THIS_MODULE && unified_kfunc_is_rx(kfunc_id))
			return -EACCES;
		if (ops->owner != THIS_MODULE && strcmp(ops->name, "io_uring_bpf_ops"))
			return -EACCES;
	}
	return unified_program_filter(prog, kfunc_id);
}

static const struct btf_kfunc_id_set unified_policy_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &unified_policy_kfuncs,
	.filter = unified_struct_ops_filter,
};

static const struct btf_kfunc_id_set unified_program_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &unified_program_kfuncs,
	.filter = unified_program_filter,
};

int unified_kfuncs_register(void)
{
	static const enum bpf_prog_type types[] = {
		BPF_PROG_TYPE_XDP,
		BPF_PROG_TYPE_SCHED_CLS,
		BPF_PROG_TYPE_SYSCALL,
	};
	int i, ret;

	ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &unified_policy_kfunc_set);
	for (i = 0; i < ARRAY_SIZE(types) && !ret; i++)
		ret = register_btf_kfunc_id_set(types[i], &unified_program_kfunc_set);
	return ret;
}
