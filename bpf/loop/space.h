/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of the targets: each stream takes some that nobody has, and gives back
 * what it did not need. All loops of a pipeline take from the same, which has a lock.
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

/*
 * Blocks that are free on all of the targets, at least as many as asked for, less
 * those from lba to lba_end that a stream has left if they directly follow: an
 * extent, or less when there are not many left, so that streams do not run out of
 * blocks that others have and do not need.
 */
static __always_inline int space_take(__u32 targets, __u64 lba, __u64 lba_end, __u32 blocks,
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
	if (from == lba_end)
		blocks -= lba_end - lba;
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

/* From lba on, unless somebody has taken what is behind lba_end. */
__noinline int space_return(__u32 targets, __u64 lba, __u64 lba_end)
{
	struct loop_space *sp;
	__u32 key = 0, i;

	sp = bpf_map_lookup_elem(&space, &key);
	if (!sp)
		return 0;
	bpf_spin_lock(&sp->lock);
	for (i = 0; i < 32; i++)
		if (targets & (1U << i) && sp->next[i] == lba_end)
			sp->next[i] = lba;
	bpf_spin_unlock(&sp->lock);
	return 0;
}

#endif
