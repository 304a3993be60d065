// SPDX-License-Identifier: GPL-2.0
/*
 * capitals: puts all letters into capitals, where they are. It is asked for every
 * operation that is to work on data; 0 lets the next policy have it, too.
 */
#include "unified.bpf.h"

SEC("struct_ops/process")
s32 BPF_PROG(capitals_process, struct unified_bpf_ctx *uctx)
{
	__u8 *data;
	__u32 i;

	bpf_for(i, 0, uctx->data_len) {
		data = bpf_unified_data(uctx, i, 1);
		if (data && *data >= 'a' && *data <= 'z')
			*data -= 'a' - 'A';
	}
	return 0;
}

UNIFIED_POLICY(capitals,
	.process = (void *)capitals_process);
