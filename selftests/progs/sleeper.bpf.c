// SPDX-License-Identifier: GPL-2.0
/*
 * A policy whose hook sleeps for as long as the memory at an address of its
 * caller's is not there.
 */
#include "unified.bpf.h"

__u64 address;
__u64 woken;

SEC("struct_ops.s/process")
s32 BPF_PROG(sleeper_process, struct unified_bpf_ctx *uctx)
{
	char few[8];

	bpf_copy_from_user_str(few, sizeof(few), (void *)address, 0);
	__sync_fetch_and_add(&woken, 1);
	return 0;
}

UNIFIED_POLICY(sleeper,
	.process = (void *)sleeper_process);
