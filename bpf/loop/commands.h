/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands of a loop.
 *
 * A command is open, and gets fragments and the references on their buffers; it
 * is issued; it ends; and when the one that it shares a buffer with has let go as
 * well, its buffers go back and it is free.
 */
#ifndef LOOP_COMMANDS_H
#define LOOP_COMMANDS_H

#include "ring.h"

#define DESC_WRITE  (1U << 1)
#define DESC_FUA    (1U << 2)
#define DESC_GATHER (1U << 3)
#define TYPE_NVME   (1U << 0)

/*
 * When there are fewer, nothing is received until there are more. What may be in
 * the completion queue then, 8192 fragments at most, goes into them: a command
 * that is full has LOOP_FEW pieces, or 1/512 of the area, and a stream has one
 * that is open. What is written early leaves a quarter of all.
 */
#define commands_are_few() (nr_free < LOOP_COMMANDS / 2)

/* There is always one. If not, the loop ends before anything comes of it. */
static __always_inline __u32 command_new(__u32 stream)
{
	__u32 index = SPARE_COMMAND;
	struct command *c;

	if (nr_free)
		index = *element(free_commands, --nr_free);
	else
		broken(-ENOBUFS);
	c = command_at(index);
	c->stream = stream;
	c->bytes = 0;
	c->nr_refs = 0;
	c->nr_frags = 0;
	c->wait = 1;
	c->next = 0;
	c->last = 0;
	c->padded = 0;
	c->staged = 0;
	c->tries = 0;
	c->end = ~0ULL;
	return index;
}

static __always_inline __u64 staging_of(__u32 index)
{
	return setup.staging + (__u64)(index & (LOOP_COMMANDS - 1)) * 4096;
}

/* --- fragments -------------------------------------------------------------------- */

/* One more, joined with the last one if it directly follows. */
static __always_inline void command_add(__u8 *mem, struct command *c, __u32 index, __u64 addr,
					__u32 len)
{
	if (addr == c->end) {
		c->last += len;
	} else {
		__u32 n = c->nr_frags;
		struct fragment *f = fragment_at(mem, index, n);

		if (n)
			f[-1].len = c->last;
		else
			c->first = addr;
		f->addr = addr;
		c->nr_frags = n + 1;
		c->last = len;
	}
	c->end = addr + len;
	c->bytes += len;
}

static __always_inline void command_add_ref(struct command *c, __u32 index, __u64 addr, __u32 len)
{
	*ref_at(index, c->nr_refs) = REF(addr, len);
	c->nr_refs++;
}

/* The list once more, of the first n references and then a part of one. */
__noinline int command_rebuild(RING, __u32 index, __u32 n, __u64 addr, __u32 len)
{
	__u8 *mem = region_memory(ring);
	struct command *c = command_at(index);
	__u32 i = zero;

	if (!mem)
		return 0;
	c->nr_frags = 0;
	c->bytes = 0;
	c->end = ~0ULL;
	if (c->staged)
		command_add(mem, c, index, staging_of(index), c->staged);
	while (i < n && may_go_on()) {
		__u64 ref = *ref_at(index, i++);

		if (REF_LEN(ref))
			command_add(mem, c, index, REF_ADDR(ref), REF_LEN(ref));
	}
	if (len)
		command_add(mem, c, index, addr, len);
	return 0;
}

/* The last cut bytes become the beginning of the next command. */
__noinline int command_cut(RING, __u32 index, __u32 next, __u32 cut)
{
	struct command *c = command_at(index), *to = command_at(next);
	__u32 nr = c->nr_refs, n = nr, rest = cut, i;
	__u8 *mem = region_memory(ring);
	__u64 ref = 0;

	if (!mem)
		return 0;
	/* From which reference on? */
	while (n && may_go_on()) {
		ref = *ref_at(index, n - 1);
		if (REF_LEN(ref) > rest)
			break;
		rest -= REF_LEN(ref);
		n--;
	}
	i = n + zero;
	c->nr_refs = n;
	if (rest && n) {
		/* This one is in both. Its buffer goes when both are done. */
		__u64 addr = REF_ADDR(ref) + REF_LEN(ref) - rest;

		c->nr_refs = n - 1;
		c->next = next + 1;
		to->wait++;
		command_add(mem, to, next, addr, rest);
		command_add_ref(to, next, addr, rest);
	}
	while (i < nr && may_go_on()) {
		__u64 moved = *ref_at(index, i++);

		if (REF_LEN(moved))
			command_add(mem, to, next, REF_ADDR(moved), REF_LEN(moved));
		command_add_ref(to, next, REF_ADDR(moved), REF_LEN(moved));
	}
	if (cut < c->last) {
		c->last -= cut;
		c->end -= cut;
		c->bytes -= cut;
		return 0;
	}
	if (rest && n)
		return command_rebuild(ring, index, n - 1, REF_ADDR(ref), REF_LEN(ref) - rest);
	return command_rebuild(ring, index, n, 0, 0);
}

/* --- to the device ---------------------------------------------------------------- */

/* Its lba is set, and its list is written. */
__noinline int command_issue(RING, __u32 index)
{
	struct io_uring_sqe *sqe = sq_entry(ring);
	struct command *c = command_at(index);
	struct stream *s = stream_at(c->stream);
	struct unified_descriptor *desc;

	if (!sqe)
		return 0;
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->flags = SQE_FIXED_FILE;
	sqe->fd = LOOP_REGION_FILE;
	sqe->cmd_op = setup.submit;
	sqe->user_data = LOOP_TAG(LOOP_COMMAND, index);
	desc = (void *)((__u8 *)sqe + 48);
	desc->addr = c->first;
	desc->len = c->bytes;
	desc->type = TYPE_NVME;
	desc->flags = DESC_WRITE | s->desc_flags;
	desc->lba = c->lba;
	desc->targets = s->targets;
	if (c->nr_frags > 1) {
		desc->flags |= DESC_GATHER;
		desc->addr = setup.lists + (__u64)index * (LOOP_PIECES * sizeof(struct fragment));
		desc->nr_frags = c->nr_frags;
	}
	return 0;
}

/* --- its buffers go back ------------------------------------------------------------ */

/* A command let go of, and who waited for it, and so on. */
__noinline int command_release(__u32 index)
{
	while (may_go_on()) {
		struct command *c = command_at(index);

		if (--c->wait)
			return 0;
		*element(done_commands, done_tail++) = index;
		if (!c->next)
			return 0;
		index = c->next - 1;
	}
	return 0;
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
