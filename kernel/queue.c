// SPDX-License-Identifier: GPL-2.0
/*
 * The doors of ioctl and BPF.
 *
 * An operation that comes in here takes one of as many places as the ring has,
 * and keeps it until user space has taken its completion: so there is always room
 * for one. queue->lock protects the ring and the counts; it is taken in any context
 * but NMI. An operation holds the region from submission to delivery.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "engine.h"
#include "op.h"
#include "queue.h"

/* --- delivery --------------------------------------------------------------------- */

/* Give a place back, with or without a completion for user space. Any context. */
static void unified_queue_release(struct unified_queue *q, const struct unified_completion *done)
{
	unsigned long flags;
	bool enough;

	spin_lock_irqsave(&q->lock, flags);
	q->under_way--;
	if (done)
		q->ring[q->tail++ & (q->size - 1)] = *done;
	enough = q->tail - q->head >= q->wanted || !q->under_way;
	spin_unlock_irqrestore(&q->lock, flags);
	if (enough && wq_has_sleeper(&q->wait))
		wake_up(&q->wait);
}

static void unified_queue_deliver(struct unified_op *op)
{
	struct unified_io_region *r = op->region;

	unified_queue_release(&r->queue, &op->done);
	unified_op_free(op);
	unified_region_put(r);
}

/* Of BPF: a policy may say that nobody wants to know. */
static void unified_post_deliver(struct unified_op *op)
{
	struct unified_io_region *r = op->region;

	if (op->dropped)
		unified_count(r, dropped, 1);
	unified_queue_release(&r->queue, op->dropped ? NULL : &op->done);
	unified_op_free(op);
	unified_region_put(r);
}

static const struct unified_door ioctl_door = {
	.defer = unified_defer_operation,
	.deliver = unified_queue_deliver,
	.deliver_anywhere = true,
};

static const struct unified_door bpf_door = {
	.defer = unified_defer_operation,
	.deliver = unified_post_deliver,
	.deliver_anywhere = true,
};

/* --- submission ------------------------------------------------------------------- */

/* A place in the queue. Any context. */
static bool unified_queue_reserve(struct unified_queue *q)
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

	if (!unified_queue_reserve(&r->queue))
		return ERR_PTR(-EBUSY);
	op = unified_op_alloc(r, door, gfp);
	if (op) {
		kref_get(&r->ref);
		return op;
	}
	unified_queue_release(&r->queue, NULL);
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
	unified_op_take(op, request);
	ret = unified_submit_operation(op);
	if (ret == -EIOCBQUEUED)
		return 0;
	unified_queue_release(&r->queue, NULL);
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
	unified_op_take(op, request);
	op->posted = true;
	unified_post_operation(op);
	return 0;
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

/* Who waits for completions. */
struct unified_waiter {
	struct list_head node; /* of queue->waiters */
	u32 min;
};

/* The least that anybody waits for. */
static void unified_queue_want(struct unified_queue *q)
{
	struct unified_waiter *waiter;

	lockdep_assert_held(&q->lock);
	q->wanted = U32_MAX;
	list_for_each_entry(waiter, &q->waiters, node)
		q->wanted = min(q->wanted, waiter->min);
}

static void unified_waiter_add(struct unified_queue *q, struct unified_waiter *waiter)
{
	guard(spinlock_irqsave)(&q->lock);
	list_add(&waiter->node, &q->waiters);
	unified_queue_want(q);
}

static void unified_waiter_remove(struct unified_queue *q, struct unified_waiter *waiter)
{
	guard(spinlock_irqsave)(&q->lock);
	list_del(&waiter->node);
	unified_queue_want(q);
}

static int unified_queue_sleep(struct unified_queue *q, u32 min, u64 timeout_ns)
{
	ktime_t timeout = ns_to_ktime(min_t(u64, timeout_ns, KTIME_MAX));
	struct unified_waiter waiter = { .min = min };
	int ret;

	if (!min)
		return 0;
	unified_waiter_add(q, &waiter);
	if (timeout_ns)
		ret = wait_event_interruptible_hrtimeout(q->wait, unified_queue_enough(q, min),
							 timeout);
	else
		ret = wait_event_interruptible(q->wait, unified_queue_enough(q, min));
	unified_waiter_remove(q, &waiter);
	/* Nobody knows how much of the time is left. */
	return ret == -ERESTARTSYS && timeout_ns ? -EINTR : ret;
}

/* Copy what there is. Only who holds reap_mutex moves head; what is before tail stays. */
static int unified_queue_copy(struct unified_queue *q, struct unified_io_complete *complete)
{
	struct unified_completion batch[UNIFIED_IO_COMPLETE_INLINE];
	u32 max = complete->addr ? complete->max : ARRAY_SIZE(batch), i, n;

	lockdep_assert_held(&q->reap_mutex);
	max = min(max, unified_queue_ready(q));
	while (complete->count < max) {
		n = min(max - complete->count, (u32)ARRAY_SIZE(batch));
		for (i = 0; i < n; i++)
			batch[i] = q->ring[(q->head + complete->count + i) & (q->size - 1)];
		if (!complete->addr)
			memcpy(complete->completions + complete->count, batch, n * sizeof(*batch));
		else if (copy_to_user(u64_to_user_ptr(complete->addr) +
					      complete->count * sizeof(*batch),
				      batch, n * sizeof(*batch)))
			return complete->count ? 0 : -EFAULT;
		complete->count += n;
	}
	return 0;
}

/**
 * unified_queue_reap - UNIFIED_IO_COMPLETE
 * @r: the region
 * @complete: what is wanted, and what there is
 *
 * Context: process, sleeps. Return: 0, and then unified_queue_taken() has to follow, once
 * the caller was told or could not be; or -errno.
 */
int unified_queue_reap(struct unified_io_region *r, struct unified_io_complete *complete)
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
	if (mutex_lock_interruptible(&q->reap_mutex))
		return -EINTR;
	ret = unified_queue_copy(q, complete);
	if (ret)
		mutex_unlock(&q->reap_mutex);
	return ret;
}

/* The first @count of what was copied are taken; the others are left for the next call. */
void unified_queue_taken(struct unified_io_region *r, u32 count)
{
	struct unified_queue *q = &r->queue;

	scoped_guard(spinlock_irqsave, &q->lock)
		q->head += count;
	mutex_unlock(&q->reap_mutex);
}

/* --- life --------------------------------------------------------------------------------- */

int unified_queue_init(struct unified_io_region *r, u32 size)
{
	struct unified_queue *q = &r->queue;

	spin_lock_init(&q->lock);
	mutex_init(&q->reap_mutex);
	init_waitqueue_head(&q->wait);
	INIT_LIST_HEAD(&q->waiters);
	q->wanted = U32_MAX;
	q->size = size;
	q->ring = kvcalloc(size, sizeof(*q->ring), UNIFIED_GFP);
	return q->ring ? 0 : -ENOMEM;
}

/* With the region's last reference: no operation is left. */
void unified_queue_exit(struct unified_io_region *r)
{
	kvfree(r->queue.ring);
}
