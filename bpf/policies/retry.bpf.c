// SPDX-License-Identifier: GPL-2.0
/*
 * retry: issues operations once more that failed for a reason that may pass: a
 * reset of the controller, or an error of the medium or of the way to it. What
 * was wrong with the operation itself is not tried again. The most that "tries" may
 * be is the module's own limit.
 */
#include "unified.bpf.h"

enum { EINTR = 4, EIO = 5, EAGAIN = 11, ENOLINK = 67, ETIMEDOUT = 110 };

UNIFIED_KNOB(__u32, tries, 3, "how often an operation is issued, at most", 1, UNIFIED_MAX_TRIES);

__u64 retried;

SEC("struct_ops/complete")
s32 BPF_PROG(retry_complete, struct unified_bpf_ctx *uctx, struct unified_completion *done)
{
	switch (-done->res) {
	case EINTR:
	case EIO:
	case EAGAIN:
	case ENOLINK:
	case ETIMEDOUT:
		break;
	default:
		return UNIFIED_CONTINUE;
	}
	if (done->tries >= tries)
		return UNIFIED_CONTINUE;
	__sync_fetch_and_add(&retried, 1);
	return UNIFIED_RETRY;
}

UNIFIED_HELP("issues operations once more that failed for a reason that may pass")
UNIFIED_POLICY(retry,
	.flags = UNIFIED_POLICY_COMPLETE_ERRORS,
	.complete = (void *)retry_complete);
