// SPDX-License-Identifier: GPL-2.0
/*
 * ingest: TCP streams to targets, in the event loop of an io_uring, without
 * going back to user mode.
 *
 *	a receive's completion	a fragment: to the stream's open command
 *	it is full		through the uring_cmd door, to blocks of its own
 *	that one's completion	its buffers go back to the NIC
 *	there is room again	the stream's receive is armed
 *
 * loop/ring.h has the state, loop/commands.h commands and buffers,
 * ingest_stream.h streams; here are completions and the step.
 *
 * One receive completion is one reference on a buffer and becomes one entry of
 * the refill ring, when the last command that has a part of the fragment is done:
 * it belongs to the later one, which waits for the earlier. Entries are written in
 * descending order, so that the page pool hands neighbours out in ascending order
 * and what arrives in them can be joined.
 *
 * A stream is received from as long as its share of the buffers lasts: sqe->len
 * of its receive is its credit. When that is used up and its commands are not
 * done, TCP's window closes, and the sender waits; no packet is dropped for it.
 *
 * Nothing here has a lock: the ring's is held whenever the loop runs, and the maps
 * are of this ring alone; but for space, which has one.
 */
#include "ingest_stream.h"

/* --- completions ---------------------------------------------------------------------- */

static __always_inline void fragment_received(struct iou_ctx *ring, __u8 *mem, __u32 index,
					      const struct io_uring_cqe *cqe)
{
	__u32 area = cqe->big_cqe[0] >> ZCRX_AREA_SHIFT;
	__u64 offset = cqe->big_cqe[0] & ZCRX_AREA_MASK;
	__u32 len = cqe->res;
	int by_nic;

	if (area >= nr_areas || offset >> setup.area_shift) {
		broken(-ERANGE);
		return;
	}
	stats.receives++;
	stats.bytes += len;
	if (offset & setup.buffer_mask)
		stats.packed++;
	by_nic = compat_niov_by_nic(*element(niovs, area), offset >> setup.buffer_shift);
	if (by_nic < 0) {
		stats.unseen += len;
		if (setup.require_zero_copy)
			loop_end(LOOP_UNSEEN, 0);
	} else if (!by_nic) {
		stats.copied[LOOP_COPY_HEAD] += len;
		if (setup.require_zero_copy)
			loop_end(LOOP_COPIED, LOOP_COPY_HEAD);
	}
	stream_receive(ring, mem, index, setup.area + ((__u64)area << setup.area_shift) + offset,
		       len);
}

/* False: it is on its way once more. */
__noinline bool command_failed(RING, __u32 index, __s32 res)
{
	struct command *c = command_at(index);
	struct stream *s = stream_at(c->stream);

	if (setup.on_error == INGEST_RETRY && c->tries < INGEST_MAX_TRIES) {
		c->tries++;
		stats.retries++;
		command_issue(ring, index);
		return false;
	}
	s->lost += c->bytes - c->padded;
	stats.lost += c->bytes - c->padded;
	if (!s->error) {
		s->error = res;
		stats.failed++;
	}
	if (setup.on_error != INGEST_DROP)
		loop_end(LOOP_DEVICE, res);
	return true;
}

static __always_inline void command_ended(struct iou_ctx *ring, __u32 index, __s32 res)
{
	struct command *c = command_at(index);

	if (res >= 0) {
		stats.stored += c->bytes - c->padded;
		stats.padded += c->padded;
	} else if (!command_failed(ring, index, res)) {
		return;
	}
	stream_at(c->stream)->under_way--;
	stats.under_way--;
	command_release(index);
}

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

/* What a stream has is written when it has got nothing for some ticks. */
__noinline int tick_stream(RING, __u32 index)
{
	struct stream *s = stream_at(index);
	__u64 bytes = stream_bytes(s) + s->fill;
	__u32 few;

	s->idle = s->seen == bytes ? s->idle + 1 : 0;
	s->seen = bytes;
	s->flags &= ~S_LATER;
	if (s->flags & S_CLOSED)
		return stream_closed(index);
	if (s->flags & S_ENDING || !(s->flags & S_USED))
		return 0;
	if (s->flags & S_PAUSED)
		stream_ask(index, setup.area, 0);
	if (s->idle < setup.quiet_ticks)
		return 0;
	if ((s->flags & (S_ARMED | S_CANCELLED)) == S_ARMED) {
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
	few = stream_share() / 2;
	return stream_flush(ring, index, few < 8 ? few : 8);
}

/*
 * Small payloads in large buffers: the NIC takes no entry from a refill ring that
 * is full, as it needs no buffer, and nobody sends as long as none comes back. The
 * thread makes the kernel take them.
 */
static __always_inline void tick_refill(void)
{
	static __u32 done_then;

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

static __always_inline __u32 reap(struct iou_ctx *ring, __u8 *cq, __u8 *mem)
{
	__u32 head = *(volatile __u32 *)(cq + setup.cq_head);
	__u32 tail = __atomic_load_n((__u32 *)(cq + setup.cq_tail), __ATOMIC_ACQUIRE);

	while (head != tail && may_go_on()) {
		const struct io_uring_cqe *cqe = (void *)(cq + setup.cqes +
							  (__u64)(head & setup.cq_mask) * 32);
		__u64 data = cqe->user_data;
		__u32 tag = data >> 56, index = data & 0xffff;

		head++;
		if (tag == LOOP_RECEIVE) {
			index &= LOOP_STREAMS - 1;
			if (!setup.zcrx)
				slot_received(ring, index, cqe->res);
			else if (cqe->flags & CQE_F_MORE)
				fragment_received(ring, mem, index, cqe);
			else
				receive_ended(index, cqe->res);
		} else if (tag == LOOP_COMMAND) {
			command_ended(ring, index & (LOOP_COMMANDS - 1), cqe->res);
		} else {
			other(ring, tag, index, cqe->flags);
		}
	}
	*(volatile __u32 *)(cq + setup.cq_head) = head;
	return head;
}

/* --- the step --------------------------------------------------------------------------- */

/*
 * Where the kernel has the buffers of an area. Not in the loop below: the compiler
 * would move what is the same each time, reads of fields that there are not, out
 * of it, in front of the question whether there are.
 */
__noinline int area_find(RING, __u32 n)
{
	__u64 of = compat_zcrx_niovs(compat_zcrx_ifq(ring, setup.zcrx_id), n);

	if (!of)
		stats.hidden++;
	*element(niovs, n) = of;
	return 0;
}

/* Of those that are new. */
__noinline int areas_find(RING)
{
	__u32 i = nr_areas + zero, n = *(volatile __u32 *)&control.areas;

	while (i < n && i < LOOP_AREAS && may_go_on())
		area_find(ring, i++);
	nr_areas = i;
	stats.areas = i;
	return 0;
}

/* Where the kernel has the data area. */
static __always_inline void region_find(void)
{
	struct unified_io_region *r = bpf_unified_region_get(setup.region);

	if (!r) {
		broken(-ENODEV);
		return;
	}
	region_data = (__u64)((struct unified_io_region___memory *)r)->kaddr + setup.data;
	bpf_unified_region_put(r);
}

__noinline int start(RING)
{
	__u32 i = zero;

	while (i < SPARE_COMMAND && may_go_on()) {
		*element(free_commands, i) = i;
		i++;
	}
	nr_free = i;
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

		if ((s->flags & (S_USED | S_ENDING)) == S_USED) {
			s->flags |= S_ENDING;
			stream_wait(s, i);
		}
		i++;
	}
	return 0;
}

SEC("struct_ops.s/loop_step")
int BPF_PROG(ingest_step, struct iou_ctx *ring, struct iou_loop_params *params)
{
	__u8 *cq = bpf_io_uring_get_region(ring, IOU_REGION_CQ, setup.cq_size);
	__u8 *mem = region_memory(ring);
	__u32 head, done;
	bool again = false;

	if (!cq || !mem) {
		broken(-EFAULT);
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
	if (*(volatile __u32 *)&control.drain)
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
	if (sq_filled && stats.end != LOOP_BROKEN)
		sq_submit(ring);
	if (draining && !stats.streams && stats.end == LOOP_RUNNING)
		stats.end = draining;
	if (stats.end != LOOP_RUNNING || stats.flush || stats.grow)
		return IOU_LOOP_STOP;
	params->cq_wait_idx = head + !again;
	return IOU_LOOP_CONTINUE;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops ingest = {
	.loop_step = (void *)ingest_step,
};

char _license[] SEC("license") = "GPL";
