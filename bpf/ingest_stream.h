/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For ingest.bpf.c: what becomes of a stream. What arrives is added to its open
 * command; a command that is full goes to blocks of its own, and what is behind its
 * last whole block begins the next one.
 */
#ifndef INGEST_STREAM_H
#define INGEST_STREAM_H

#include "ingest.h"
#include "loop/receive.h"
#include "loop/space.h"

const volatile struct ingest_config own_setup;
struct ingest_stats own_stats;

/* Its targets are full. */
#define S_FULL S_OWN
/* Of these, each fragment is looked at. */
#define S_SLOW (S_DROP | S_FULL | S_NEW | S_PER_FRAGMENT)

/* Where a stream goes, beside what every pipeline knows of it. */
struct place {
	__u64 lba;	 /* of the next command */
	__u64 lba_end;	 /* of the extent */
	__u64 extent;	 /* where it began */
	__u64 in_extent; /* bytes */
	__u64 taken;	 /* blocks, ever */
};

PRIVATE struct place places[LOOP_STREAMS];

static __always_inline struct place *place_at(__u32 index)
{
	return element(places, index);
}

/* --- blocks of the targets ------------------------------------------------------------- */

__noinline int report_extent(__u32 index)
{
	const struct stream *s = stream_at(index);
	struct place *p = place_at(index);
	struct loop_event e = {
		.type = LOOP_EVENT_EXTENT,
		.index = index,
		.id = element(peers, index)->id,
		.lba = p->extent,
		.bytes = p->in_extent,
		.targets = s->targets,
	};

	if (p->in_extent && !event_send(&e))
		broken(-ENOBUFS);
	p->in_extent = 0;
	return 0;
}

/*
 * So many blocks from its lba on, or more: as many as it has taken already. A short
 * stream takes what it needs, and a long one has few extents.
 */
__noinline int stream_reserve(__u32 index, __u32 blocks)
{
	const struct stream *s = stream_at(index);
	struct place *p = place_at(index);
	__u32 targets = s->targets;
	__u64 start = 0, end = 0, want = p->taken;
	int ret;

	if (want < own_setup.reserve)
		want = own_setup.reserve;
	if (want > own_setup.extent)
		want = own_setup.extent;
	if (!p->taken && s->lba != UNIFIED_ANY_LBA) {
		start = s->lba;
		end = space_take_at(targets, start, blocks, want);
		ret = (__s64)end < 0 ? end : 0;
	} else {
		ret = space_take(targets, p->lba, p->lba_end, blocks, want, &start, &end);
	}
	if (ret)
		return ret;
	/* Where it goes on without a gap it is the same extent. */
	if (!p->lba_end || start != p->lba_end) {
		report_extent(index);
		space_return(targets, p->lba, p->lba_end);
		p->extent = start;
		p->lba = start;
	}
	p->taken += end - start;
	p->lba_end = end;
	return 0;
}

/* --- the beginning, of which a policy wants to see more at once ----------------------------- */

/* Bytes that nobody wants, or that go nowhere. */
static __always_inline void stream_count_refused(struct stream *s, __u32 bytes)
{
	if (s->flags & S_FULL) {
		s->lost += bytes;
		own_stats.lost += bytes;
	} else {
		s->dropped += bytes;
		own_stats.dropped += bytes;
	}
}

/*
 * The first bytes, of which a policy wants to see more at once than came at once: they
 * are held in one piece until they are enough. How many of these are stored as they lie:
 * those behind them, if they are wanted.
 */
__noinline __u32 stream_hold(RING, __u32 index, __u64 addr, __u32 len)
{
	struct stream *s = stream_at(index);
	struct command *c = command_at(s->command);
	__u32 tries = zero, held = 0;

	while (s->more && may_go_on()) {
		held += command_hold(ring, s->command, addr + held, len - held, s->more);
		if (c->staged < s->more)
			return 0;
		/* It is refused to be asked for ever. */
		if (!stream_ask(index, staging_of(s->command), c->staged, len - held, tries++ > 8)) {
			stream_count_refused(s, c->staged + len - held);
			command_empty(c);
			return 0;
		}
	}
	return len - held;
}

/* There will be no more of what is held: it is decided now. */
__noinline int stream_settle(__u32 index)
{
	struct stream *s = stream_at(index);
	struct command *c = command_at(s->command);

	if (!s->more || stream_ask(index, staging_of(s->command), c->staged, 0, 1))
		return 0;
	stream_count_refused(s, c->staged);
	command_empty(c);
	return 0;
}

/* --- the open command goes --------------------------------------------------------------- */

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
	struct place *p = place_at(index);
	__u8 *mem = region_memory(ring);
	int ret;

	cut = c->bytes & ((1U << own_setup.block_shift) - 1);
	if (!mem || cut == c->bytes)
		return 0;
	if (!must && cut && (command_cut_at(k, cut) & 3) && c->bytes < 2 * own_setup.command_bytes)
		return 0;
	blocks = (c->bytes - cut) >> own_setup.block_shift;
	ret = p->lba + blocks > p->lba_end ? stream_reserve(index, blocks) : 0;
	if (ret) {
		s->flags |= S_FULL;
		stream_error(s, index, ret);
		/* Others may go to targets that have room. */
		if (ret == -ENOSPC && own_setup.on_error != INGEST_DROP)
			loop_end(LOOP_FULL, ret);
		return 0;
	}
	next = command_new(index);
	s->command = next;
	if (cut)
		command_cut(ring, k, next, cut);
	fragment_at(mem, k, c->nr_frags - 1)->len = c->last;
	c->lba = p->lba;
	c->targets = s->targets;
	c->flags = DESC_WRITE | DESC_OPTIONS | s->desc_flags;
	p->lba += blocks;
	p->in_extent += c->bytes - c->padded;
	s->under_way++;
	stats.under_way++;
	own_stats.commands++;
	own_stats.segments += c->nr_frags;
	return command_issue(ring, k);
}

/* Zeroes up to the end of the block; the stream has ended. */
static __always_inline void stream_pad(struct iou_ctx *ring, struct stream *s)
{
	struct command *c = command_at(s->command);
	__u32 pad = -c->bytes & ((1U << own_setup.block_shift) - 1);
	__u8 *mem = region_memory(ring);

	if (!pad || !mem)
		return;
	command_add(mem, c, s->command, setup.zeroes, pad);
	c->padded = pad;
}

/* Less than a block, of so many fragments: copied, so that their buffers go back. */
__noinline int stream_compact(RING, __u32 index)
{
	struct stream *s = stream_at(index);
	__u32 k = s->command, next;

	if (command_at(k)->bytes >> own_setup.block_shift)
		return 0;
	next = command_new(index);
	command_compact(ring, k, next);
	s->command = next;
	/* If it shares a buffer with one that is under way, it waits for that. */
	command_release(k);
	return 0;
}

/* The open command holds what others need: more than a few pieces without a block. */
__noinline int stream_flush(RING, __u32 index, __u32 few)
{
	struct stream *s = stream_at(index);

	stream_settle(index);
	if (nr_free < LOOP_COMMANDS / 4)
		return 0;
	/* What is written gives buffers back, and what is left of it may be few. */
	if (command_at(s->command)->bytes >> own_setup.block_shift) {
		own_stats.flushed++;
		return stream_write(ring, index, 1);
	}
	if (command_at(s->command)->nr_refs > few)
		stream_compact(ring, index);
	return 0;
}

/* --- data -------------------------------------------------------------------------------- */

/* The buffer of a fragment that is not stored, or of which nothing is where it arrived. */
static __always_inline void stream_add_ref(struct stream *s, __u32 index, __u64 addr)
{
	__u32 k = s->command;

	/* Not with data that waits for more of it, as long as there are commands. */
	if (command_at(k)->bytes && !commands_are_few()) {
		k = command_new(index);
		command_add_ref(command_at(k), k, addr, 0);
		command_release(k);
		return;
	}
	command_add_ref(command_at(k), k, addr, 0);
	if (!command_at(k)->bytes && command_at(k)->nr_refs >= LOOP_FEW)
		stream_next(s, index);
}

/* A fragment that is looked at. How many of its last bytes are stored as they lie. */
__noinline __u32 stream_look(RING, __u32 index, __u64 addr, __u32 len)
{
	struct stream *s = stream_at(index);
	__u32 rest = len;

	if (s->flags & (S_FULL | S_DROP) || (!s->more && !stream_ask(index, addr, len, 0, 0))) {
		stream_count_refused(s, len);
		rest = 0;
	} else if (s->more) {
		rest = stream_hold(ring, index, addr, len);
	}
	if (!rest)
		stream_add_ref(s, index, addr);
	return rest;
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

static __always_inline void pipeline_data(struct iou_ctx *ring, __u8 *mem, struct stream *s,
					  __u32 index, __u64 addr, __u32 len)
{
	__u32 rest = s->flags & S_SLOW ? stream_look(ring, index, addr, len) : len;
	__u32 k = s->command;
	struct command *c = command_at(k);

	if (rest) {
		command_add(mem, c, k, addr + len - rest, rest);
		command_add_ref(c, k, addr + len - rest, rest);
	}
	if (c->bytes < own_setup.command_bytes && c->nr_frags < own_setup.command_frags &&
	    c->nr_refs < PIECES_FULL)
		return;
	stream_full(ring, index);
}

static __always_inline void pipeline_flush(struct iou_ctx *ring, __u32 index, __u32 few)
{
	stream_flush(ring, index, few);
}

/* --- its end ------------------------------------------------------------------------------ */

static __always_inline void pipeline_end(struct iou_ctx *ring, __u32 index)
{
	struct stream *s = stream_at(index);
	const struct command *c;

	stream_settle(index);
	if (command_at(s->command)->bytes) {
		stream_pad(ring, s);
		stream_write(ring, index, 1);
	}
	c = command_at(s->command);
	if (c->bytes) {
		/* There was no room for it. */
		s->lost += c->bytes - c->padded;
		own_stats.lost += c->bytes - c->padded;
	}
}

static __always_inline void pipeline_close(__u32 index)
{
	struct place *p = place_at(index);

	report_extent(index);
	space_return(stream_at(index)->targets, p->lba, p->lba_end);
	*p = (struct place){};
}

#endif
