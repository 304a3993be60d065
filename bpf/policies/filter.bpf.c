// SPDX-License-Identifier: GPL-2.0
/*
 * filter: lets data pass that begins with a magic number, and refuses all else
 * with EBADMSG.
 *
 * The magic number is UIO1; to ask for another, set "magic" before the policy is
 * loaded: it is constant then, and the verifier checks the program with it.
 */
#include "unified.bpf.h"

#define EBADMSG 74

const volatile __u8 magic[4] = { 'U', 'I', 'O', '1' };

SEC("struct_ops/process")
s32 BPF_PROG(filter_process, struct unified_bpf_ctx *uctx)
{
	const __u8 *head = bpf_unified_data(uctx, 0, sizeof(magic));
	int i;

	/* NULL: the data is shorter than a magic number. */
	if (!head)
		return -EBADMSG;
	for (i = 0; i < sizeof(magic); i++)
		if (head[i] != magic[i])
			return -EBADMSG;
	return 0;
}

UNIFIED_POLICY(filter,
	.process = (void *)filter_process);
