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

#include "unified.h"

/* The segments of a command, of which some are copied, and the pages for that. */
struct unified_fixup {
	u32 nr_segments;
	u32 nr_pages;
	struct page **pages;
	struct unified_segment segments[];
};

/* Twice the pieces: each can be cut where it starts to fit, and where it ends. */
#define FIXUP_SEGMENTS (4 * UNIFIED_IO_MAX_FRAGMENTS)

/* --- which memory ----------------------------------------------------------- */

static int unified_map_range(struct unified_op *op, u64 addr, u32 len)
{
	struct unified_io_region *r = op->region;
	u64 size = r->size - r->offsets.data, at = r->offsets.data + addr;

	if (addr > size || len > size - addr)
		return -ERANGE;
	while (len) {
		u32 part = min(len, r->chunk_size - ((u32)at & (r->chunk_size - 1)));

		if (op->nr_pieces == ARRAY_SIZE(op->inline_pieces) &&
		    op->pieces == op->inline_pieces) {
			void *vecs = unified_vecs_alloc(op);

			if (!vecs)
				return -ENOMEM;
			op->pieces = vecs;
			memcpy(op->pieces, op->inline_pieces, sizeof(op->inline_pieces));
		}
		if (op->nr_pieces == UNIFIED_NR_VECS)
			return -E2BIG;
		op->nr_pieces = unified_plan_append(
			op->pieces, op->nr_pieces,
			page_to_phys(r->pages[at >> PAGE_SHIFT]) + offset_in_page(at), part);
		at += part;
		len -= part;
	}
	return 0;
}

static int unified_map_fragments(struct unified_op *op)
{
	const struct unified_descriptor *d = &op->desc;
	u64 list = (u64)d->nr_frags * sizeof(struct unified_fragment);
	u64 size = op->region->size - op->region->offsets.data, sum = 0;
	const struct unified_fragment *frags = unified_data(op->region, d->addr);
	u32 i;
	int ret;

	if (d->addr > size || list > size - d->addr)
		return -ERANGE;
	if (!IS_ALIGNED(d->addr, sizeof(u64)) || !d->nr_frags)
		return -EINVAL;
	if (d->nr_frags > UNIFIED_IO_MAX_FRAGMENTS)
		return -E2BIG;
	for (i = 0; i < d->nr_frags; i++) {
		u64 addr = READ_ONCE(frags[i].addr);
		u32 len = READ_ONCE(frags[i].len);

		if (!len || READ_ONCE(frags[i].resv))
			return -EINVAL;
		ret = unified_map_range(op, addr, len);
		if (ret)
			return ret;
		if (!i) {
			op->data = unified_data(op->region, addr);
			op->data_len = len;
		}
		sum += len;
	}
	return sum == d->len ? 0 : -EINVAL;
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

/* Find the data of a descriptor; for operations without any, check that. */
int unified_data_map(struct unified_op *op)
{
	const struct unified_descriptor *d = &op->desc;
	int ret;

	if (d->flags & UNIFIED_DESC_F_BUFFER) {
		ret = unified_map_buffer(op);
		if (ret)
			return ret;
	}
	if (d->flags & UNIFIED_DESC_F_GATHER)
		return unified_map_fragments(op);
	ret = unified_map_range(op, d->addr, d->len);
	if (ret)
		return ret;
	op->data = unified_data(op->region, d->addr);
	op->data_len = d->len;
	return 0;
}

void unified_data_unmap(struct unified_op *op)
{
	if (op->has_buffer)
		unified_buffer_put(op->region, op->desc.buffer);
	op->has_buffer = false;
}

/* --- copies for a device that cannot do without ------------------------------- */

static void unified_fixup_free(struct unified_fixup *f)
{
	u32 i;

	for (i = 0; i < f->nr_pages; i++)
		__free_page(f->pages[i]);
	kfree(f->pages);
	kfree(f);
}

static struct unified_fixup *unified_fixup_alloc(gfp_t gfp)
{
	struct unified_fixup *f = kzalloc_flex(*f, segments, FIXUP_SEGMENTS, gfp);

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
static void unified_fixup_copy(struct unified_fixup *f, struct unified_run *run,
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

static void unified_fixup_walk(struct unified_fixup *f, bool fill)
{
	struct unified_run run = { .page = -1, .offset = PAGE_SIZE };
	u32 i;

	for (i = 0; i < f->nr_segments; i++) {
		if (f->segments[i].copied)
			unified_fixup_copy(f, &run, &f->segments[i], fill);
		else
			run.offset = PAGE_SIZE;
	}
}

/* The vectors of a run of @bytes, of new pages. */
static int unified_fixup_run(struct unified_command *c, u32 bytes, gfp_t gfp)
{
	struct unified_fixup *f = c->fixup;

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

static int unified_fixup_vecs(struct unified_command *c, gfp_t gfp)
{
	struct unified_fixup *f = c->fixup;
	u32 i, run = 0;
	int ret;

	for (i = 0; i < f->nr_segments; i++) {
		const struct unified_segment *s = &f->segments[i];

		if (s->copied) {
			run += s->len;
			if (i + 1 < f->nr_segments && s[1].copied)
				continue;
			ret = unified_fixup_run(c, run, gfp);
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

static int unified_data_fixup(struct unified_command *c, const struct unified_limits *limits,
			      struct unified_cursor *at, struct unified_plan *plan)
{
	struct unified_op *op = c->op;
	gfp_t gfp = unified_op_gfp(op);
	int ret;

	c->fixup = unified_fixup_alloc(gfp);
	if (!c->fixup)
		return -ENOMEM;
	ret = unified_plan_command(limits, op->pieces, op->nr_pieces, at, c->fixup->segments,
				   FIXUP_SEGMENTS, plan);
	if (ret)
		return ret;
	c->fixup->nr_segments = plan->nr;
	ret = unified_fixup_vecs(c, gfp);
	if (ret)
		return ret;
	if (unified_desc_writes(&op->desc) || op->desc.opcode == UNIFIED_OP_COMPARE)
		unified_fixup_walk(c->fixup, false);
	unified_count(op->region, bytes_fixed_up, plan->copied);
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

/**
 * unified_data_plan - the data of the next command
 * @c: the command; its vectors and its length are set
 * @limits: of the device
 * @at: how far the data of the operation is planned
 *
 * After a failure, too, unified_data_done() frees what was allocated.
 *
 * Return: 0, or -errno.
 */
int unified_data_plan(struct unified_command *c, const struct unified_limits *limits,
		      struct unified_cursor *at)
{
	struct unified_op *op = c->op;
	const struct unified_segment *piece = op->pieces;
	struct unified_segment *segments;
	struct unified_cursor from = *at;
	struct unified_plan plan = {};
	u32 i;
	int ret = 0;

	/* One piece that fits as it is: nothing to plan. */
	if (op->nr_pieces == 1 && !at->offset && piece->len <= limits->max_bytes &&
	    !(piece->addr & limits->start_mask)) {
		bvec_set_page(c->vecs, phys_to_page(piece->addr), piece->len,
			      offset_in_page(piece->addr));
		c->nr_vecs = 1;
		c->bytes = piece->len;
		at->piece = 1;
		return 0;
	}
	if (op->nr_pieces > ARRAY_SIZE(c->inline_vecs))
		ret = unified_data_vecs(c);
	if (ret)
		return ret;
	/* A segment becomes a vector, of the same size, in its place. */
	segments = (struct unified_segment *)c->vecs;
	ret = unified_plan_command(
		limits, op->pieces, op->nr_pieces, at, segments,
		c->vecs == c->inline_vecs ? ARRAY_SIZE(c->inline_vecs) : UNIFIED_NR_VECS, &plan);
	if (ret || plan.kind == UNIFIED_PLAN_FIXUP) {
		*at = from;
		ret = unified_data_vecs(c) ?: unified_data_fixup(c, limits, at, &plan);
		c->bytes = plan.bytes;
		return ret;
	}
	for (i = 0; i < plan.nr; i++) {
		struct unified_segment s = segments[i];

		bvec_set_page(&c->vecs[i], phys_to_page(s.addr), s.len, offset_in_page(s.addr));
	}
	c->nr_vecs = plan.nr;
	c->bytes = plan.bytes;
	if (plan.kind == UNIFIED_PLAN_GATHER)
		unified_count(op->region, gathered, 1);
	return plan.bytes ? 0 : -EINVAL;
}

/* Must what was read be copied to where it belongs? */
bool unified_data_needs_copy(const struct unified_command *c)
{
	return c->fixup && unified_desc_fills(&c->op->desc);
}

/* The command is done, or was not issued. Any context. */
void unified_data_done(struct unified_command *c)
{
	if (!c->fixup)
		return;
	if (unified_desc_fills(&c->op->desc) && c->bytes && !c->error)
		unified_fixup_walk(c->fixup, true);
	unified_fixup_free(c->fixup);
	c->fixup = NULL;
}
