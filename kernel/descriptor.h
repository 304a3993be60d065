/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a descriptor asks for.
 */
#ifndef UNIFIED_DESCRIPTOR_H
#define UNIFIED_DESCRIPTOR_H

#include <linux/types.h>

#include "unified_io.h"

static inline bool unified_desc_writes(const struct unified_descriptor *d)
{
	return d->opcode == UNIFIED_OP_RW ? d->flags & UNIFIED_DESC_F_WRITE
					  : d->opcode != UNIFIED_OP_COMPARE;
}

/* UNIFIED_TARGET_* that it takes. */
static inline u32 unified_desc_access(const struct unified_descriptor *d)
{
	static_assert(!(UNIFIED_DESC_F_READ ^ UNIFIED_TARGET_READ));
	static_assert(!(UNIFIED_DESC_F_WRITE ^ UNIFIED_TARGET_WRITE));

	if (likely(d->opcode == UNIFIED_OP_RW))
		return d->flags & (UNIFIED_DESC_F_READ | UNIFIED_DESC_F_WRITE);
	return d->opcode == UNIFIED_OP_COMPARE ? UNIFIED_TARGET_READ : UNIFIED_TARGET_WRITE;
}

/* Does the device write to the region? */
static inline bool unified_desc_fills(const struct unified_descriptor *d)
{
	return d->opcode == UNIFIED_OP_RW && (d->flags & UNIFIED_DESC_F_READ);
}

/* Do process hooks see what is there before anything else is done? */
static inline bool unified_desc_processed_first(const struct unified_descriptor *d)
{
	return (d->type & UNIFIED_REGION_F_BPF) && !unified_desc_fills(d);
}

static inline bool unified_desc_has_data(const struct unified_descriptor *d)
{
	return d->opcode == UNIFIED_OP_RW || d->opcode == UNIFIED_OP_COMPARE;
}

#endif
