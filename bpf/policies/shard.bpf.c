// SPDX-License-Identifier: GPL-2.0
/*
 * shard: spreads one range of blocks over several targets, in stripes, as RAID 0
 * does. Stripe n is on target n % targets.
 *
 * An operation across the end of a stripe is refused with EINVAL: it would be two.
 * Flushes go to all targets.
 */
#include "unified.bpf.h"

#define EINVAL 22

UNIFIED_KNOB_AT_LOAD(__u32, targets, 2, "how many targets there are", 1, 32);
UNIFIED_KNOB_AT_LOAD(__u32, stripe, 256, "blocks of a stripe", 1, 1G);
UNIFIED_KNOB_AT_LOAD(__u32, block, 512, "bytes of a block of the targets", 512, 64K, bytes);

SEC("struct_ops/submit")
s32 BPF_PROG(shard_submit, struct unified_bpf_ctx *uctx)
{
	struct unified_descriptor *desc = uctx->desc;
	__u64 number = desc->lba / stripe, within = desc->lba % stripe;

	if (!desc->len) {
		desc->targets = (1ULL << targets) - 1;
		return UNIFIED_CONTINUE;
	}
	if (within + (desc->len + block - 1) / block > stripe)
		return -EINVAL;
	desc->targets = 1U << (number % targets);
	desc->lba = number / targets * stripe + within;
	return UNIFIED_CONTINUE;
}

UNIFIED_HELP("spreads a range of blocks over several targets, in stripes")
UNIFIED_POLICY(shard,
	.submit = (void *)shard_submit);
