/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The step of a loop: completions, the line of streams, the tick. A pipeline includes
 * this file, defines what receive.h and this one ask of it, and ends with
 * LOOP_PIPELINE(name).
 *
 * Nothing here has a lock: the ring's is held whenever the loop runs, and the maps
 * are of this ring alone; but for space, which has one.
 */
#ifndef LOOP_STEP_H
#define LOOP_STEP_H

#include "loop/receive.h"

#define TIMEOUT_MULTISHOT (1U << 6)

PRIVATE __u32 ready;
PRIVATE __u32 done_then; /* done_head at the last tick */

/* --- what a pipeline makes of it, beside receive.h ------------------------------------ */

/* A command that it issued has ended. */
static __always_inline void pipeline_command(struct iou_ctx *ring, __u32 index, __s32 res);

/* --- the tick -------------------------------------------------------------------------- */

static __always_inline int tick_start(struct iou_ctx *ring)
{
	struct io_uring_sqe *sqe = sq_entry(ring);

	if (!sqe)
		return 0;
	sqe->opcode = IORING_OP_TIMEOUT;
	sqe->fd = -1;
	sqe->addr = setup.tick;
	sqe->len = 1;
	sqe->timeout_flags = TIMEOUT_MULTISHOT;
	sqe->user_data = LOOP_TAG(LOOP_TICK, 0);
	return 0;
}

/* What a stream has is dealt with when it has got nothing for some ticks. */
__noinline int tick_stream(RING, __u32 index)
{
	struct stream *s = stream_at(index);
	__u64 bytes = stream_bytes(s) + s->fill;
	__u32 few;

	s->idle = s->seen == bytes ? s->idle + 1 : 0;
	s->seen = bytes;
	s->flags &= ~S_LATER;
	if (s->phase == STREAM_CLOSED)
		return stream_closed(index);
	if (s->phase != STREAM_OPEN)
		return 0;
	if (s->flags & S_PAUSED)
		stream_ask(index, setup.area, 0, 0, 0);
	if (s->idle < setup.quiet_ticks)
		return 0;
	if (s->receive == RECEIVE_ARMED) {
		if (s->fill)
			return stream_cancel(ring, index);
		/*
		 * Up to 7.2.6 at least, a receive that stopped half way, for want of a
		 * buffer, waits for the next packet, and the sender for room. One that
		 * begins anew takes what there is.
		 */
		if (s->got)
			stream_cancel(ring, index);
	}
	few = share_of_all() / 2;
	pipeline_flush(ring, index, few < 8 ? few : 8);
	return 0;
}

/*
 * Small payloads in large buffers: the NIC takes no entry from a refill ring that
 * is full, as it needs no buffer, and nobody sends as long as none comes back. The
 * thread makes the kernel take them.
 */
static __always_inline void tick_refill(void)
{
	if (done_head != done_tail && done_head == done_then && !stats.under_way)
		stats.flush = 1;
	done_then = done_head;
}

__noinline int tick(RING)
{
	__u32 i = zero;

	tick_refill();
	while (i < LOOP_STREAMS && may_go_on())
		tick_stream(ring, i++);
	return 0;
}

/* --- completions ------------------------------------------------------------------------ */

__noinline int other(RING, __u32 tag, __u32 index, __u32 flags)
{
	switch (tag) {
	case LOOP_OPEN:
		return stream_open(index & (LOOP_STREAMS - 1));
	case LOOP_CLOSE:
		return stream_closed(index & (LOOP_STREAMS - 1));
	case LOOP_STARVED:
		stats.starved++;
		loop_grow();
		return 0;
	case LOOP_TICK:
		if (!(flags & CQE_F_MORE))
			tick_start(ring);
		return tick(ring);
	}
	return 0;
}

static __always_inline void completed(struct iou_ctx *ring, __u8 *mem,
				      const struct io_uring_cqe *cqe)
{
	__u64 data = cqe->user_data;
	__u32 tag = data >> 56, index = data & 0xffff;

	if (tag == LOOP_RECEIVE) {
		index &= LOOP_STREAMS - 1;
		if (!setup.zcrx)
			slot_received(ring, index, cqe->res);
		else if (cqe->flags & CQE_F_MORE)
			fragment_received(ring, mem, index, cqe);
		else
			receive_ended(index, cqe->res);
	} else if (tag == LOOP_COMMAND) {
		pipeline_command(ring, index & (LOOP_COMMANDS - 1), cqe->res);
	} else {
		other(ring, tag, index, cqe->flags);
	}
}

/* All that there are. The head behind them. */
static __always_inline __u32 reap(struct iou_ctx *ring, __u8 *cq, __u8 *mem)
{
	__u32 head = *(volatile __u32 *)(cq + setup.cq_head);
	__u32 tail = __atomic_load_n((__u32 *)(cq + setup.cq_tail), __ATOMIC_ACQUIRE);

	while (head != tail && may_go_on()) {
		const struct io_uring_cqe *cqe = (void *)(cq + setup.cqes +
							  (__u64)(head & setup.cq_mask) * 32);

		head++;
		completed(ring, mem, cqe);
	}
	*(volatile __u32 *)(cq + setup.cq_head) = head;
	return head;
}

/* --- the step ---------------------------------------------------------------------------- */

__noinline int start(RING)
{
	commands_start();
	ready = 1;
	region_find();
	if (setup.zcrx)
		areas_find(ring);
	return tick_start(ring);
}

/* Those that can neither be armed nor ended now stay in line. */
__noinline int serve_waiting(RING)
{
	__u32 nr = nr_waiting, i = zero;

	nr_waiting = 0;
	while (i < nr && may_go_on()) {
		__u32 index = *element(waiting, i++);
		struct stream *s = stream_at(index);

		s->flags &= ~S_WAITING;
		if (!stream_arm(ring, index))
			stream_wait(s, index);
	}
	return 0;
}

/* No stream receives any more. */
__noinline int end_all(void)
{
	__u32 i = zero;

	while (i < LOOP_STREAMS && may_go_on()) {
		struct stream *s = stream_at(i);

		if (s->phase == STREAM_OPEN) {
			stream_ends(s);
			stream_wait(s, i);
		}
		i++;
	}
	return 0;
}

/* What had come of them is not all stored. */
__noinline int reset_all(RING)
{
	__u32 i = zero;

	while (i < LOOP_STREAMS && may_go_on()) {
		struct stream *s = stream_at(i);

		if (s->phase == STREAM_OPEN || s->phase == STREAM_ENDING)
			stream_reset(ring, i);
		i++;
	}
	return 0;
}

static __always_inline int loop_step(struct iou_ctx *ring, struct iou_loop_params *params)
{
	__u8 *cq = bpf_io_uring_get_region(ring, IOU_REGION_CQ, setup.cq_size);
	__u8 *mem = region_memory(ring);
	__u32 head, done, drain;
	bool again = false;

	if (!cq || !mem) {
		broken(-EFAULT);
		return IOU_LOOP_STOP;
	}
	/* What it was about would wait for it for ever. */
	if (*(volatile __u32 *)(cq + setup.cq_dropped)) {
		stats.end = LOOP_DROPPED;
		return IOU_LOOP_STOP;
	}
	sq_tail = *(volatile __u32 *)(cq + setup.sq_tail);
	stats.steps++;
	/* Is all there? Nobody has connected yet. */
	if (!ready) {
		start(ring);
		sq_submit(ring);
		return IOU_LOOP_STOP;
	}
	if (nr_areas != *(volatile __u32 *)&control.areas && setup.zcrx)
		areas_find(ring);
	head = reap(ring, cq, mem);
	if (done_head != done_tail)
		refill(ring);
	drain = *(volatile __u32 *)&control.drain;
	if (drain)
		loop_end(LOOP_DRAINED, 0);
	if (draining)
		end_all();
	if (nr_waiting) {
		done = done_tail;
		serve_waiting(ring);
		/* What was let go of there may be what others in line wait for. */
		again = done != done_tail;
	}
	if (again)
		refill(ring);
	if (drain == LOOP_GIVE_UP)
		reset_all(ring);
	if (sq_filled && stats.end != LOOP_BROKEN)
		sq_submit(ring);
	if (draining && !stats.streams && stats.end == LOOP_RUNNING)
		stats.end = draining;
	if (drain == LOOP_GIVE_UP && stats.end == LOOP_RUNNING)
		stats.end = LOOP_GIVEN_UP;
	if (stats.end != LOOP_RUNNING || stats.flush || stats.grow)
		return IOU_LOOP_STOP;
	params->cq_wait_idx = head + !again;
	return IOU_LOOP_CONTINUE;
}

/* The program of a pipeline, for the loader: struct pipeline_prog. */
#define LOOP_PIPELINE(name)								\
	SEC("struct_ops.s/loop_step")							\
	int BPF_PROG(name##_step, struct iou_ctx *ring, struct iou_loop_params *params)	\
	{										\
		return loop_step(ring, params);						\
	}										\
	SEC(".struct_ops.link")								\
	struct io_uring_bpf_ops name = {						\
		.loop_step = (void *)name##_step,					\
	};										\
	char _license[] SEC("license") = "GPL"

#endif
