// SPDX-License-Identifier: GPL-2.0
/*
 * ratelimit: lets so many bytes a second pass, and refuses what is more with
 * EAGAIN: nothing is done then, and the caller tries again later.
 *
 * What was let pass may be "burst" ahead of the rate.
 */
#include "unified.bpf.h"
#include "rate.h"

#define EAGAIN 11

UNIFIED_KNOB(__u64, rate, 100 << 20, "bytes a second", 1, 16G, bytes);
UNIFIED_KNOB(__u64, burst, 10 << 20, "bytes that may be ahead of the rate", 0, 4G, bytes);

static struct ahead passed;
__u64 refused;

SEC("struct_ops/submit")
s32 BPF_PROG(ratelimit_submit, struct unified_bpf_ctx *uctx)
{
	__s64 len = uctx->desc->len, most = burst, was;
	int i;

	ahead_pass(&passed, rate);
	/* Another CPU may be faster; not as often as this. */
	bpf_for(i, 0, 8) {
		was = passed.bytes;
		/* One that is larger than the burst passes when nothing else does. */
		if (was > 0 && was + len > most)
			break;
		if (__sync_bool_compare_and_swap(&passed.bytes, was, was + len))
			return UNIFIED_CONTINUE;
	}
	__sync_fetch_and_add(&refused, 1);
	return -EAGAIN;
}

UNIFIED_HELP("lets so many bytes a second pass, and refuses what is more")
UNIFIED_POLICY(ratelimit,
	.submit = (void *)ratelimit_submit);
