// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: where every operation goes, from whatever door it comes.
 *
 *	copy -> policy submit -> check -> target -> policy complete -> deliver
 *
 * A door copies, parses and replies (queue.c: ioctl and BPF; uring.c). What is
 * checked, is checked here or in what is called from here, on a copy that nobody else
 * can write, and after the policy.
 *
 *	unified_submit_operation()	checks the request, asks submit
 *	  unified_issue()		a command for each target and each part
 *	    target_nvme.c, target_block.c	make it a request or a bio
 *	    unified_send()		to the device
 *	unified_resume_operation()	the work: goes on where a request was waited for
 *	unified_command_end()		any context: a device is done
 *	unified_process_operation()	the work: process hooks, for what was read
 *	unified_finish_operation()	process context: asks complete, may issue it again
 *	  door->deliver()
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/string.h>

#include "data.h"
#include "engine.h"
#include "op.h"
#include "policy.h"
#include "target.h"
#include "work.h"

#include "trace.h"

#define DESC_FLAGS                                                                                 \
	(UNIFIED_DESC_F_READ | UNIFIED_DESC_F_WRITE | UNIFIED_DESC_F_FUA | UNIFIED_DESC_F_GATHER | \
	 UNIFIED_DESC_F_BUFFER | UNIFIED_DESC_F_NO_COPY)

/* --- what a request may be ------------------------------------------------------ */

static int unified_check_storage(const struct unified_descriptor *d)
{
	u16 direction = d->flags & (UNIFIED_DESC_F_READ | UNIFIED_DESC_F_WRITE);

	switch (d->opcode) {
	case UNIFIED_OP_RW:
		if (direction != UNIFIED_DESC_F_READ && direction != UNIFIED_DESC_F_WRITE)
			return -EINVAL;
		return d->len ? 0 : -EINVAL;
	case UNIFIED_OP_COMPARE:
		return d->len && !direction ? 0 : -EINVAL;
	case UNIFIED_OP_ZEROES:
	case UNIFIED_OP_DISCARD:
		return d->len && !d->flags && !d->addr && d->type == UNIFIED_REGION_F_NVME
			       ? 0
			       : -EINVAL;
	case UNIFIED_OP_FLUSH:
		return d->len || d->flags || d->addr || d->type != UNIFIED_REGION_F_NVME ? -EINVAL
											 : 0;
	default:
		return -EINVAL;
	}
}

static int unified_check_request(const struct unified_descriptor *d)
{
	if (d->flags & ~DESC_FLAGS || (d->resv[0] | d->resv[1] | d->resv[2]))
		return -EINVAL;
	if (!(d->flags & UNIFIED_DESC_F_GATHER) && d->nr_frags)
		return -EINVAL;
	if (!(d->flags & UNIFIED_DESC_F_BUFFER) && d->buffer)
		return -EINVAL;
	switch (d->type) {
	case UNIFIED_REGION_F_BPF:
		return d->flags || d->opcode ? -EINVAL : 0;
	case UNIFIED_REGION_F_NVME:
	case UNIFIED_REGION_F_NVME | UNIFIED_REGION_F_BPF:
		return unified_check_storage(d);
	case UNIFIED_REGION_F_NETWORK:
	case UNIFIED_REGION_F_NETWORK | UNIFIED_REGION_F_BPF:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* --- to the targets ----------------------------------------------------------- */

/*
 * Is all of the operation within what was granted? Asked for each command: while an
 * operation waits it holds no target, and another may have been added by the same
 * number. It counts in the blocks of the first; a target that has other ones by the
 * time a command is issued refuses that.
 */
static int unified_admit(struct unified_op *op, const struct unified_target *t)
{
	if (!op->block)
		op->block = unified_block_size(t);
	return unified_target_check(t, &op->desc, op->block);
}

/* Make the next command of an operation to a target; all of this may fail. */
static int unified_prepare(struct unified_op *op, struct unified_command *c, u32 index)
{
	struct unified_cursor from = op->at;
	int ret;

	c->target = unified_target_get(op->region, index);
	if (!c->target)
		return -ENODEV;
	ret = unified_admit(op, c->target);
	if (!ret)
		ret = c->target->ops->prepare(c);
	if (!ret)
		return 0;
	op->at = from;
	c->error = ret;
	unified_data_done(c);
	unified_target_put(c->target);
	return ret;
}

static struct unified_command *unified_next_command(struct unified_op *op, u32 index)
{
	struct unified_command *c = op->commands ? unified_command_alloc(op) : &op->first;
	int ret;

	if (!c)
		return ERR_PTR(READ_ONCE(op->region->targets[index]) ? -ENOMEM : -ENODEV);
	c->next = op->commands;
	c->rq = NULL;
	c->cookie = BLK_QC_T_NONE;
	c->nr_vecs = 0;
	c->list = 0;
	c->status = 0;
	c->result = 0;
	ret = unified_prepare(op, c, index);
	if (ret) {
		unified_command_free(c);
		return ERR_PTR(ret);
	}
	smp_store_release(&op->commands, c); /* for unified_uring_poll() */
	unified_count(op->region, commands, 1);
	return c;
}

/* It ends in any case, and may have ended when this returns. */
static void unified_send(struct unified_command *c)
{
	if (c->rq)
		blk_execute_rq_nowait(c->rq, false);
	else
		c->target->ops->send(c);
}

/* On to a target, with all of the data. */
static void unified_issue_begin(struct unified_op *op)
{
	op->at.piece = 0;
	op->at.offset = 0;
	op->lba = op->desc.lba;
	op->block = 0;
}

static void unified_operation_end(struct unified_op *op);

/* The target's work waits for a request, or for memory, and goes on from here. */
static int unified_issue_later(struct unified_op *op)
{
	unified_count(op->region, waits, 1);
	/* It was found there just now, and is there as long as the region. */
	unified_work_add(&op->region->targets[__ffs(op->left)]->waiting, op);
	return -EIOCBQUEUED;
}

/* A command was made. True: it is the last, no data is left and no target. */
static bool unified_issue_next(struct unified_op *op)
{
	if (op->at.piece < op->pieces.nr)
		return false;
	op->left &= op->left - 1;
	if (!op->left)
		return true;
	unified_issue_begin(op);
	if (op->resumed)
		op->may_wait = false;
	return false;
}

/*
 * Issue what is left of an operation, which has a reference of ours in op->pending, so
 * that it does not end too early. The last command takes it over. -EIOCBQUEUED: it will
 * end, or has ended already, when all of its commands did. Another errno: nothing was
 * issued.
 */
static int unified_issue_rest(struct unified_op *op)
{
	struct unified_command *c;
	int ret;

	while (!IS_ERR(c = unified_next_command(op, __ffs(op->left)))) {
		if (unified_issue_next(op)) {
			op->done.tries++;
			unified_send(c);
			return -EIOCBQUEUED;
		}
		atomic_inc(&op->pending);
		unified_send(c);
		/* Who is killed does not wait; the work goes on. */
		if (unlikely(fatal_signal_pending(current)))
			op->may_wait = false;
	}
	ret = PTR_ERR(c);
	if ((ret == -EAGAIN || ret == -ENOMEM) && !op->may_wait)
		return unified_issue_later(op);
	if (!op->commands)
		return ret;
	op->done.tries++;
	op->error = ret;
	if (atomic_dec_and_test(&op->pending))
		unified_operation_end(op);
	return -EIOCBQUEUED;
}

/* Issue an operation to all of its targets; as above. */
static int unified_issue(struct unified_op *op)
{
	atomic_set(&op->pending, 1);
	op->resumed = false;
	/* The work that BPF's come by is for all targets. */
	if (op->posted)
		op->may_wait = false;
	op->left = op->desc.targets ?: 1;
	unified_issue_begin(op);
	return unified_issue_rest(op);
}

/* A sound operation for targets: policies see it, then it goes. */
static int unified_steer(struct unified_op *op)
{
	int ret;

	if (unified_chain_has(op->region, UNIFIED_HOOK_SUBMIT)) {
		ret = unified_chain_submit(op);
		if (ret)
			return ret;
	}
	if (unified_desc_processed_first(&op->desc)) {
		ret = unified_chain_process(op);
		if (ret)
			return ret;
	}
	return unified_issue(op);
}

/**
 * unified_submit_operation - submit one operation
 * @op: as unified_op_alloc() made it, with what unified_op_take() took; the caller
 *	holds its region
 *
 * Context: process; sleeps only for process hooks, and for requests of a device
 * if op->may_wait says so.
 * Return: -EIOCBQUEUED if the door will be called when it is done; -ERESTARTNOINTR,
 * which no policy can say, if nothing was done for want of memory that it may not wait
 * for; else it is done, with 0 or another errno.
 */
int unified_submit_operation(struct unified_op *op)
{
	struct unified_descriptor *d = &op->desc;
	struct unified_io_region *r = op->region;
	int ret;

	op->done.user_data = d->user_data;
	ret = unified_check_request(d);
	/* A BPF descriptor's opcode is 0: it has data, too. */
	op->data = NULL;
	if (!ret && unified_desc_has_data(d))
		ret = unified_data_map(op);
	if (unlikely(ret == -ENOMEM && !op->may_wait)) {
		unified_data_unmap(op);
		return -ERESTARTNOINTR;
	}
	unified_count(r, operations, 1);
	trace_unified_submit(r->id, d);
	if (!ret)
		ret = d->type == UNIFIED_REGION_F_BPF ? unified_chain_process(op)
						      : unified_steer(op);
	if (ret == -EIOCBQUEUED)
		return ret;

	unified_data_unmap(op);
	op->done.res = ret;
	op->done.status = 0;
	op->done.result = 0;
	op->done.len = ret ? 0 : d->len;
	if (ret)
		unified_count(r, refused, 1);
	trace_unified_complete(r->id, &op->done);
	return ret;
}

/* From the work: one that BPF submitted. */
static void unified_submit_posted(struct unified_op *op)
{
	if (unified_submit_operation(op) != -EIOCBQUEUED)
		op->door->deliver(op);
}

/* From the work of a target: what was left of it when that had no request. */
void unified_resume_operation(struct unified_op *op)
{
	int ret;

	op->may_wait = true;
	op->resumed = true;
	/* Only who polls his ring frees a polled request, and he may have ceased to. */
	op->polled = false;
	ret = unified_issue_rest(op);
	if (ret == -EIOCBQUEUED)
		return;
	op->done.tries++;
	op->error = ret;
	unified_operation_end(op);
}

/* --- and back ------------------------------------------------------------------- */

/* The worst of its commands is what became of it. */
static void unified_operation_result(struct unified_op *op)
{
	struct unified_completion *done = &op->done;
	const struct unified_command *c = op->commands;

	done->res = op->error;
	done->status = c ? c->status : 0;
	done->result = c ? c->result : 0;
	for (; c; c = c->next) {
		if (likely(!c->error)) {
			op->bytes += c->bytes;
			continue;
		}
		done->res = done->res ?: c->error;
		if (c->status) {
			done->status = c->status;
			done->result = c->result;
		}
	}
	done->len = done->res ? 0 : op->desc.len;
}

/* Process hooks have yet to see what was read; they may sleep. */
static bool unified_needs_work(const struct unified_op *op)
{
	return (op->desc.type & UNIFIED_REGION_F_BPF) && unified_desc_fills(&op->desc) &&
	       !op->done.res;
}

static bool unified_needs_process(const struct unified_op *op)
{
	return op->has_bounce || unified_chain_has(op->region, unified_hook_complete(op->done.res));
}

static __always_inline void unified_deliver(struct unified_op *op)
{
	struct unified_io_region *r = op->region;

	if (unlikely(op->done.res))
		unified_count(r, failed, 1);
	if (unified_desc_fills(&op->desc)) {
		unified_count(r, reads, 1);
		unified_count(r, bytes_read, op->bytes);
	} else if (op->desc.opcode == UNIFIED_OP_RW) {
		unified_count(r, writes, 1);
		unified_count(r, bytes_written, op->bytes);
	} else {
		unified_count(r, others, 1);
	}
	unified_data_unmap(op);
	trace_unified_complete(r->id, &op->done);
	op->door->deliver(op);
}

/* All of its commands ended. Any context. */
static void unified_operation_end(struct unified_op *op)
{
	unified_operation_result(op);
	if (unified_needs_work(op))
		unified_work_add(&op->region->read, op);
	else if (!op->door->deliver_anywhere || unified_needs_process(op))
		op->door->defer(op);
	else
		unified_deliver(op);
}

/* A command ended: its error, status and result are set. Any context. */
void unified_command_end(struct unified_command *c)
{
	struct unified_op *op = c->op;

	unified_target_put(c->target);
	if (atomic_dec_and_test(&op->pending))
		unified_operation_end(op); /* a tail call */
}

/* Ask the policies about an operation that ended. True: it was issued once more. */
static bool unified_operation_again(struct unified_op *op)
{
	int verdict = unified_chain_complete(op), ret;

	if (verdict == UNIFIED_DROP) {
		op->dropped = true;
		if (op->has_buffer)
			unified_buffer_free(op->region, op->desc.buffer);
	} else if (verdict < 0) {
		op->done.res = verdict;
		op->done.len = 0;
	}
	if (verdict != UNIFIED_RETRY || op->done.tries >= UNIFIED_MAX_TRIES || op->no_retry)
		return false;
	unified_count(op->region, retries, 1);
	unified_op_free_commands(op);
	op->error = 0;
	op->processed = false;
	op->may_wait = false;
	ret = unified_issue(op);
	if (ret == -EIOCBQUEUED)
		return true;
	op->done.res = ret;
	op->done.len = 0;
	return false;
}

/* What is left to do with the data that is there now. */
static void unified_operation_data(struct unified_op *op)
{
	struct unified_command *c;
	int ret;

	if (op->processed)
		return;
	op->processed = true;
	for (c = op->commands; c; c = c->next)
		unified_data_done(c);
	op->has_bounce = false;
	if (!unified_needs_work(op))
		return;
	ret = unified_chain_process(op);
	if (ret) {
		op->done.res = ret;
		op->done.len = 0;
	}
}

/* From the work: process hooks. The rest is done where the door wants it. */
static void unified_process_operation(struct unified_op *op)
{
	unified_operation_data(op);
	op->door->defer(op);
}

/**
 * unified_finish_operation - what is left to do once all commands ended
 * @op: the operation; it is gone or on its way again when this returns
 *
 * Context: process; does not sleep.
 */
void unified_finish_operation(struct unified_op *op)
{
	if (op->has_bounce)
		unified_operation_data(op);
	if (unified_chain_has(op->region, unified_hook_complete(op->done.res)) &&
	    unified_operation_again(op))
		return;
	unified_deliver(op);
}

/* --- what is left to the work ------------------------------------------------- */

/* Of BPF: submit it, from a process. Any context but NMI. */
void unified_post_operation(struct unified_op *op)
{
	unified_work_add(&op->region->posted, op);
}

/* All of its commands ended: finish it, from a process. Any context but NMI. */
void unified_defer_operation(struct unified_op *op)
{
	unified_work_add(&op->region->ended, op);
}

void unified_engine_init(struct unified_io_region *r)
{
	unified_work_init(&r->posted, r, unified_submit_posted);
	unified_work_init(&r->read, r, unified_process_operation);
	unified_work_init(&r->ended, r, unified_finish_operation);
}

/* With the region's last reference: no operation is left. */
void unified_engine_exit(struct unified_io_region *r)
{
	unified_work_exit(&r->posted);
	unified_work_exit(&r->read);
	unified_work_exit(&r->ended);
}
