// SPDX-License-Identifier: GPL-2.0
/*
 * The work of a region: what a door or a device cannot do where it is.
 *
 * A work item for each thing that is not to wait behind another: one submits what BPF
 * handed in, and does not wait for a tag; one for each target waits for its tags; one
 * has process hooks see what was read, which may sleep; one finishes what ended. An
 * operation or a command is on one list at most, from when it is handed over until the
 * work takes it; work->lock protects the lists, in any context but NMI. A work item is
 * queued under that lock: once it is released an operation may be done and gone, and
 * its region with it.
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

/* Of BPF: submit it. Any context. */
void unified_work_submit(struct unified_op *op)
{
	unified_work_add(op, &op->region->work.posted, &op->region->work.submit);
}

/* Issue it to a target, or what is left of it. Any context. */
void unified_work_issue(struct unified_op *op, struct unified_target *t)
{
	unified_work_add(op, &t->work.waiting, &t->work.issue);
}

/* A bio that was to be submitted without waiting, and could not. Any context. */
void unified_work_again(struct unified_command *c)
{
	struct unified_work_target *w = &c->target->work;

	guard(spinlock_irqsave)(&c->op->region->work.lock);
	bio_list_add(&w->again, &c->bio);
	queue_work(unified_wq, &w->issue);
}

/* Let process hooks see what was read. Any context. */
void unified_work_process(struct unified_op *op)
{
	unified_work_add(op, &op->region->work.read, &op->region->work.process);
}

/* All of its commands ended: finish it. Any context. */
void unified_work_finish(struct unified_op *op)
{
	unified_work_add(op, &op->region->work.ended, &op->region->work.finish);
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

static struct unified_command *unified_work_pop_again(struct unified_work *w,
						      struct unified_work_target *t)
{
	struct bio *bio;

	guard(spinlock_irqsave)(&w->lock);
	bio = bio_list_pop(&t->again);
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

/* Each operation of a list, from a work item. */
static void unified_work_each(struct unified_io_region *r, struct list_head *list,
			      void (*each)(struct unified_op *op))
{
	struct unified_op *op;
	struct blk_plug plug;

	if (!unified_work_begin(r))
		return;
	blk_start_plug(&plug);
	while ((op = unified_work_pop(&r->work, list)))
		each(op);
	blk_finish_plug(&plug);
	unified_region_put(r);
}

static void unified_submit_work(struct work_struct *item)
{
	struct unified_io_region *r = container_of(item, struct unified_io_region, work.submit);

	unified_work_each(r, &r->work.posted, unified_submit_posted);
}

static void unified_issue_work(struct work_struct *item)
{
	struct unified_target *t = container_of(item, struct unified_target, work.issue);
	struct unified_io_region *r = t->region;
	struct unified_command *c;

	if (!unified_work_begin(r))
		return;
	while ((c = unified_work_pop_again(&r->work, &t->work)))
		unified_block_submit(c, 0);
	unified_work_each(r, &t->work.waiting, unified_resume_operation);
	unified_region_put(r);
}

static void unified_process_work(struct work_struct *item)
{
	struct unified_io_region *r = container_of(item, struct unified_io_region, work.process);

	unified_work_each(r, &r->work.read, unified_process_operation);
}

static void unified_finish_work(struct work_struct *item)
{
	struct unified_io_region *r = container_of(item, struct unified_io_region, work.finish);

	unified_work_each(r, &r->work.ended, unified_finish_operation);
}

void unified_work_init(struct unified_io_region *r)
{
	struct unified_work *w = &r->work;

	spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->posted);
	INIT_LIST_HEAD(&w->read);
	INIT_LIST_HEAD(&w->ended);
	INIT_WORK(&w->submit, unified_submit_work);
	INIT_WORK(&w->process, unified_process_work);
	INIT_WORK(&w->finish, unified_finish_work);
}

/* With the region's last reference: no operation is left. */
void unified_work_exit(struct unified_io_region *r)
{
	cancel_work_sync(&r->work.submit);
	cancel_work_sync(&r->work.process);
	cancel_work_sync(&r->work.finish);
}

void unified_work_target_init(struct unified_target *t)
{
	INIT_LIST_HEAD(&t->work.waiting);
	bio_list_init(&t->work.again);
	INIT_WORK(&t->work.issue, unified_issue_work);
}

void unified_work_target_exit(struct unified_target *t)
{
	cancel_work_sync(&t->work.issue);
}
