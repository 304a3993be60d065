// SPDX-License-Identifier: GPL-2.0
/*
 * The work of a region: what a door or a device cannot do where it is.
 *
 * Two work items, so that what is done does not wait behind what waits for a tag:
 * one issues operations, one finishes them. Both run in a process and may sleep.
 * An operation or a command is on one list at most, from when it is handed over
 * until the work takes it; work->lock protects the lists, in any context but NMI.
 * The work is queued under that lock: once it is released an operation may be done
 * and gone, and its region with it.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/cleanup.h>

#include "engine.h"
#include "op.h"
#include "region.h"
#include "target.h"
#include "work.h"

static void unified_work_add(struct unified_op *op, struct list_head *list,
			     struct work_struct *item)
{
	guard(spinlock_irqsave)(&op->region->work.lock);
	list_add_tail(&op->node, list);
	queue_work(unified_wq, item);
}

/* Issue it, or what is left of it. Any context. */
void unified_work_issue(struct unified_op *op)
{
	unified_work_add(op, &op->region->work.waiting, &op->region->work.issue);
}

/* All of its commands ended: finish it. Any context. */
void unified_work_finish(struct unified_op *op)
{
	unified_work_add(op, &op->region->work.ended, &op->region->work.finish);
}

/* A bio that was to be submitted without waiting, and could not. Any context. */
void unified_work_again(struct unified_command *c)
{
	struct unified_work *w = &c->op->region->work;

	guard(spinlock_irqsave)(&w->lock);
	bio_list_add(&w->again, &c->bio);
	queue_work(unified_wq, &w->issue);
}

static struct unified_op *unified_work_pop(struct unified_work *w, struct list_head *list)
{
	struct unified_op *op;

	guard(spinlock_irqsave)(&w->lock);
	op = list_first_entry_or_null(list, struct unified_op, node);
	if (op)
		list_del(&op->node);
	return op;
}

static struct unified_command *unified_work_pop_again(struct unified_work *w)
{
	struct bio *bio;

	guard(spinlock_irqsave)(&w->lock);
	bio = bio_list_pop(&w->again);
	return bio ? container_of(bio, struct unified_command, bio) : NULL;
}

/*
 * The operations hold the region, and the last of them may be the last to. Where
 * there is none to get, an earlier run saw to them all, and this one is waited for by
 * who frees it.
 */
static bool unified_work_begin(struct unified_io_region *r)
{
	return kref_get_unless_zero(&r->ref);
}

static void unified_issue_work(struct work_struct *item)
{
	struct unified_io_region *r = container_of(item, struct unified_io_region, work.issue);
	struct unified_work *w = &r->work;
	struct unified_command *c;
	struct unified_op *op;
	struct blk_plug plug;

	if (!unified_work_begin(r))
		return;
	blk_start_plug(&plug);
	while ((c = unified_work_pop_again(w)))
		unified_block_submit(c, 0);
	while ((op = unified_work_pop(w, &w->waiting)))
		unified_resume_operation(op);
	blk_finish_plug(&plug);
	unified_region_put(r);
}

static void unified_finish_work(struct work_struct *item)
{
	struct unified_io_region *r = container_of(item, struct unified_io_region, work.finish);
	struct unified_op *op;

	if (!unified_work_begin(r))
		return;
	while ((op = unified_work_pop(&r->work, &r->work.ended)))
		unified_finish_in_process(op);
	unified_region_put(r);
}

void unified_work_init(struct unified_io_region *r)
{
	struct unified_work *w = &r->work;

	spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->waiting);
	INIT_LIST_HEAD(&w->ended);
	bio_list_init(&w->again);
	INIT_WORK(&w->issue, unified_issue_work);
	INIT_WORK(&w->finish, unified_finish_work);
}

/* With the region's last reference: no operation is left. */
void unified_work_exit(struct unified_io_region *r)
{
	cancel_work_sync(&r->work.issue);
	cancel_work_sync(&r->work.finish);
}
