// SPDX-License-Identifier: GPL-2.0
/*
 * What BPF programs may call. Every kfunc here is safe in any context unless
 * its comment says otherwise, and none keeps a pointer it was given.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/crc32.h>
#include <linux/module.h>

#include "unified.h"

__bpf_kfunc_start_defs();

/**
 * bpf_unified_crc32c - CRC-32C of a piece of memory
 * @seed: 0, or the value returned for what precedes @data
 * @data: memory the program may read
 * @data__sz: its length in bytes
 *
 * The usual CRC-32C: of "123456789" it is 0xe3069283. Any context.
 *
 * Return: the checksum.
 */
__bpf_kfunc u32 bpf_unified_crc32c(u32 seed, const void *data, u32 data__sz)
{
	return ~crc32c(~seed, data, data__sz);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(unified_data_kfuncs)
BTF_ID_FLAGS(func, bpf_unified_crc32c)
BTF_KFUNCS_END(unified_data_kfuncs)

static const struct btf_kfunc_id_set unified_data_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &unified_data_kfuncs,
};

int unified_kfuncs_register(void)
{
	static const enum bpf_prog_type types[] = {
		BPF_PROG_TYPE_STRUCT_OPS, BPF_PROG_TYPE_XDP,	 BPF_PROG_TYPE_SCHED_CLS,
		BPF_PROG_TYPE_TRACING,	  BPF_PROG_TYPE_SYSCALL,
	};
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(types) && !ret; i++)
		ret = register_btf_kfunc_id_set(types[i], &unified_data_kfunc_set);
	return ret;
}
