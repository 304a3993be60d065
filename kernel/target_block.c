// SPDX-License-Identifier: GPL-2.0
/*
 * The target that works on everything: any block device, by bio. The block layer
 * retries what a reset cut off. It could split what is too long, too, but not
 * where many small fragments make up one block.
 */
#include <linux/blkdev.h>

#include "data.h"
#include "engine.h"
#include "target.h"
#include "work.h"

/* Submit it from the work, which waits. Any context. */
static void unified_block_again(struct unified_command *c)
{
	struct unified_target *t = c->target;

	guard(spinlock_irqsave)(&t->again_lock);
	bio_list_add(&t->again, &c->bio);
	/* Under the lock: after it, the target may be gone. */
	queue_work(unified_wq, &t->again_work);
}

static void unified_block_end_io(struct bio *bio)
{
	struct unified_command *c = container_of(bio, struct unified_command, bio);

	bio_uninit(bio);
	/* There was no tag, or memory: the work waits for one. */
	if (unlikely(bio->bi_status == BLK_STS_AGAIN) && (bio->bi_opf & REQ_NOWAIT)) {
		unified_count(c->op->region, waits, 1);
		unified_block_again(c);
		return;
	}
	c->error = blk_status_to_errno(bio->bi_status);
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

/* Without REQ_NOWAIT it waits for a tag. */
static void unified_block_submit(struct unified_command *c, blk_opf_t flags)
{
	const struct unified_descriptor *d = &c->op->desc;

	bio_init(&c->bio, c->target->bdev, c->vecs, c->nr_vecs, unified_block_opf(d) | flags);
	c->bio.bi_vcnt = c->nr_vecs;
	c->bio.bi_iter.bi_size = d->opcode == UNIFIED_OP_FLUSH ? 0 : c->bytes;
	c->bio.bi_iter.bi_sector = c->sector;
	c->bio.bi_end_io = unified_block_end_io;
	submit_bio(&c->bio);
}

void unified_block_send(struct unified_command *c)
{
	unified_block_submit(c, c->nowait ? REQ_NOWAIT : 0);
}

static struct bio *unified_block_pop(struct unified_target *t)
{
	guard(spinlock_irqsave)(&t->again_lock);
	return bio_list_pop(&t->again);
}

static void unified_block_again_work(struct work_struct *work)
{
	struct unified_target *t = container_of(work, struct unified_target, again_work);
	struct unified_io_region *r = t->region;
	struct bio *bio;

	/* As unified_work_run(). */
	if (!kref_get_unless_zero(&r->ref))
		return;
	while ((bio = unified_block_pop(t)))
		unified_block_submit(container_of(bio, struct unified_command, bio), 0);
	unified_region_put(r);
}

/* With the target's memory. */
void unified_block_init(struct unified_target *t)
{
	spin_lock_init(&t->again_lock);
	bio_list_init(&t->again);
	INIT_WORK(&t->again_work, unified_block_again_work);
}

void unified_block_exit(struct unified_target *t)
{
	cancel_work_sync(&t->again_work);
}

/* Reads and writes can be tried; what else there is may be split, and then wait. */
static bool unified_block_may_try(const struct unified_command *c)
{
	/* Whether it can changes with a table of the device mapper's, which asks for itself. */
	return c->op->desc.opcode == UNIFIED_OP_RW && data_race(bdev_nowait(c->target->bdev));
}

int unified_block_prepare(struct unified_command *c)
{
	const struct unified_descriptor *d = &c->op->desc;
	struct unified_op *op = c->op;
	struct unified_limits limits;
	int ret;

	if (d->opcode == UNIFIED_OP_COMPARE)
		return -EOPNOTSUPP;
	if (!op->may_wait && !unified_block_may_try(c))
		return -EAGAIN;
	/*
	 * Nothing keeps these from changing before the bio is in the queue; the
	 * block layer checks it then, by the sector.
	 */
	unified_limits_of(c->target, &limits);
	if (limits.block != op->block)
		return -ESTALE;
	c->bytes = d->len;
	if (unified_desc_has_data(d) &&
	    !unified_data_is_one(c, limits.start_mask, limits.max_bytes)) {
		ret = unified_data_plan(c, &limits);
		if (ret)
			return ret;
	}
	/* The operation may be on to another target by the time that this is sent. */
	c->nowait = !op->may_wait;
	c->sector = op->lba << (__ffs(limits.block) - SECTOR_SHIFT);
	op->lba += c->bytes >> __ffs(limits.block);
	return 0;
}

static void unified_block_detach(struct unified_target *t)
{
}

const struct unified_target_ops unified_target_block = {
	.kind = UNIFIED_TARGET_BLOCK,
	.prepare = unified_block_prepare,
	.send = unified_block_send,
	.detach = unified_block_detach,
};
