// SPDX-License-Identifier: GPL-2.0
/*
 * The doors of ioctl and BPF, and the work of a region.
 *
 * An operation that comes in here takes one of as many places as the ring has,
 * and keeps it until user space has taken its completion: so there is always room
 * for one. queue->lock protects the ring, the lists and the counts; it is taken
 * in any context but NMI. It holds the region from submission to delivery.
 *
 * The work issues what BPF handed in and what waits for a request of a device, and
 * finishes what needs a process context: it may sleep. One that waits is on its
 * list from then until the work takes it, or until the door takes it back.
 */
#include <linux/blkdev.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "unified.h"

/* --- delivery --------------------------------------------------------------------- */

static void unified_queue_defer(struct unified_op *op)
{
	struct unified_io_region *r = op->region;
	struct unified_queue *q = &r->queue;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	list_add_tail(&op->node, &q->finished);
	spin_unlock_irqrestore(&q->lock, flags);
	queue_work(unified_wq, &q->work);
}

/* Give a place back, with or without a completion for user space. Any context. */
static void unified_queue_leave(struct unified_queue *q, const struct unified_completion *done)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	q->under_way--;
	if (done)
		q->ring[q->tail++ & (q->size - 1)] = *done;
	spin_unlock_irqrestore(&q->lock, flags);
	if (wq_has_sleeper(&q->wait))
		wake_up(&q->wait);
}

static void unified_queue_deliver(struct unified_op *op)
{
	struct unified_io_region *r = op->region;

	unified_queue_leave(&r->queue, &op->done);
	unified_op_free(op);
	unified_region_put(r);
}

/* Of BPF: a policy may say that nobody wants to know. */
static void unified_post_deliver(struct unified_op *op)
{
	struct unified_io_region *r = op->region;

	if (op->dropped)
		unified_count(r, dropped, 1);
	unified_queue_leave(&r->queue, op->dropped ? NULL : &op->done);
	unified_op_free(op);
	unified_region_put(r);
}

static const struct unified_door ioctl_door = {
	.defer = unified_queue_defer,
	.deliver = unified_queue_deliver,
	.deliver_anywhere = true,
};

static const struct unified_door bpf_door = {
	.defer = unified_queue_defer,
	.deliver = unified_post_deliver,
	.deliver_anywhere = true,
};

/* --- submission ------------------------------------------------------------------- */

/* A place in the queue. Any context. */
static bool unified_queue_enter(struct unified_queue *q)
{
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&q->lock, flags);
	room = q->under_way + (q->tail - q->head) < q->size;
	q->under_way += room;
	spin_unlock_irqrestore(&q->lock, flags);
	return room;
}

static struct unified_op *unified_queue_op(struct unified_io_region *r,
					   const struct unified_door *door, gfp_t gfp)
{
	struct unified_op *op;

	if (!unified_queue_enter(&r->queue))
		return ERR_PTR(-EBUSY);
	op = unified_op_alloc(r, door, gfp);
	if (op) {
		kref_get(&r->ref);
		return op;
	}
	unified_queue_leave(&r->queue, NULL);
	return ERR_PTR(-ENOMEM);
}

/**
 * unified_queue_submit - the door of the ioctl
 * @r: the region, which the caller holds
 * @request: what is to be done
 *
 * Context: process, may sleep.
 * Return: 0 if its completion will come; for a BPF descriptor, if it is done; or
 * -errno, and there will be no completion.
 */
int unified_queue_submit(struct unified_io_region *r, const struct unified_descriptor *request)
{
	struct unified_op *op = unified_queue_op(r, &ioctl_door, GFP_KERNEL);
	int ret;

	if (IS_ERR(op))
		return PTR_ERR(op);
	ret = unified_submit_operation(op, request);
	if (ret == -EIOCBQUEUED)
		return 0;
	unified_queue_leave(&r->queue, NULL);
	unified_op_free(op);
	unified_region_put(r);
	return ret;
}

/**
 * unified_queue_post - the door of BPF: the work issues it
 * @r: the region, which the caller holds
 * @request: what is to be done
 *
 * Context: any but NMI.
 * Return: 0, -EBUSY, -ENOMEM. All else is in the completion.
 */
int unified_queue_post(struct unified_io_region *r, const struct unified_descriptor *request)
{
	struct unified_op *op = unified_queue_op(r, &bpf_door, GFP_ATOMIC | __GFP_NOWARN);

	if (IS_ERR(op))
		return PTR_ERR(op);
	memcpy(&op->desc, request, sizeof(op->desc));
	op->posted = true;
	unified_queue_wait(op);
	return 0;
}

/* Leave an operation to the work. Any context. */
void unified_queue_wait(struct unified_op *op)
{
	struct unified_queue *q = &op->region->queue;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	list_add_tail(&op->node, &q->waiting);
	op->waiting = true;
	spin_unlock_irqrestore(&q->lock, flags);
	queue_work(unified_wq, &q->work);
}

/* Take it back. False: the work has it. The operation must not end meanwhile. */
bool unified_queue_unwait(struct unified_op *op)
{
	struct unified_queue *q = &op->region->queue;
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&q->lock, flags);
	mine = op->waiting;
	op->waiting = false;
	if (mine)
		list_del(&op->node);
	spin_unlock_irqrestore(&q->lock, flags);
	return mine;
}

/* --- the work ----------------------------------------------------------------------- */

static struct unified_op *unified_queue_pop(struct unified_queue *q, struct list_head *list)
{
	struct unified_op *op;

	guard(spinlock_irqsave)(&q->lock);
	op = list_first_entry_or_null(list, struct unified_op, node);
	if (op) {
		list_del(&op->node);
		op->waiting = false;
	}
	return op;
}

static void unified_queue_issue(struct unified_op *op)
{
	struct unified_descriptor request;

	if (!op->posted) {
		unified_resume_operation(op);
		return;
	}
	op->posted = false;
	request = op->desc;
	if (unified_submit_operation(op, &request) != -EIOCBQUEUED)
		op->door->deliver(op);
}

static void unified_queue_work(struct work_struct *work)
{
	struct unified_io_region *r = container_of(work, struct unified_io_region, queue.work);
	struct unified_queue *q = &r->queue;
	struct unified_op *op;
	struct blk_plug plug;

	/*
	 * Its operations hold the region, and may be the last to. With none, an
	 * earlier run saw to them all, and this one is waited for by who frees it.
	 */
	if (!kref_get_unless_zero(&r->ref))
		return;
	while ((op = unified_queue_pop(q, &q->finished)))
		unified_finish_operation(op);
	blk_start_plug(&plug);
	while ((op = unified_queue_pop(q, &q->waiting)))
		unified_queue_issue(op);
	blk_finish_plug(&plug);
	unified_region_put(r);
}

/* --- taking completions --------------------------------------------------------------- */

static u32 unified_queue_ready(struct unified_queue *q)
{
	guard(spinlock_irqsave)(&q->lock);
	return q->tail - q->head;
}

/* Is there as much as is wanted, or will there be no more? */
static bool unified_queue_enough(struct unified_queue *q, u32 min)
{
	guard(spinlock_irqsave)(&q->lock);
	return q->tail - q->head >= min || !q->under_way;
}

static int unified_queue_sleep(struct unified_queue *q, u32 min, u64 timeout_ns)
{
	ktime_t timeout = ns_to_ktime(min_t(u64, timeout_ns, KTIME_MAX));
	int ret;

	if (!min)
		return 0;
	if (!timeout_ns)
		return wait_event_interruptible(q->wait, unified_queue_enough(q, min));
	ret = wait_event_interruptible_hrtimeout(q->wait, unified_queue_enough(q, min), timeout);
	/* Nobody knows how much of the time is left. */
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

/* Copy what there is to user space; it is taken once that succeeded. */
static int unified_queue_copy(struct unified_queue *q, struct unified_io_complete *complete)
{
	struct unified_completion batch[UNIFIED_IO_COMPLETE_INLINE];
	u32 max = complete->addr ? complete->max : ARRAY_SIZE(batch), i, n;

	lockdep_assert_held(&q->take_mutex);
	while (complete->count < max) {
		n = min3(unified_queue_ready(q), max - complete->count, (u32)ARRAY_SIZE(batch));
		if (!n)
			break;
		/* Only who holds take_mutex moves head; what is before tail stays. */
		for (i = 0; i < n; i++)
			batch[i] = q->ring[(q->head + i) & (q->size - 1)];
		if (!complete->addr)
			memcpy(complete->completions + complete->count, batch, n * sizeof(*batch));
		else if (copy_to_user(u64_to_user_ptr(complete->addr) +
					      complete->count * sizeof(*batch),
				      batch, n * sizeof(*batch)))
			return complete->count ? 0 : -EFAULT;
		complete->count += n;
		guard(spinlock_irqsave)(&q->lock);
		q->head += n;
	}
	return 0;
}

/* UNIFIED_IO_COMPLETE. Context: process, sleeps. */
int unified_queue_take(struct unified_io_region *r, struct unified_io_complete *complete)
{
	u32 max = complete->addr ? complete->max : UNIFIED_IO_COMPLETE_INLINE;
	struct unified_queue *q = &r->queue;
	int ret;

	complete->count = 0;
	if (complete->flags || memchr_inv(complete->resv, 0, sizeof(complete->resv)) || !max ||
	    complete->min > max || (!complete->addr && complete->max))
		return -EINVAL;
	/* More than the ring has will never be there at once. */
	ret = unified_queue_sleep(q, min(complete->min, q->size), complete->timeout_ns);
	if (ret)
		return ret;
	if (mutex_lock_interruptible(&q->take_mutex))
		return -EINTR;
	ret = unified_queue_copy(q, complete);
	mutex_unlock(&q->take_mutex);
	return ret;
}

/* --- life --------------------------------------------------------------------------------- */

int unified_queue_init(struct unified_io_region *r, u32 size)
{
	struct unified_queue *q = &r->queue;

	spin_lock_init(&q->lock);
	mutex_init(&q->take_mutex);
	init_waitqueue_head(&q->wait);
	INIT_LIST_HEAD(&q->waiting);
	INIT_LIST_HEAD(&q->finished);
	INIT_WORK(&q->work, unified_queue_work);
	q->size = size;
	q->ring = kvcalloc(size, sizeof(*q->ring), GFP_KERNEL_ACCOUNT);
	return q->ring ? 0 : -ENOMEM;
}

/* With the region's last reference: no operation is left. */
void unified_queue_exit(struct unified_io_region *r)
{
	cancel_work_sync(&r->queue.work);
	kvfree(r->queue.ring);
}
