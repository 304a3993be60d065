// SPDX-License-Identifier: GPL-2.0
/*
 * The data of an operation: which memory it is, and how it becomes the vectors
 * of a command.
 *
 * Fragments are read from the region once, into pieces that nobody else can
 * write. plan.c says which of them the device takes as they are; the rest is
 * copied through pages of the command's own, before a write or after a read.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "data.h"

/* The segments of a command, of which some are copied, and the pages for that. */
struct unified_bounce {
	u32 nr_segments;
	u32 nr_pages;
	struct page **pages;
	struct unified_segment segments[];
};

/* Twice the pieces: each can be cut where it starts to fit, and where it ends. */
#define BOUNCE_SEGMENTS (4 * UNIFIED_IO_MAX_FRAGMENTS)

/* --- which memory ----------------------------------------------------------- */

/* Room for more pieces than are part of an operation. */
static int unified_pieces_grow(struct unified_op *op)
{
	void *vecs;

	if (op->pieces.list != op->inline_pieces)
		return -E2BIG;
	vecs = unified_vecs_alloc(op);
	if (!vecs)
		return -ENOMEM;
	memcpy(vecs, op->inline_pieces, sizeof(op->inline_pieces));
	op->pieces.list = vecs;
	op->max_pieces = UNIFIED_NR_VECS;
	return 0;
}

static __always_inline int unified_map_range(struct unified_op *op, u64 addr, u32 len)
{
	const struct unified_io_region *r = op->region;
	u64 size = r->size - r->offsets.data, at = r->offsets.data + addr;
	int ret;

	if (addr > size || len > size - addr)
		return -ERANGE;
	if (unified_data_guarded(op, addr) && unified_memory_sealed(r, addr, len))
		return -EPERM;
	/* Policies see it in one piece, wherever it lies. */
	if (op->desc.type == UNIFIED_REGION_F_BPF)
		return 0;
	while (len) {
		u32 part = min(len, r->chunk_size - ((u32)at & (r->chunk_size - 1)));

		if (op->pieces.nr == op->max_pieces) {
			ret = unified_pieces_grow(op);
			if (ret)
				return ret;
		}
		unified_plan_append(&op->pieces, unified_phys(r, at), part);
		at += part;
		len -= part;
	}
	return 0;
}

/* What it is checked against, and where the pages are, once for all fragments. */
static int unified_map_fragments(struct unified_op *op)
{
	const struct unified_descriptor *d = &op->desc;
	const struct unified_io_region *r = op->region;
	const struct unified_fragment *frag = unified_data(r, d->addr), *end;
	const u64 base = r->offsets.data, size = r->size - base;
	const u64 guarded = unified_desc_fills(d) ? r->rx_size : 0;
	const u32 chunk_size = r->chunk_size;
	struct unified_pieces pieces;
	u64 sum = 0;
	int ret;

	if (d->addr > size || (u64)d->nr_frags * sizeof(*frag) > size - d->addr)
		return -ERANGE;
	if (!IS_ALIGNED(d->addr, sizeof(u64)) || !d->nr_frags)
		return -EINVAL;
	if (d->nr_frags > UNIFIED_IO_MAX_FRAGMENTS)
		return -E2BIG;
	if (d->nr_frags > op->max_pieces) {
		ret = unified_pieces_grow(op);
		if (ret)
			return ret;
	}
	pieces = op->pieces;
	for (end = frag + d->nr_frags; frag < end; frag++) {
		u64 addr = READ_ONCE(frag->addr);
		u32 len = READ_ONCE(frag->len);

		if (!len || READ_ONCE(frag->resv))
			return -EINVAL;
		if (addr > size || len > size - addr)
			return -ERANGE;
		sum += len;
		if (addr < guarded && unified_memory_sealed(r, addr, len))
			return -EPERM;
		addr += base;
		if ((addr & (chunk_size - 1)) + len <= chunk_size && pieces.nr < op->max_pieces) {
			unified_plan_append(&pieces, unified_phys(r, addr), len);
			continue;
		}
		op->pieces = pieces;
		ret = unified_map_range(op, addr - base, len);
		if (ret)
			return ret;
		pieces = op->pieces;
	}
	op->pieces = pieces;
	if (sum != d->len)
		return -EINVAL;
	op->data = phys_to_virt(pieces.list[0].addr);
	op->data_len = pieces.list[0].len;
	return 0;
}

/* The slot that the data is in must not be handed out meanwhile. */
static int unified_map_buffer(struct unified_op *op)
{
	const struct unified_descriptor *d = &op->desc;
	s64 addr = unified_buffer_addr(op->region, d->buffer);
	int ret;

	if (addr < 0)
		return addr;
	if (d->flags & UNIFIED_DESC_F_GATHER)
		return -EINVAL;
	if (d->addr < addr || d->addr - addr > op->region->slot_size ||
	    d->len > op->region->slot_size - (d->addr - addr))
		return -ERANGE;
	ret = unified_buffer_get(op->region, d->buffer);
	op->has_buffer = !ret;
	return ret;
}

static int unified_map_plain(struct unified_op *op)
{
	const struct unified_descriptor *d = &op->desc;
	int ret = unified_map_range(op, d->addr, d->len);

	op->data = unified_data(op->region, d->addr);
	op->data_len = d->len;
	return ret;
}

/* What unified_data_map() leaves to this: all but one range that is one piece. */
int unified_data_map_slow(struct unified_op *op)
{
	const struct unified_descriptor *d = &op->desc;
	int ret = 0;

	if (d->flags & UNIFIED_DESC_F_BUFFER)
		ret = unified_map_buffer(op);
	if (ret)
		return ret;
	return d->flags & UNIFIED_DESC_F_GATHER ? unified_map_fragments(op) : unified_map_plain(op);
}

void unified_data_put_buffer(struct unified_op *op)
{
	unified_buffer_put(op->region, op->desc.buffer);
	op->has_buffer = false;
}

/* --- copies for a device that cannot do without ------------------------------- */

static void unified_bounce_free(struct unified_bounce *f)
{
	u32 i;

	for (i = 0; i < f->nr_pages; i++)
		__free_page(f->pages[i]);
	kfree(f->pages);
	kfree(f);
}

static struct unified_bounce *unified_bounce_alloc(gfp_t gfp)
{
	struct unified_bounce *f = kzalloc_flex(*f, segments, BOUNCE_SEGMENTS, gfp);

	if (!f)
		return NULL;
	f->pages = kcalloc(UNIFIED_NR_VECS, sizeof(*f->pages), gfp);
	if (f->pages)
		return f;
	kfree(f);
	return NULL;
}

/* A run of copied segments goes to pages, one after the other. */
struct unified_run {
	u32 page;
	u32 offset; /* in it; a page when the run ended, or before the first */
};

/* Copy between a segment and the pages of its run. */
static void unified_bounce_copy(struct unified_bounce *f, struct unified_run *run,
				const struct unified_segment *s, bool fill)
{
	void *data = phys_to_virt(s->addr);
	u32 left = s->len;

	while (left) {
		u32 part;
		void *page;

		if (run->offset == PAGE_SIZE) {
			run->page++;
			run->offset = 0;
		}
		part = min_t(u32, left, PAGE_SIZE - run->offset);
		page = page_address(f->pages[run->page]) + run->offset;
		if (fill)
			memcpy(data, page, part);
		else
			memcpy(page, data, part);
		data += part;
		run->offset += part;
		left -= part;
	}
}

static void unified_bounce_walk(struct unified_bounce *f, bool fill)
{
	struct unified_run run = { .page = -1, .offset = PAGE_SIZE };
	u32 i;

	for (i = 0; i < f->nr_segments; i++) {
		if (f->segments[i].copied)
			unified_bounce_copy(f, &run, &f->segments[i], fill);
		else
			run.offset = PAGE_SIZE;
	}
}

/* The vectors of a run of @bytes, of new pages. */
static int unified_bounce_run(struct unified_command *c, u32 bytes, gfp_t gfp)
{
	struct unified_bounce *f = c->bounce;

	while (bytes) {
		u32 part = min_t(u32, bytes, PAGE_SIZE);
		struct page *page;

		if (c->nr_vecs == UNIFIED_NR_VECS || f->nr_pages == UNIFIED_NR_VECS)
			return -E2BIG;
		page = alloc_page(gfp);
		if (!page)
			return -ENOMEM;
		f->pages[f->nr_pages++] = page;
		bvec_set_page(&c->vecs[c->nr_vecs++], page, part, 0);
		bytes -= part;
	}
	return 0;
}

static int unified_bounce_vecs(struct unified_command *c, gfp_t gfp)
{
	struct unified_bounce *f = c->bounce;
	u32 i, run = 0;
	int ret;

	for (i = 0; i < f->nr_segments; i++) {
		const struct unified_segment *s = &f->segments[i];

		if (s->copied) {
			run += s->len;
			if (i + 1 < f->nr_segments && s[1].copied)
				continue;
			ret = unified_bounce_run(c, run, gfp);
			if (ret)
				return ret;
			run = 0;
			continue;
		}
		if (c->nr_vecs == UNIFIED_NR_VECS)
			return -E2BIG;
		bvec_set_page(&c->vecs[c->nr_vecs++], phys_to_page(s->addr), s->len,
			      offset_in_page(s->addr));
	}
	return 0;
}

/* --- vectors ------------------------------------------------------------------ */

static int unified_data_bounce(struct unified_command *c, const struct unified_limits *limits,
			       struct unified_plan *plan)
{
	struct unified_op *op = c->op;
	gfp_t gfp = unified_op_gfp(op);
	int ret;

	CLASS(unified_charge, charge)(op->region);
	/* A device that says it is done without having written all: that is not shown. */
	if (unified_desc_fills(&op->desc))
		gfp |= __GFP_ZERO;
	c->bounce = unified_bounce_alloc(gfp);
	if (!c->bounce)
		return -ENOMEM;
	op->has_bounce = true;
	ret = unified_plan_command(limits, &op->pieces, &op->at, c->bounce->segments,
				   BOUNCE_SEGMENTS, plan);
	if (!ret && plan->copied && (op->desc.flags & UNIFIED_DESC_F_NO_COPY))
		ret = -EADDRNOTAVAIL;
	if (ret)
		return ret;
	c->bounce->nr_segments = plan->nr;
	ret = unified_bounce_vecs(c, gfp);
	if (ret)
		return ret;
	if (unified_desc_writes(&op->desc) || op->desc.opcode == UNIFIED_OP_COMPARE)
		unified_bounce_walk(c->bounce, false);
	unified_count(op->region, bytes_bounced, plan->copied);
	return 0;
}

static int unified_data_vecs(struct unified_command *c)
{
	struct bio_vec *vecs;

	if (c->vecs != c->inline_vecs)
		return 0;
	vecs = unified_vecs_alloc(c->op);
	if (!vecs)
		return -ENOMEM;
	c->vecs = vecs;
	return 0;
}

/* Have room for @nr vectors in a command. */
int unified_data_room(struct unified_command *c, u32 nr)
{
	return nr > ARRAY_SIZE(c->inline_vecs) ? unified_data_vecs(c) : 0;
}

/* The command is all of the data, a vector for each piece. */
void unified_data_take_all(struct unified_command *c)
{
	struct unified_op *op = c->op;

	c->nr_vecs = op->pieces.nr;
	c->bytes = op->desc.len;
	op->at.piece = op->pieces.nr;
	if (c->nr_vecs > 1)
		unified_count(op->region, gathered, 1);
}

/* Its pieces are the vectors of the command. */
static void unified_data_direct(struct unified_command *c)
{
	const struct unified_pieces *pieces = &c->op->pieces;
	const struct unified_segment *piece = pieces->list, *end = piece + pieces->nr;
	struct bio_vec *vec = c->vecs;

	for (; piece < end; piece++, vec++)
		bvec_set_page(vec, phys_to_page(piece->addr), piece->len,
			      offset_in_page(piece->addr));
	c->gaps = pieces->starts | pieces->ends;
}

static void unified_data_gaps(struct unified_command *c)
{
	const struct bio_vec *vec = c->vecs;
	u32 i;

	c->gaps = 0;
	for (i = 1; i < c->nr_vecs; i++, vec++)
		c->gaps |= (vec->bv_offset + vec->bv_len) | vec[1].bv_offset;
}

/* A command that is not all of the data, or not as it is. */
static int unified_data_part(struct unified_command *c, const struct unified_limits *limits)
{
	u32 max = c->vecs == c->inline_vecs ? ARRAY_SIZE(c->inline_vecs) : UNIFIED_NR_VECS;
	/* A segment becomes a vector, of the same size, in its place. */
	struct unified_segment *segments = (struct unified_segment *)c->vecs;
	struct unified_op *op = c->op;
	struct unified_cursor from = op->at;
	struct unified_plan plan = {};
	u32 i;
	int ret;

	ret = unified_plan_command(limits, &op->pieces, &op->at, segments, max, &plan);
	if (ret || plan.kind == UNIFIED_PLAN_BOUNCE) {
		op->at = from;
		ret = unified_data_vecs(c) ?: unified_data_bounce(c, limits, &plan);
		c->bytes = plan.bytes;
		return ret;
	}
	for (i = 0; i < plan.nr; i++) {
		struct unified_segment s = segments[i];

		bvec_set_page(&c->vecs[i], phys_to_page(s.addr), s.len, offset_in_page(s.addr));
	}
	c->nr_vecs = plan.nr;
	c->bytes = plan.bytes;
	return plan.bytes ? 0 : -EINVAL;
}

/**
 * unified_data_plan - the data of the next command
 * @c: the command; its vectors and its length are set
 * @limits: of the device
 *
 * The operation's cursor is moved to behind it. After a failure, too, unified_data_done() frees
 * what was allocated.
 *
 * Return: 0, or -errno.
 */
int unified_data_plan(struct unified_command *c, const struct unified_limits *limits)
{
	int ret = unified_data_room(c, c->op->pieces.nr);

	if (ret)
		return ret;
	if (unified_data_fits(c, limits)) {
		unified_data_direct(c);
		unified_data_take_all(c);
		return 0;
	}
	ret = unified_data_part(c, limits);
	unified_data_gaps(c);
	if (c->nr_vecs > 1)
		unified_count(c->op->region, gathered, 1);
	return ret;
}

/* The command is done, or was not issued. Any context. */
void unified_data_done(struct unified_command *c)
{
	if (!c->bounce)
		return;
	if (unified_desc_fills(&c->op->desc) && c->bytes && !c->error)
		unified_bounce_walk(c->bounce, true);
	unified_bounce_free(c->bounce);
	c->bounce = NULL;
}
