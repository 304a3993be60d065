// SPDX-License-Identifier: GPL-2.0
/*
 * count: counts the operations of its regions and their bytes, and lets all
 * pass. "unifiedctl policy show count" has the counters.
 */
#include "unified.bpf.h"

__u64 operations;
__u64 bytes;

SEC("struct_ops/process")
s32 BPF_PROG(count_process, struct unified_bpf_ctx *uctx)
{
	__sync_fetch_and_add(&operations, 1);
	__sync_fetch_and_add(&bytes, uctx->data_len);
	return 0;
}

UNIFIED_HELP("counts operations and their bytes")
UNIFIED_POLICY(count,
	.priority = -100,	/* before those that may refuse */
	.process = (void *)count_process);
