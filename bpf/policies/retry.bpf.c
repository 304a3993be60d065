// SPDX-License-Identifier: GPL-2.0
/*
 * retry: issues operations once more that failed for a reason that may pass: a
 * reset of the controller, or an error of the medium or of the way to it. What
 * was wrong with the operation itself is not tried again.
 *
 * To change how often, set "tries" before it is loaded; the module's own limit
 * is UNIFIED_MAX_TRIES.
 */
#include "unified.bpf.h"

enum { EINTR = 4, EIO = 5, EAGAIN = 11, ENOLINK = 67, ETIMEDOUT = 110 };

const volatile __u32 tries = 3;

__u64 retried;

SEC("struct_ops/complete")
s32 BPF_PROG(retry_complete, struct unified_bpf_ctx *uctx)
{
	switch (-uctx->completion->res) {
	case EINTR:
	case EIO:
	case EAGAIN:
	case ENOLINK:
	case ETIMEDOUT:
		break;
	default:
		return UNIFIED_CONTINUE;
	}
	if (uctx->completion->tries >= tries)
		return UNIFIED_CONTINUE;
	__sync_fetch_and_add(&retried, 1);
	return UNIFIED_RETRY;
}

UNIFIED_POLICY(retry,
	.flags = UNIFIED_POLICY_COMPLETE_ERRORS,
	.complete = (void *)retry_complete);
