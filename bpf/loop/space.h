/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of the targets: each stream takes some that nobody has, and gives back
 * what it did not need. All loops of a pipeline take from the same, which has a lock.
 *
 * Behind a target's "next" all are free. What is given back is in front of that, as a
 * range of one set of targets: it is joined with the ranges of that set beside it, and
 * streams of that set get it. Only so many ranges are remembered; where there are more,
 * the smallest is given up.
 */
#ifndef LOOP_SPACE_H
#define LOOP_SPACE_H

#include "loop/ring.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct loop_space);
} space SEC(".maps");

/* --- ranges that were given back; with the lock ----------------------------------- */

static __always_inline void range_remove(struct loop_space *sp, __u32 i)
{
	__u32 last = sp->nr_ranges - 1;

	*element(sp->ranges, i) = *element(sp->ranges, last);
	sp->nr_ranges = last;
}

static __always_inline void range_add(struct loop_space *sp, __u32 targets, __u64 lba, __u64 end)
{
	__u64 least = end - lba;
	__u32 i = zero, to = LOOP_RANGES;

	while (i < sp->nr_ranges && i < LOOP_RANGES && may_go_on()) {
		struct loop_range *r = element(sp->ranges, i);

		if (r->targets == targets && (r->lba == end || r->lba + r->blocks == lba)) {
			if (r->lba == end)
				end += r->blocks;
			else
				lba = r->lba;
			least = end - lba;
			range_remove(sp, i);
			/* It may have others beside it now. */
			i = zero;
			to = LOOP_RANGES;
			continue;
		}
		if (r->blocks < least) {
			least = r->blocks;
			to = i;
		}
		i++;
	}
	/* Where it ends at a target's next, it is not in front of that any more. */
	for (i = zero; i < 32 && may_go_on(); i++) {
		__u32 bit = 1U << (i & 31);
		__u64 *next = element(sp->next, i);

		if (!(targets & bit) || *next != end)
			continue;
		*next = lba;
		targets &= ~bit;
	}
	if (!targets)
		return;
	if (sp->nr_ranges < LOOP_RANGES)
		to = sp->nr_ranges++;
	if (to < LOOP_RANGES)
		*element(sp->ranges, to) = (struct loop_range){
			.lba = lba,
			.blocks = end - lba,
			.targets = targets,
		};
}

/* The range that begins at an address; the first one of so many blocks. */
static __always_inline __u32 range_at(struct loop_space *sp, __u32 targets, __u64 lba)
{
	__u32 i = zero;

	while (i < sp->nr_ranges && i < LOOP_RANGES && may_go_on()) {
		const struct loop_range *r = element(sp->ranges, i);

		if (r->targets == targets && r->lba == lba)
			return i;
		i++;
	}
	return LOOP_RANGES;
}

static __always_inline __u32 range_of(struct loop_space *sp, __u32 targets, __u64 blocks)
{
	__u32 i = zero;

	while (i < sp->nr_ranges && i < LOOP_RANGES && may_go_on()) {
		const struct loop_range *r = element(sp->ranges, i);

		if (r->targets == targets && r->blocks >= blocks)
			return i;
		i++;
	}
	return LOOP_RANGES;
}

/* The one with so many blocks from lba on. */
static __always_inline __u32 range_around(struct loop_space *sp, __u32 targets, __u64 lba,
					  __u64 blocks)
{
	__u32 i = zero;

	while (i < sp->nr_ranges && i < LOOP_RANGES && may_go_on()) {
		const struct loop_range *r = element(sp->ranges, i);

		if (r->targets == targets && lba >= r->lba && lba - r->lba < r->blocks &&
		    r->blocks - (lba - r->lba) >= blocks)
			return i;
		i++;
	}
	return LOOP_RANGES;
}

/* --- what nobody ever had; with the lock ------------------------------------------- */

/* From where on all of the targets have blocks, and up to where. */
static __always_inline void space_left(const struct loop_space *sp, __u32 targets, __u64 *from,
				       __u64 *to)
{
	__u32 i;

	*from = 0;
	*to = ~0ULL;
	for (i = 0; i < 32; i++) {
		if (!(targets & (1U << i)))
			continue;
		if (sp->next[i] > *from)
			*from = sp->next[i];
		if (sp->end[i] < *to)
			*to = sp->end[i];
	}
	if (*from > *to)
		*from = *to;
}

/* A target whose next is in front of from keeps what lies between, as a range. */
static __always_inline void space_advance(struct loop_space *sp, __u32 targets, __u64 from,
					  __u64 to)
{
	__u32 i = zero;

	while (i < 32 && may_go_on()) {
		__u32 bit = 1U << (i & 31);
		__u64 *next = element(sp->next, i);

		if (targets & bit) {
			if (*next < from)
				range_add(sp, bit, *next, from);
			*next = to;
		}
		i++;
	}
}

/* --- for streams ------------------------------------------------------------------------ */

/*
 * So many blocks that are free on all of the targets, or more, up to what the stream
 * wants and to its share of what is left. It has those from lba to lba_end, and less are
 * needed if what it gets directly follows: then it is the same extent. Else all that it
 * wants is looked for in one piece, and what it needs only where that is not to be had.
 */
static __always_inline int space_take(__u32 targets, __u64 lba, __u64 lba_end, __u64 blocks,
				      __u64 want, __u64 *start, __u64 *end)
{
	__u64 from, to, share, least = blocks - (lba_end - lba);
	__u32 key = 0, i;
	struct loop_space *sp = bpf_map_lookup_elem(&space, &key);
	struct loop_range *r;
	bool in_range;

	if (!sp)
		return -ENOSPC;
	bpf_spin_lock(&sp->lock);
	space_left(sp, targets, &from, &to);
	share = (to - from) / (2 * setup.queues * (stats.streams ?: 1));
	if (want > share)
		want = share;
	if (want < blocks)
		want = blocks;
	i = range_at(sp, targets, lba_end);
	r = element(sp->ranges, i);
	in_range = i < LOOP_RANGES && r->blocks >= least;
	if (!in_range && !(from == lba_end && to - from >= least)) {
		i = range_of(sp, targets, want);
		if (i == LOOP_RANGES && to - from < want)
			i = range_of(sp, targets, blocks);
		in_range = i < LOOP_RANGES;
		r = element(sp->ranges, i);
	}
	if (in_range) {
		if (want > r->blocks)
			want = r->blocks;
		*start = r->lba;
		*end = r->lba + want;
		r->lba += want;
		r->blocks -= want;
		if (!r->blocks)
			range_remove(sp, i);
		goto out;
	}
	if (from == lba_end)
		blocks = least;
	if (to - from > want)
		to = from + want;
	*start = from;
	*end = to;
	if (to - from >= blocks)
		space_advance(sp, targets, from, to);
out:
	bpf_spin_unlock(&sp->lock);
	return *end - *start >= (*start == lba_end ? least : blocks) ? 0 : -ENOSPC;
}

/*
 * The same from a block on that somebody chose, if so many are free there: what is behind
 * them. Else -EADDRINUSE, or -ERANGE where the targets have no such blocks.
 */
__noinline __s64 space_take_at(__u32 targets, __u64 lba, __u64 blocks, __u64 want)
{
	__s64 ret = -EADDRINUSE;
	__u64 from, to;
	__u32 key = 0, i;
	struct loop_space *sp = bpf_map_lookup_elem(&space, &key);
	struct loop_range *r;

	if (!sp)
		return -ENOSPC;
	if (want < blocks)
		want = blocks;
	bpf_spin_lock(&sp->lock);
	space_left(sp, targets, &from, &to);
	i = range_around(sp, targets, lba, blocks);
	if (lba >= from && (lba > to || to - lba < blocks)) {
		ret = -ERANGE;
	} else if (lba >= from) {
		ret = to - lba < want ? to : lba + want;
		space_advance(sp, targets, lba, ret);
	} else if (i < LOOP_RANGES) {
		/* All that is behind it there: it gives back what it does not need. */
		r = element(sp->ranges, i);
		ret = r->lba + r->blocks;
		r->blocks = lba - r->lba;
		if (!r->blocks)
			range_remove(sp, i);
	}
	bpf_spin_unlock(&sp->lock);
	return ret;
}

/* Nobody needs those from lba to lba_end. */
__noinline int space_return(__u32 targets, __u64 lba, __u64 lba_end)
{
	struct loop_space *sp;
	__u32 key = 0;

	sp = bpf_map_lookup_elem(&space, &key);
	if (!sp || lba == lba_end)
		return 0;
	bpf_spin_lock(&sp->lock);
	range_add(sp, targets, lba, lba_end);
	bpf_spin_unlock(&sp->lock);
	return 0;
}

#endif
