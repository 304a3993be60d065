// SPDX-License-Identifier: GPL-2.0
/*
 * transform: combines data with a key, where it is.
 *
 * BPF would need a loop over every byte, with a check for each; the module's
 * kfunc does all of it in one call. Done twice, the data is what it was before.
 */
#include "unified.bpf.h"

UNIFIED_KNOB_AT_LOAD(char[8], key, "ZZZZZZZZ", "what data is combined with");

SEC("struct_ops/process")
s32 BPF_PROG(transform_process, struct unified_bpf_ctx *uctx)
{
	__u8 copy[sizeof(key)];
	int i;

	/* What a kfunc is given must be writable, and a constant is not. */
	for (i = 0; i < sizeof(key); i++)
		copy[i] = key[i];
	return bpf_unified_xor(uctx, 0, uctx->data_len, copy, sizeof(copy));
}

UNIFIED_HELP("combines data with a key, and back")
UNIFIED_POLICY(transform,
	.priority = 100,	/* after those that look at the data */
	.process = (void *)transform_process);
