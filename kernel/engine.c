// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: where every operation goes, from whatever door it comes. A door
 * parses and replies; what is checked, is checked here, on a copy that nobody
 * else can write.
 */
#include <linux/string.h>

#include "unified.h"

static int unified_check(const struct unified_io_region *r, const struct unified_descriptor *d)
{
	u64 size = r->size - r->offsets.data;

	if (d->flags || d->opcode || memchr_inv(d->resv, 0, sizeof(d->resv)))
		return -EINVAL;
	if (d->addr > size || d->len > size - d->addr)
		return -ERANGE;
	switch (d->type) {
	case UNIFIED_REGION_F_BPF:
		return 0;
	case UNIFIED_REGION_F_NVME:
	case UNIFIED_REGION_F_NETWORK:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/**
 * unified_submit_operation - hand in one operation
 * @r: the region, which the caller holds
 * @request: what is to be done; may be in memory that changes meanwhile
 *
 * Context: process, may sleep.
 * Return: 0, or -errno.
 */
int unified_submit_operation(struct unified_io_region *r, const struct unified_descriptor *request)
{
	struct unified_descriptor desc;
	int ret;

	memcpy(&desc, request, sizeof(desc));
	unified_count(r, operations, 1);
	ret = unified_check(r, &desc);
	if (!ret)
		ret = unified_chain_process(r, &desc);
	if (ret)
		unified_count(r, refused, 1);
	else
		unified_count(r, bytes_processed, desc.len);
	return ret;
}
