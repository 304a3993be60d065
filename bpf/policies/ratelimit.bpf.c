// SPDX-License-Identifier: GPL-2.0
/*
 * ratelimit: lets so many bytes a second pass, and refuses what is more with
 * EAGAIN: nothing is done then, and the caller tries again later.
 *
 * "until" is when all that was let pass would be through at the given rate; it
 * may lie "burst" in the future. To change the rate or the burst, set them
 * before the policy is loaded.
 */
#include "unified.bpf.h"

#define EAGAIN 11
#define SECOND 1000000000ULL

const volatile __u64 rate = 100 << 20;	/* bytes a second */
const volatile __u64 burst = SECOND / 10;	/* ns */

__u64 until;
__u64 refused;

SEC("struct_ops/submit")
s32 BPF_PROG(ratelimit_submit, struct unified_bpf_ctx *uctx)
{
	__u64 now = bpf_ktime_get_ns(), cost = uctx->desc->len * SECOND / rate, was, next;
	int i;

	/* Another CPU may be faster; not as often as this. */
	bpf_for(i, 0, 8) {
		was = until;
		next = was > now ? was : now;
		/* One that is larger than the burst passes when nothing else does. */
		if (next > now && next + cost > now + burst)
			break;
		if (__sync_bool_compare_and_swap(&until, was, next + cost))
			return UNIFIED_CONTINUE;
	}
	__sync_fetch_and_add(&refused, 1);
	return -EAGAIN;
}

UNIFIED_POLICY(ratelimit,
	.submit = (void *)ratelimit_submit);
