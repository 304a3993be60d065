/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receives: of each stream one is under way, as long as it holds less than its
 * share of the buffers. What arrives goes to the pipeline.
 *
 * sqe->len of a receive is the stream's credit. When that is used up and its
 * buffers have not come back, TCP's window closes, and the sender waits; no packet
 * is dropped for it.
 */
#ifndef LOOP_RECEIVE_H
#define LOOP_RECEIVE_H

#include "loop/buffers.h"
#include "loop/policies.h"

#define RECV_MULTISHOT 2U  /* IORING_RECV_MULTISHOT */
#define SOCKADDR_SIZE  16U /* of a struct sockaddr */

/* --- what a pipeline makes of it ----------------------------------------------------- */

/*
 * Bytes of a stream, in a buffer to which there is one more reference: it is noted in
 * the stream's open command, or in another one.
 */
static __always_inline void pipeline_data(struct iou_ctx *ring, __u8 *mem, struct stream *s,
					  __u32 index, __u64 addr, __u32 len);

/*
 * Others need the buffers that the stream's open command holds: let go of them if they
 * are more than a few.
 */
static __always_inline void pipeline_flush(struct iou_ctx *ring, __u32 index, __u32 few);

/* All of a stream is there; called until no command and no buffer of it is left. */
static __always_inline void pipeline_end(struct iou_ctx *ring, __u32 index);

/* No command and no buffer of it is left: its connection is being closed. */
static __always_inline void pipeline_close(__u32 index);

static __always_inline void stream_data(struct iou_ctx *ring, __u8 *mem, __u32 index, __u64 addr,
					__u32 len)
{
	struct stream *s = stream_at(index);

	s->got += len;
	s->taken++;
	/* They are smaller than those before them, by which its credit was counted. */
	if (s->taken == s->taken_most)
		stream_wait(s, index);
	pipeline_data(ring, mem, s, index, addr, len);
}

/* --- one begins ------------------------------------------------------------------------ */

static __always_inline bool arm_zcrx(struct iou_ctx *ring, struct stream *s, __u32 index, __u32 room)
{
	struct io_uring_sqe *sqe = sq_entry(ring);
	__u64 credit = (__u64)room * s->per_buffer;

	if (!sqe)
		return false;
	s->credit = credit > 1U << 30 ? 1U << 30 : credit;
	sqe->opcode = IORING_OP_RECV_ZC;
	sqe->flags = SQE_FIXED_FILE;
	sqe->fd = LOOP_FIRST_FILE + index;
	sqe->ioprio = RECV_MULTISHOT;
	sqe->len = s->credit;
	sqe->zcrx_ifq_idx = setup.zcrx_id;
	sqe->user_data = LOOP_TAG(LOOP_RECEIVE, index);
	return true;
}

/* What there is, into what is left of a slot. */
__noinline bool arm_recv(RING, __u32 index)
{
	struct stream *s = stream_at(index);
	struct io_uring_sqe *sqe;

	if (!s->fill && !slot_take(s, index))
		return false;
	sqe = sq_entry(ring);
	if (!sqe)
		return false;
	sqe->opcode = IORING_OP_RECV;
	sqe->flags = SQE_FIXED_FILE;
	sqe->fd = LOOP_FIRST_FILE + index;
	sqe->addr = setup.user_data_area + s->slot + s->fill;
	sqe->len = setup.slot_size - s->fill;
	sqe->user_data = LOOP_TAG(LOOP_RECEIVE, index);
	return true;
}

__noinline int stream_cancel(RING, __u32 index)
{
	struct io_uring_sqe *sqe = sq_entry(ring);

	if (!sqe)
		return 0;
	sqe->opcode = IORING_OP_ASYNC_CANCEL;
	sqe->fd = -1;
	sqe->addr = LOOP_TAG(LOOP_RECEIVE, index);
	sqe->user_data = LOOP_TAG(LOOP_CANCEL, index);
	stream_at(index)->receive = RECEIVE_CANCELLED;
	return 0;
}

/* --- data comes, and a receive ends --------------------------------------------------- */

/* zcrx: a fragment of a buffer. */
static __always_inline void fragment_received(struct iou_ctx *ring, __u8 *mem, __u32 index,
					      const struct io_uring_cqe *cqe)
{
	__u32 area = cqe->big_cqe[0] >> ZCRX_AREA_SHIFT;
	__u64 offset = cqe->big_cqe[0] & ZCRX_AREA_MASK;
	__u32 len = cqe->res;

	if (area >= nr_areas || offset >> setup.area_shift) {
		broken(-ERANGE);
		return;
	}
	stats.receives++;
	stats.bytes += len;
	if (offset & setup.buffer_mask)
		stats.packed++;
	count_copied(area, offset, len);
	stream_data(ring, mem, index, setup.area + ((__u64)area << setup.area_shift) + offset, len);
}

/* recv: the slot with what is in it. */
__noinline int slot_full(RING, __u32 index)
{
	struct stream *s = stream_at(index);
	__u8 *mem = region_memory(ring);
	__u32 fill = s->fill;

	if (!mem || !fill)
		return 0;
	s->fill = 0;
	stats.receives++;
	stats.bytes += fill;
	stats.copied[LOOP_COPY_RECV] += fill;
	stream_data(ring, mem, index, s->slot, fill);
	return 0;
}

__noinline int receive_ended(__u32 index, __s32 res)
{
	struct stream *s = stream_at(index);
	__u32 pieces = s->taken - s->taken_then;

	if (pieces)
		s->per_buffer = s->got / pieces ?: 1;
	switch (-res) {
	case 0:
		/* The end of the credit, or of the stream. */
		if (setup.zcrx && s->got == s->credit)
			break;
		s->flags |= S_PEER;
		stream_ends(s);
		break;
	case ENOSPC:
		stats.cq_full++;
		break;
	case ENOMEM:
	case ENOBUFS:
		/* For what must be copied there are those only that the kernel took back. */
		stats.no_buffers++;
		loop_grow();
		s->flags |= S_LATER;
		if (setup.zcrx)
			stats.flush = 1;
		if (s->got)
			s->starved = 0;
		else if (++s->starved >= setup.starved_ticks)
			stream_error(s, index, res);
		break;
	case EINTR:
		break;
	case ECANCELED:
		if (s->receive == RECEIVE_CANCELLED)
			break;
		stream_error(s, index, res);
		break;
	case EFAULT:
		stats.missteered++;
		stream_error(s, index, res);
		break;
	default:
		stream_error(s, index, res);
	}
	s->before += s->got;
	s->got = 0;
	s->receive = RECEIVE_NONE;
	stream_wait(s, index);
	return 0;
}

/* recv: with or without data. */
__noinline int slot_received(RING, __u32 index, __s32 res)
{
	struct stream *s = stream_at(index);

	if (res > 0)
		s->fill += res;
	else if (!s->fill)
		slot_free(s->slot);
	if (s->fill && (res <= 0 || s->fill == setup.slot_size || s->receive == RECEIVE_CANCELLED))
		slot_full(ring, index);
	if (res <= 0)
		return receive_ended(index, res);
	s->before += s->got;
	s->got = 0;
	s->receive = RECEIVE_NONE;
	stream_wait(s, index);
	return 0;
}

/* --- in line ------------------------------------------------------------------------------ */

/*
 * Who sends must not take the end of its connection for a sign that all is stored. To
 * connect a socket to no address resets what it was connected to, and is done where
 * it is submitted.
 */
__noinline int stream_reset(RING, __u32 index)
{
	struct io_uring_sqe *sqe = sq_entry(ring);

	if (!sqe)
		return 0;
	sqe->opcode = IORING_OP_CONNECT;
	sqe->flags = SQE_FIXED_FILE;
	sqe->fd = LOOP_FIRST_FILE + index;
	sqe->addr = setup.nowhere;
	sqe->addr2 = SOCKADDR_SIZE;
	sqe->user_data = LOOP_TAG(LOOP_RESET, index);
	return 0;
}

/* When nothing of it is left its file slot is closed. */
static __always_inline bool stream_end(struct iou_ctx *ring, struct stream *s, __u32 index)
{
	struct io_uring_sqe *sqe;
	struct command *c;

	slot_full(ring, index);
	pipeline_end(ring, index);
	c = command_at(s->command);
	if (c->bytes || c->nr_refs)
		stream_next(s, index);
	if (s->under_way || s->taken != s->given)
		return false;
	if (s->lost)
		stream_reset(ring, index);
	sqe = sq_entry(ring);
	if (!sqe)
		return false;
	sqe->opcode = IORING_OP_CLOSE;
	sqe->file_index = LOOP_FIRST_FILE + index + 1;
	sqe->user_data = LOOP_TAG(LOOP_CLOSE, index);
	pipeline_close(index);
	s->phase = STREAM_CLOSING;
	return true;
}

/*
 * How many references there are for each stream. NICs may put several payloads into one
 * buffer: then there are more of them than buffers.
 */
static __always_inline __u32 share_of_all(void)
{
	__u64 refs = (__u64)setup.budget * (nr_areas ?: 1);

	if (refs > setup.budget_most)
		refs = setup.budget_most;
	if (stats.packed)
		refs = refs * stats.receives / (stats.receives - stats.packed ?: 1);
	if (refs > LOOP_COMMANDS * 32)
		refs = LOOP_COMMANDS * 32;
	return refs / (stats.streams ?: 1);
}

/* How many one may hold. Where that is more than there are, those that are idle let go of all. */
static __always_inline __u32 stream_share(void)
{
	__u32 share = share_of_all();

	return share < 4 ? 4 : share;
}

/* A stream in line. False: it stays there. */
__noinline bool stream_arm(RING, __u32 index)
{
	__u32 share = stream_share(), held, room;
	struct stream *s = stream_at(index);

	if (draining)
		stream_ends(s);
	if (s->receive == RECEIVE_ARMED &&
	    (s->phase == STREAM_ENDING || s->flags & S_PAUSED || commands_are_few() ||
	     (__s32)(s->taken - s->taken_most) >= 0))
		stream_cancel(ring, index);
	if (s->receive != RECEIVE_NONE)
		return true;
	if (s->phase == STREAM_ENDING)
		return stream_end(ring, s, index);
	if (s->phase != STREAM_OPEN)
		return true;
	if (s->flags & (S_PAUSED | S_LATER))
		return false;
	held = s->taken - s->given;
	room = held < share ? share - held : 0;
	if (events_are_many()) {
		stats.waits++;
		return false;
	}
	if (room < (share + 3) / 4 || commands_are_few()) {
		stats.waits++;
		/* What it holds and nobody writes must go first. */
		if (!s->under_way)
			pipeline_flush(ring, index, 0);
		return false;
	}
	if (!(setup.zcrx ? arm_zcrx(ring, s, index, room) : arm_recv(ring, index)))
		return false;
	s->taken_then = s->taken;
	s->taken_most = s->taken + 2 * room;
	s->receive = RECEIVE_ARMED;
	stats.arms++;
	return true;
}

#endif
