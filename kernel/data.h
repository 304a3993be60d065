/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The data of an operation, for policies and for devices: data.c.
 */
#ifndef UNIFIED_DATA_H
#define UNIFIED_DATA_H

#include <linux/bvec.h>

#include "descriptor.h"
#include "op.h"
#include "region.h"

int unified_data_map_slow(struct unified_op *op);
int unified_data_room(struct unified_command *c, u32 nr);
void unified_data_take_all(struct unified_command *c);
int unified_data_plan(struct unified_command *c, const struct unified_limits *limits);
void unified_data_done(struct unified_command *c);
void unified_data_put_buffer(struct unified_op *op);

/* Is it where a device may not write, if that is sealed? */
static inline bool unified_data_guarded(const struct unified_op *op, u64 addr)
{
	return addr < op->region->rx_size && unified_desc_fills(&op->desc);
}

/* Find the data of a descriptor that has some. */
static inline int unified_data_map(struct unified_op *op)
{
	const struct unified_descriptor *d = &op->desc;
	const struct unified_io_region *r = op->region;
	u64 size = r->size - r->offsets.data, at = r->offsets.data + d->addr;

	/* Mostly it is one range that is one piece. */
	if (d->flags & (UNIFIED_DESC_F_GATHER | UNIFIED_DESC_F_BUFFER) || d->addr >= size ||
	    d->len > size - d->addr || (at & (r->chunk_size - 1)) + d->len > r->chunk_size ||
	    !d->len || unified_data_guarded(op, d->addr))
		return unified_data_map_slow(op);
	op->pieces.list[0].addr = unified_phys(r, at);
	op->pieces.list[0].len = d->len;
	op->pieces.nr = 1;
	op->data = r->kaddr + at;
	op->data_len = d->len;
	return 0;
}

/* Is all of the data one piece that fits as it is? Then nothing is to be planned. */
static inline bool unified_data_is_one(struct unified_command *c, u32 start_mask, u32 max_bytes)
{
	struct unified_op *op = c->op;
	const struct unified_segment *piece = op->pieces.list;

	if (op->pieces.nr != 1 || op->at.offset || (piece->addr & start_mask) ||
	    piece->len > max_bytes)
		return false;
	bvec_set_page(c->vecs, phys_to_page(piece->addr), piece->len, offset_in_page(piece->addr));
	c->nr_vecs = 1;
	c->bytes = piece->len;
	op->at.piece = 1;
	return true;
}

/* Is all of the data one command, each piece of it as it is? */
static inline bool unified_data_fits(const struct unified_command *c,
				     const struct unified_limits *limits)
{
	const struct unified_op *op = c->op;

	return !op->at.piece && !op->at.offset &&
	       unified_plan_fits(limits, &op->pieces, op->desc.len);
}

static inline void unified_data_unmap(struct unified_op *op)
{
	if (op->has_buffer)
		unified_data_put_buffer(op);
}

#endif
