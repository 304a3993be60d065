// SPDX-License-Identifier: GPL-2.0
/*
 * A policy whose hook sleeps for as long as the memory at an address of a process is
 * not there, wherever the hook runs: after a read that is none of its threads.
 */
#include "unified.bpf.h"

struct {
	__u64 address;
	__u64 asleep; /* how often it began, and how often it ended */
	__u64 woken;
	__s32 owner; /* whose address it is */
} state;

SEC("struct_ops.s/process")
s32 BPF_PROG(far_sleeper_process, struct unified_bpf_ctx *uctx)
{
	struct task_struct *task = bpf_task_from_pid(state.owner);
	char few[8];

	if (!task)
		return -1;
	__sync_fetch_and_add(&state.asleep, 1);
	bpf_copy_from_user_task_str(few, sizeof(few), (void *)state.address, task, 0);
	__sync_fetch_and_add(&state.woken, 1);
	bpf_task_release(task);
	return 0;
}

UNIFIED_POLICY(far_sleeper,
	.process = (void *)far_sleeper_process);
