// SPDX-License-Identifier: GPL-2.0
/*
 * Work: what a door or a device cannot do with an operation where it is.
 *
 * An operation is on one list at most, from when it is added until the item takes it.
 * The item is queued under the list's lock: once that is released the operation may be
 * done and gone, and its region with it.
 */
#include <linux/blkdev.h>
#include <linux/cleanup.h>

#include "op.h"
#include "region.h"
#include "work.h"

/* Any context but NMI. */
void unified_work_add(struct unified_work *w, struct unified_op *op)
{
	guard(spinlock_irqsave)(&w->lock);
	list_add_tail(&op->node, &w->ops);
	queue_work(unified_wq, &w->item);
}

static struct unified_op *unified_work_pop(struct unified_work *w)
{
	struct unified_op *op;

	guard(spinlock_irqsave)(&w->lock);
	op = list_first_entry_or_null(&w->ops, struct unified_op, node);
	if (op)
		list_del(&op->node);
	return op;
}

static void unified_work_run(struct work_struct *item)
{
	struct unified_work *w = container_of(item, struct unified_work, item);
	struct unified_io_region *r = w->region;
	struct unified_op *op;
	struct blk_plug plug;

	/*
	 * The operations hold the region, and the last of them may be the last to. Where
	 * there is none to get, an earlier run saw to them all, and this one is waited
	 * for by who frees the region.
	 */
	if (!kref_get_unless_zero(&r->ref))
		return;
	blk_start_plug(&plug);
	while ((op = unified_work_pop(w)))
		w->each(op);
	blk_finish_plug(&plug);
	unified_region_put(r);
}

void unified_work_init(struct unified_work *w, struct unified_io_region *r,
		       void (*each)(struct unified_op *op))
{
	w->region = r;
	w->each = each;
	spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->ops);
	INIT_WORK(&w->item, unified_work_run);
}

/* With the region's last reference: no operation is left. */
void unified_work_exit(struct unified_work *w)
{
	cancel_work_sync(&w->item);
}
