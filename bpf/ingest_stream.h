/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For ingest.bpf.c: streams. What arrives is added to a stream's open command; a
 * command that is full goes to blocks of its own, and what is behind its last
 * whole block begins the next one.
 */
#ifndef INGEST_STREAM_H
#define INGEST_STREAM_H

#include "loop/commands.h"

/* --- how things end ------------------------------------------------------------------ */

/* In line, to be armed or ended when the completions of this step were seen. */
static __always_inline void stream_wait(struct stream *s, __u32 index)
{
	if (s->flags & S_WAITING)
		return;
	s->flags |= S_WAITING;
	*element(waiting, nr_waiting++) = index;
}

/* The stream ends, with an error. What of it is stored stays so. */
static __always_inline void stream_error(struct stream *s, __u32 index, __s32 error)
{
	if (!s->error) {
		s->error = error;
		stats.failed++;
	}
	s->flags |= S_ENDING;
	stream_wait(s, index);
}

static __always_inline __u64 stream_bytes(const struct stream *s)
{
	return s->before + s->got - s->dropped;
}

/* --- blocks of the targets ------------------------------------------------------------- */

__noinline int report_extent(__u32 index)
{
	struct stream *s = stream_at(index);
	struct loop_event e = {
		.type = LOOP_EVENT_EXTENT,
		.index = index,
		.id = element(peers, index)->id,
		.lba = s->extent,
		.bytes = s->in_extent,
		.targets = s->targets,
	};

	if (s->in_extent && bpf_ringbuf_output(&events, &e, sizeof(e), 0))
		stats.events_lost++;
	s->in_extent = 0;
	return 0;
}

/*
 * Blocks that are free on all of the targets, at least as many as asked for, less
 * those that a stream has left if they directly follow: an extent, or less when
 * there are not many left, so that streams do not run out of blocks that others
 * have and do not need.
 */
static __always_inline int space_take(__u32 targets, const struct stream *s, __u32 blocks,
				      __u64 *start, __u64 *end)
{
	__u32 key = 0, i;
	struct loop_space *sp = bpf_map_lookup_elem(&space, &key);
	__u64 from = 0, to = ~0ULL, want;

	if (!sp)
		return -ENOSPC;
	bpf_spin_lock(&sp->lock);
	for (i = 0; i < 32; i++) {
		if (!(targets & (1U << i)))
			continue;
		if (sp->next[i] > from)
			from = sp->next[i];
		if (sp->end[i] < to)
			to = sp->end[i];
	}
	if (from > to)
		from = to;
	if (from == s->lba_end)
		blocks -= s->lba_end - s->lba;
	want = (to - from) / (2 * setup.queues * (stats.streams ?: 1));
	if (want > setup.extent)
		want = setup.extent;
	if (want < blocks)
		want = blocks;
	if (to - from > want)
		to = from + want;
	if (to - from >= blocks)
		for (i = 0; i < 32; i++)
			if (targets & (1U << i))
				sp->next[i] = to;
	bpf_spin_unlock(&sp->lock);
	*start = from;
	*end = to;
	return to - from >= blocks ? 0 : -ENOSPC;
}

/* What a stream took and did not use, unless somebody has taken what is behind it. */
__noinline int space_return(__u32 index)
{
	struct stream *s = stream_at(index);
	struct loop_space *sp;
	__u32 key = 0, i;

	sp = bpf_map_lookup_elem(&space, &key);
	if (!sp)
		return 0;
	bpf_spin_lock(&sp->lock);
	for (i = 0; i < 32; i++)
		if (s->targets & (1U << i) && sp->next[i] == s->lba_end)
			sp->next[i] = s->lba;
	bpf_spin_unlock(&sp->lock);
	return 0;
}

/* So many blocks from s->lba on. */
__noinline int stream_reserve(__u32 index, __u32 blocks)
{
	struct stream *s = stream_at(index);
	__u64 start = 0, end = 0;
	int ret;

	ret = space_take(s->targets, s, blocks, &start, &end);
	if (ret)
		return ret;
	/* Where it goes on without a gap it is the same extent. */
	if (!s->lba_end || start != s->lba_end) {
		report_extent(index);
		s->extent = start;
		s->lba = start;
	}
	s->lba_end = end;
	return 0;
}

/* --- the open command goes --------------------------------------------------------------- */

/* Another one takes its place; what it holds is let go of, written or not. */
static __always_inline void stream_next(struct stream *s, __u32 index)
{
	__u32 k = s->command;

	s->command = command_new(index);
	command_release(k);
}

/*
 * As much of it as is whole blocks. Unless it must, or none came for long, up to an
 * end only from which the next command can go on without a copy: devices want a
 * multiple of 4.
 */
__noinline int stream_write(RING, __u32 index, __u32 must)
{
	struct stream *s = stream_at(index);
	__u32 k = s->command, next, cut, blocks;
	struct command *c = command_at(k);
	__u8 *mem = region_memory(ring);

	cut = c->bytes & ((1U << setup.block_shift) - 1);
	if (!mem || cut == c->bytes)
		return 0;
	if (!must && cut && ((c->end - cut) & 3) && c->bytes < 2 * setup.command_bytes)
		return 0;
	blocks = (c->bytes - cut) >> setup.block_shift;
	if (s->lba + blocks > s->lba_end && stream_reserve(index, blocks)) {
		s->flags |= S_FULL;
		stream_error(s, index, -ENOSPC);
		loop_end(LOOP_FULL, -ENOSPC);
		return 0;
	}
	next = command_new(index);
	s->command = next;
	if (cut)
		command_cut(ring, k, next, cut);
	fragment_at(mem, k, c->nr_frags - 1)->len = c->last;
	c->lba = s->lba;
	s->lba += blocks;
	s->in_extent += c->bytes - c->padded;
	s->under_way++;
	stats.under_way++;
	stats.commands++;
	stats.segments += c->nr_frags;
	return command_issue(ring, k);
}

/* Zeroes up to the end of the block; the stream has ended. */
static __always_inline void stream_pad(struct iou_ctx *ring, struct stream *s)
{
	struct command *c = command_at(s->command);
	__u32 pad = -c->bytes & ((1U << setup.block_shift) - 1);
	__u8 *mem = region_memory(ring);

	if (!pad || !mem)
		return;
	command_add(mem, c, s->command, setup.zeroes, pad);
	c->padded = pad;
}

/*
 * Bytes from an address to behind the first n of a staging block. What arrived is
 * beyond what a program may address and is read as the kernel's memory.
 */
static __always_inline __u32 stage(__u8 *mem, __u64 to, __u32 n, __u64 from, __u32 len)
{
	__u32 at = n & 4095, room = 4096 - at;

	if (len > room)
		len = room;
	if (bpf_probe_read_kernel(mem + setup.data + to + at, len, (void *)(region_data + from)))
		broken(-EFAULT);
	return at + len;
}

/* Less than a block, of so many fragments: copied, so that their buffers go back. */
__noinline int stream_compact(RING, __u32 index)
{
	struct stream *s = stream_at(index);
	__u32 k = s->command, next, n, i = zero;
	struct command *c = command_at(k);
	__u8 *mem = region_memory(ring);
	__u64 to;

	if (!mem || c->bytes >> setup.block_shift)
		return 0;
	next = command_new(index);
	to = staging_of(next);
	n = stage(mem, to, zero, staging_of(k), c->staged);
	while (i < c->nr_refs && may_go_on()) {
		__u64 ref = *ref_at(k, i++);

		n = stage(mem, to, n, REF_ADDR(ref), REF_LEN(ref));
	}
	stats.copied[LOOP_COPY_SMALL] += n - c->staged;
	if (n != c->staged && setup.require_zero_copy)
		loop_end(LOOP_COPIED, LOOP_COPY_SMALL);
	command_at(next)->staged = n;
	if (n)
		command_add(mem, command_at(next), next, to, n);
	s->command = next;
	/* If it shares a buffer with one that is under way, it waits for that. */
	command_release(k);
	return 0;
}

/* The open command holds what others need: more than a few pieces without a block. */
__noinline int stream_flush(RING, __u32 index, __u32 few)
{
	struct stream *s = stream_at(index);

	if (nr_free < LOOP_COMMANDS / 4)
		return 0;
	/* What is written gives buffers back, and what is left of it may be few. */
	if (command_at(s->command)->bytes >> setup.block_shift) {
		stats.flushed++;
		return stream_write(ring, index, 1);
	}
	if (command_at(s->command)->nr_refs > few)
		stream_compact(ring, index);
	return 0;
}

/* --- policies ------------------------------------------------------------------------------- */

/*
 * Is this to be stored? Where to is settled when it is asked for the first time.
 * Without data: may a stream that was paused go on?
 */
__noinline bool stream_ask(__u32 index, __u64 addr, __u32 len)
{
	const struct loop_peer *peer = element(peers, index);
	struct stream *s = stream_at(index);
	struct unified_io_region *r;
	struct unified_rx rx = {};
	__s32 verdict;

	rx.addr = addr;
	rx.len = len;
	rx.targets = s->targets;
	rx.stream.id = peer->id;
	rx.stream.bytes = s->before + s->got - len;
	rx.stream.queue = peer->queue;
	rx.stream.family = peer->family;
	rx.stream.local_port = peer->local_port;
	rx.stream.remote_port = peer->remote_port;
	__builtin_memcpy(rx.stream.local, peer->local, sizeof(peer->local));
	__builtin_memcpy(rx.stream.remote, peer->remote, sizeof(peer->remote));
	r = bpf_unified_region_get(setup.region);
	if (!r)
		return true;
	verdict = bpf_unified_rx(r, &rx, sizeof(rx));
	bpf_unified_region_put(r);

	s->flags &= ~(S_PAUSED | S_PER_FRAGMENT);
	if (rx.flags & UNIFIED_RX_PER_FRAGMENT)
		s->flags |= S_PER_FRAGMENT;
	if (s->flags & S_NEW && verdict >= 0) {
		s->flags &= ~S_NEW;
		if (rx.targets & ~setup.targets)
			verdict = -ENODEV;
		else
			s->targets = rx.targets ?: 1;
		s->desc_flags = rx.flags & UNIFIED_RX_FUA ? DESC_FUA : 0;
	}
	if (verdict == UNIFIED_RETRY) {
		s->flags |= S_PAUSED;
		stats.paused++;
		stream_wait(s, index);
	}
	if (verdict < 0)
		stream_error(s, index, verdict);
	if (verdict < 0 || (verdict == UNIFIED_DROP && !(s->flags & S_PER_FRAGMENT)))
		s->flags |= S_DROP;
	return verdict >= 0 && verdict != UNIFIED_DROP;
}

/* --- data ---------------------------------------------------------------------------------------- */

/* True: the fragment is not stored, only its buffer is to go back. */
__noinline bool stream_refuses(__u32 index, __u64 addr, __u32 len)
{
	struct stream *s = stream_at(index);
	__u32 k;

	if (s->flags & S_FULL) {
		s->lost += len;
		stats.lost += len;
	} else if (!(s->flags & S_DROP) && stream_ask(index, addr, len)) {
		return false;
	} else {
		s->dropped += len;
		stats.dropped += len;
	}
	/* Not with data that waits for more of it, as long as there are commands. */
	k = s->command;
	if (command_at(k)->bytes && !commands_are_few()) {
		k = command_new(index);
		command_add_ref(command_at(k), k, addr, 0);
		command_release(k);
		return true;
	}
	command_add_ref(command_at(k), k, addr, 0);
	if (!command_at(k)->bytes && command_at(k)->nr_refs >= LOOP_FEW)
		stream_next(s, index);
	return true;
}

/* The open command can hold no more, or need not. */
__noinline int stream_full(RING, __u32 index)
{
	struct stream *s = stream_at(index);

	stream_write(ring, index, command_at(s->command)->nr_refs >= PIECES_MAX);
	if (command_at(s->command)->nr_refs >= PIECES_MAX)
		stream_compact(ring, index);
	if (commands_are_few())
		stream_wait(s, index);
	return 0;
}

static __always_inline void stream_receive(struct iou_ctx *ring, __u8 *mem, __u32 index, __u64 addr,
					   __u32 len)
{
	struct stream *s = stream_at(index);
	__u32 k = s->command;
	struct command *c = command_at(k);

	s->got += len;
	s->taken++;
	if (!(s->flags & S_SLOW) || !stream_refuses(index, addr, len)) {
		command_add(mem, c, k, addr, len);
		command_add_ref(c, k, addr, len);
	} else {
		c = command_at(s->command);
	}
	if (c->bytes < setup.command_bytes && c->nr_frags < setup.command_frags &&
	    c->nr_refs < PIECES_FULL)
		return;
	stream_full(ring, index);
}

/* --- a receive begins ------------------------------------------------------------------------------ */

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

static __always_inline bool slot_take(struct stream *s, __u32 index)
{
	struct unified_io_region *r = bpf_unified_region_get(setup.region);
	__s64 handle;

	if (!r)
		return false;
	handle = bpf_unified_buffer_alloc(r, element(peers, index)->id);
	if (handle >= 0)
		s->slot = bpf_unified_buffer_addr(r, handle);
	bpf_unified_region_put(r);
	if (handle < 0) {
		stats.no_buffers++;
		return false;
	}
	*element(slot_generations, handle) = handle >> 32;
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
	stream_at(index)->flags |= S_CANCELLED;
	return 0;
}

/* --- a receive ends ---------------------------------------------------------------------------------- */

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
	stream_receive(ring, mem, index, s->slot, fill);
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
		if (!setup.zcrx || s->got != s->credit)
			s->flags |= S_ENDING;
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
		else if (++s->starved >= STARVED)
			stream_error(s, index, res);
		break;
	case EINTR:
		break;
	case ECANCELED:
		if (s->flags & S_CANCELLED)
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
	s->flags &= ~(S_ARMED | S_CANCELLED);
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
	if (s->fill && (res <= 0 || s->fill == setup.slot_size || s->flags & S_CANCELLED))
		slot_full(ring, index);
	if (res <= 0)
		return receive_ended(index, res);
	s->before += s->got;
	s->got = 0;
	s->flags &= ~(S_ARMED | S_CANCELLED);
	stream_wait(s, index);
	return 0;
}

/* --- and a stream ---------------------------------------------------------------------------------------- */

/* What is left of it is written, and when that is done its file slot is closed. */
static __always_inline bool stream_end(struct iou_ctx *ring, struct stream *s, __u32 index)
{
	struct io_uring_sqe *sqe;
	struct command *c;

	if (s->flags & S_CLOSING)
		return true;
	slot_full(ring, index);
	if (command_at(s->command)->bytes) {
		stream_pad(ring, s);
		stream_write(ring, index, 1);
	}
	c = command_at(s->command);
	if (c->bytes) {
		/* There was no room for it. */
		s->lost += c->bytes - c->padded;
		stats.lost += c->bytes - c->padded;
	}
	if (c->bytes || c->nr_refs)
		stream_next(s, index);
	if (s->under_way || s->taken != s->given)
		return false;
	sqe = sq_entry(ring);
	if (!sqe)
		return false;
	sqe->opcode = IORING_OP_CLOSE;
	sqe->file_index = LOOP_FIRST_FILE + index + 1;
	sqe->user_data = LOOP_TAG(LOOP_CLOSE, index);
	report_extent(index);
	space_return(index);
	s->flags |= S_CLOSING;
	return true;
}

/*
 * How many references a stream may hold. NICs may put several payloads into one
 * buffer: then there are more of them than buffers.
 */
static __always_inline __u32 stream_share(void)
{
	__u64 refs = (__u64)setup.budget * (nr_areas ?: 1);

	if (refs > setup.budget_most)
		refs = setup.budget_most;
	if (stats.packed)
		refs = refs * stats.receives / (stats.receives - stats.packed ?: 1);
	if (refs > LOOP_COMMANDS * 32)
		refs = LOOP_COMMANDS * 32;
	refs /= stats.streams ?: 1;
	return refs < 4 ? 4 : refs;
}

/* A stream in line. False: it stays there. */
__noinline bool stream_arm(RING, __u32 index)
{
	__u32 share = stream_share(), held, room;
	struct stream *s = stream_at(index);

	if (!(s->flags & S_USED))
		return true;
	if (draining)
		s->flags |= S_ENDING;
	if (s->flags & S_ARMED) {
		if ((s->flags & (S_ENDING | S_PAUSED) || commands_are_few()) &&
		    !(s->flags & S_CANCELLED))
			stream_cancel(ring, index);
		return true;
	}
	if (s->flags & S_ENDING)
		return stream_end(ring, s, index);
	if (s->flags & (S_PAUSED | S_LATER))
		return false;
	held = s->taken - s->given;
	room = held < share ? share - held : 0;
	if (room < (share + 3) / 4 || commands_are_few()) {
		stats.waits++;
		/* What it holds and nobody writes must go first. */
		if (!s->under_way)
			stream_flush(ring, index, 0);
		return false;
	}
	if (!(setup.zcrx ? arm_zcrx(ring, s, index, room) : arm_recv(ring, index)))
		return false;
	s->taken_then = s->taken;
	s->flags |= S_ARMED;
	stats.arms++;
	return true;
}

__noinline int stream_open(__u32 index)
{
	struct stream *s = stream_at(index);

	if (s->flags & S_USED) {
		broken(index);
		return 0;
	}
	__builtin_memset(s, 0, sizeof(*s));
	s->flags = S_USED | S_NEW;
	s->targets = 1;
	/* Little, until it is known how the sender writes. */
	s->per_buffer = 256;
	s->command = command_new(index);
	stats.opened++;
	stats.streams++;
	stream_wait(s, index);
	return 0;
}

/* Its file slot is closed. Told later, at a tick, if there is no room for it now. */
__noinline int stream_closed(__u32 index)
{
	struct stream *s = stream_at(index);
	struct loop_event e = {
		.type = LOOP_EVENT_CLOSED,
		.index = index,
		.id = element(peers, index)->id,
		.bytes = stream_bytes(s),
		.dropped = s->dropped,
		.lost = s->lost,
		.targets = s->targets,
		.error = s->error,
	};

	s->flags |= S_CLOSED;
	if (bpf_ringbuf_output(&events, &e, sizeof(e), 0))
		return 0;
	command_release(s->command);
	s->flags = 0;
	stats.streams--;
	stats.closed++;
	return 0;
}

#endif
