// SPDX-License-Identifier: GPL-2.0
/*
 * The door of io_uring: a descriptor in the command area of an
 * IORING_OP_URING_CMD.
 *
 * The request holds the file, and so the region, until its completion is posted.
 * An operation is touched by the issuer under the ring's lock, then by the device or
 * by the region's work, then by task work, which holds that lock again. Nothing is
 * cancelled: what waits for a request of the device gets one, as what is under way
 * comes back, also when the ring is gone.
 */
#include <linux/blk-mq.h>
#include <linux/io_uring/cmd.h>

#include "descriptor.h"
#include "engine.h"
#include "op.h"
#include "queue.h"
#include "region.h"
#include "target.h"

/* In the command's own memory, from issue to completion. */
struct unified_uring_pdu {
	struct unified_op *op;
};

static struct unified_uring_pdu *unified_uring_pdu(struct io_uring_cmd *cmd)
{
	return io_uring_cmd_to_pdu(cmd, struct unified_uring_pdu);
}

static void unified_uring_reply(struct io_uring_cmd *cmd, struct unified_op *op,
				unsigned int issue_flags)
{
	const struct unified_completion *done = &op->done;
	/* All of it was done: what a CQE cannot say is cut off, not an error. */
	s32 res = done->res ?: min_t(u32, done->len, S32_MAX);
	u64 more = done->res ? done->status : done->result;

	unified_op_free(op);
	io_uring_cmd_done32(cmd, res, more, issue_flags);
}

static void unified_uring_task(struct io_tw_req tw_req, io_tw_token_t tw)
{
	struct unified_op *op = unified_uring_pdu(io_uring_cmd_from_tw(tw_req))->op;

	/* The task is exiting: what is done is done, but nothing is begun for it. */
	op->no_retry = tw.cancel;
	unified_finish_operation(op);
}

static void unified_uring_defer(struct unified_op *op)
{
	io_uring_cmd_do_in_task_lazy(op->uring, unified_uring_task);
}

/* From task work: the ring's lock is held. */
static void unified_uring_deliver(struct unified_op *op)
{
	unified_uring_reply(op->uring, op, IO_URING_CMD_TASK_WORK_ISSUE_FLAGS);
}

static const struct unified_door uring_door = {
	.defer = unified_uring_defer,
	.deliver = unified_uring_deliver,
};

static int unified_uring_submit(struct unified_io_region *r, struct io_uring_cmd *cmd,
				unsigned int issue_flags)
{
	bool may_wait = !(issue_flags & IO_URING_F_NONBLOCK);
	struct unified_op *op;
	int ret;

	op = unified_op_alloc(r, &uring_door, may_wait ? GFP_KERNEL : GFP_NOWAIT | __GFP_NOWARN);
	if (!op)
		return may_wait ? -ENOMEM : -EAGAIN;
	unified_op_take(op, io_uring_sqe128_cmd(cmd->sqe, struct unified_descriptor));
	/* Process hooks may sleep: nothing has been done yet, come back from a worker. */
	if (!may_wait && unified_desc_processed_first(&op->desc)) {
		unified_op_free(op);
		return -EAGAIN;
	}
	op->uring = cmd;
	op->may_wait = may_wait;
	op->polled = issue_flags & IO_URING_F_IOPOLL;
	unified_uring_pdu(cmd)->op = op;
	ret = unified_submit_operation(op);
	if (unlikely(ret == -ERESTARTNOINTR)) {
		unified_op_free(op);
		return -EAGAIN;
	}
	if (ret != -EIOCBQUEUED)
		unified_uring_reply(cmd, op, issue_flags);
	return -EIOCBQUEUED;
}

/* .uring_cmd */
int unified_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct unified_io_region *r = unified_file_region(cmd->file);

	if (~issue_flags & (IO_URING_F_SQE128 | IO_URING_F_CQE32))
		return -EINVAL;
	if (cmd->cmd_op != UNIFIED_IO_URING_SUBMIT)
		return -ENOTTY;
	if (!r)
		return -ENXIO;
	return unified_uring_submit(r, cmd, issue_flags);
}

/*
 * Poll the queue of a command that is under way, by a bio that stands for it: the request
 * may be freed at any time, and only a target that has a user keeps its device.
 */
static int unified_command_poll(struct unified_command *c, struct io_comp_batch *iob,
				unsigned int flags)
{
	struct unified_target *t = c->target;
	struct bio bio = {};
	int found;

	if (c->cookie == BLK_QC_T_NONE || !READ_ONCE(c->rq) || !percpu_ref_tryget(&t->users))
		return 0;
	bio.bi_bdev = t->bdev;
	bio.bi_cookie = c->cookie;
	found = bio_poll(&bio, iob, flags);
	unified_target_put(t);
	return found;
}

/* .uring_cmd_iopoll: only who polls the ring ends its operations. */
int unified_uring_poll(struct io_uring_cmd *cmd, struct io_comp_batch *iob, unsigned int flags)
{
	struct unified_op *op = unified_uring_pdu(cmd)->op;
	struct unified_command *c;
	int found = 0;

	/* The work may be issuing more of them. */
	for (c = smp_load_acquire(&op->commands); c; c = c->next)
		found += unified_command_poll(c, iob, flags);
	return found;
}
