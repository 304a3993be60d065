// SPDX-License-Identifier: GPL-2.0
/*
 * The target that works on everything: any block device, by bio. The block layer
 * retries what a reset cut off. It could split what is too long, too, but not
 * where many small fragments make up one block.
 */
#include <linux/blkdev.h>

#include "unified.h"

static void unified_block_end_io(struct bio *bio)
{
	struct unified_command *c = container_of(bio, struct unified_command, bio);

	c->error = blk_status_to_errno(bio->bi_status);
	bio_uninit(bio);
	unified_command_end(c);
}

static blk_opf_t unified_block_opf(const struct unified_descriptor *d)
{
	blk_opf_t fua = d->flags & UNIFIED_DESC_F_FUA ? REQ_FUA : 0;

	switch (d->opcode) {
	case UNIFIED_OP_FLUSH:
		return REQ_OP_WRITE | REQ_SYNC | REQ_PREFLUSH;
	case UNIFIED_OP_ZEROES:
		return REQ_OP_WRITE_ZEROES;
	case UNIFIED_OP_DISCARD:
		return REQ_OP_DISCARD;
	default:
		return unified_desc_writes(d) ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE | fua
					      : REQ_OP_READ;
	}
}

int unified_block_issue(struct unified_command *c)
{
	const struct unified_descriptor *d = &c->op->desc;
	struct unified_limits limits;
	sector_t sector = 0;
	int ret;

	if (d->opcode == UNIFIED_OP_COMPARE)
		return -EOPNOTSUPP;
	/*
	 * Nothing keeps these from changing before the bio is in the queue; the
	 * block layer checks it then, by the sector.
	 */
	unified_limits_of(c->target, &limits);
	ret = unified_target_check(c, limits.block, &sector);
	if (ret)
		return ret;
	c->bytes = d->len;
	if (unified_desc_has_data(d) &&
	    !unified_data_is_one(c, limits.start_mask, limits.max_bytes)) {
		ret = unified_data_plan(c, &limits);
		if (ret)
			return ret;
	}
	c->op->lba += c->bytes >> __ffs(limits.block);
	bio_init(&c->bio, c->target->bdev, c->vecs, c->nr_vecs, unified_block_opf(d));
	c->bio.bi_vcnt = c->nr_vecs;
	c->bio.bi_iter.bi_size = d->opcode == UNIFIED_OP_FLUSH ? 0 : c->bytes;
	c->bio.bi_iter.bi_sector = sector;
	c->bio.bi_end_io = unified_block_end_io;
	submit_bio(&c->bio);
	return 0;
}

static void unified_block_detach(struct unified_target *t)
{
}

const struct unified_target_ops unified_target_block = {
	.kind = UNIFIED_TARGET_BLOCK,
	.issue = unified_block_issue,
	.detach = unified_block_detach,
};
