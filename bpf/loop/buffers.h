/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The buffers that data is received into: areas of the NIC's, or slots that the
 * module hands out; how they go back when the commands that hold them are done.
 */
#ifndef LOOP_BUFFERS_H
#define LOOP_BUFFERS_H

#include "loop/streams.h"

PRIVATE __u64 niovs[LOOP_AREAS]; /* of each area, in the kernel; 0: cannot be seen */
PRIVATE __u32 nr_areas;
PRIVATE __u32 slot_generations[LOOP_MAX_SLOTS]; /* of the slots that are held */

/* --- areas ------------------------------------------------------------------------------ */

/* There are too few buffers. */
static __always_inline void loop_grow(void)
{
	if (nr_areas < *(volatile __u32 *)&control.areas_max)
		stats.grow = 1;
}

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

/* Of those that are new. Fewer than before: the loader, or who wrote there, takes some away. */
__noinline int areas_find(RING)
{
	__u32 i = nr_areas + zero, n = *(volatile __u32 *)&control.areas;

	while (i < n && i < LOOP_AREAS && may_go_on())
		area_find(ring, i++);
	nr_areas = i < n ? i : n;
	stats.areas = nr_areas;
	return 0;
}

/* Did the NIC put it there? Where that cannot be told, or where not, it is counted. */
static __always_inline void count_copied(__u32 area, __u64 offset, __u32 len)
{
	int by_nic = compat_niov_by_nic(*element(niovs, area), offset >> setup.buffer_shift);

	if (by_nic < 0) {
		stats.unseen += len;
		if (setup.require_zero_copy)
			loop_end(LOOP_UNSEEN, 0);
	} else if (!by_nic) {
		stats.copied[LOOP_COPY_HEAD] += len;
		if (setup.require_zero_copy)
			loop_end(LOOP_COPIED, LOOP_COPY_HEAD);
	}
}

/* --- slots ------------------------------------------------------------------------------- */

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

__noinline int slot_free(__u64 addr)
{
	__u32 n = (addr - setup.slots) / setup.slot_size;
	struct unified_io_region *r = bpf_unified_region_get(setup.region);

	if (!r)
		return 0;
	bpf_unified_buffer_free(r, (__u64)*element(slot_generations, n) << 32 | n);
	bpf_unified_region_put(r);
	return 0;
}

/* --- and back --------------------------------------------------------------------------- */

static __always_inline void command_gave(struct command *c, __u32 left)
{
	stream_at(c->stream)->given += c->nr_refs - left;
	stats.returned += c->nr_refs - left;
	c->nr_refs = left;
}

/* Where the kernel has an address: the number of its area, and where in that. */
static __always_inline __u64 area_offset(__u64 addr)
{
	__u64 at = addr - setup.area, size = 1ULL << setup.area_shift;

	return at >> setup.area_shift << ZCRX_AREA_SHIFT | (at & (size - 1));
}

/*
 * One entry for each reference, last to first; the second word of an entry is 0
 * from the beginning, and stays so. False: the ring is full, the rest comes later.
 */
static __always_inline bool command_refill(__u8 *rq, struct command *c, __u32 index, __u32 *tail,
					   __u32 head)
{
	__u32 n = c->nr_refs + zero, at = *tail, mask = setup.refill_mask;
	__u32 room = mask + 1 - (at - head), left = n > room ? n - room : 0;
	__u8 *rqes = rq + setup.refill_rqes;
	__u64 *of = refs_of(index);

	while (n != left && may_go_on()) {
		__u64 addr = REF_ADDR(*nth_ref(of, --n));

		*(__u64 *)(rqes + (__u64)(at++ & mask) * 16) = area_offset(addr);
	}
	command_gave(c, n);
	*tail = at;
	return !n;
}

static __always_inline void command_free_slots(struct command *c, __u32 index)
{
	__u32 n = c->nr_refs;

	while (n && may_go_on())
		slot_free(REF_ADDR(*ref_at(index, --n)));
	command_gave(c, 0);
}

/* All that are done, as far as there is room. */
__noinline int refill(RING)
{
	__u8 *mem = region_memory(ring), *rq;
	__u32 tail = 0, head = 0;

	if (!mem)
		return 0;
	rq = mem + setup.refill;
	if (setup.zcrx) {
		tail = *(volatile __u32 *)(rq + setup.refill_tail);
		head = __atomic_load_n((__u32 *)(rq + setup.refill_head), __ATOMIC_ACQUIRE);
	}
	while (done_head != done_tail && may_go_on()) {
		__u32 index = *element(done_commands, done_head);
		struct command *c = command_at(index);

		if (!setup.zcrx) {
			command_free_slots(c, index);
		} else if (!command_refill(rq, c, index, &tail, head)) {
			stats.refill_full++;
			break;
		}
		*element(free_commands, nr_free++) = index;
		done_head++;
	}
	if (setup.zcrx)
		__atomic_store_n((__u32 *)(rq + setup.refill_tail), tail, __ATOMIC_RELEASE);
	return 0;
}

#endif
