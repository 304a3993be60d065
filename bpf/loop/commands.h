/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands: operations of a loop on the region's memory, and the references on
 * buffers that they hold.
 *
 * A command is open, and gets fragments and the references on their buffers; it
 * is issued; it ends; and when the one that it shares a buffer with has let go as
 * well, its buffers go back and it is free. One that is never issued is a list of
 * references.
 */
#ifndef LOOP_COMMANDS_H
#define LOOP_COMMANDS_H

#include "loop/ring.h"

#define DESC_WRITE  (1U << 1)
#define DESC_FUA    (1U << 2)
#define DESC_GATHER (1U << 3)
#define DESC_NO_COPY (1U << 5)
#define TYPE_NVME   (1U << 0)

struct command {
	__u32 stream;
	__u32 bytes;
	__u16 nr_refs;
	__u16 nr_frags;
	__u16 wait;   /* for its own end, and for the one before it */
	__u16 next;   /* who waits for it; plus 1 */
	__u32 last;   /* length of the last fragment, not yet in the list */
	__u32 padded; /* zeroes at its end */
	__u32 staged; /* bytes in its staging block: its first fragment */
	__u32 tries;
	__u64 first;  /* address of the first fragment */
	__u64 end;    /* address behind the last */
	/* Where it goes. */
	__u64 lba;
	__u32 targets;
	__u32 flags;  /* DESC_* */
};

/* A reference on a buffer: an address in it, and how many bytes of it. */
#define REF(addr, len)	((addr) << 21 | (len))
#define REF_ADDR(ref)	((ref) >> 21)
#define REF_LEN(ref)	((__u32)(ref) & ((1U << 21) - 1))

/* A place in the list of a command, as struct unified_fragment. */
struct fragment {
	__u64 addr;
	__u32 len;
	__u32 resv;
};

/* References that a command may hold, and when it is time to write it. */
#define PIECES_MAX  (LOOP_PIECES - 8)
#define PIECES_FULL (LOOP_PIECES - 16)

PRIVATE struct command commands[LOOP_COMMANDS];
PRIVATE __u64 refs[LOOP_COMMANDS][LOOP_PIECES];

/* Commands that nobody uses, and those whose buffers go back, first come first. */
#define SPARE_COMMAND (LOOP_COMMANDS - 1) /* never among them */
PRIVATE __u16 free_commands[LOOP_COMMANDS];
PRIVATE __u32 nr_free;
PRIVATE __u16 done_commands[LOOP_COMMANDS];
PRIVATE __u32 done_head, done_tail;

static __always_inline struct command *command_at(__u32 index)
{
	return element(commands, index);
}

static __always_inline __u64 *refs_of(__u32 index)
{
	return *element(refs, index);
}

static __always_inline __u64 *nth_ref(__u64 *of, __u32 n)
{
	barrier_var(n);
	return &of[n & (LOOP_PIECES - 1)];
}

static __always_inline __u64 *ref_at(__u32 index, __u32 n)
{
	return nth_ref(refs_of(index), n);
}

static __always_inline struct fragment *fragment_at(__u8 *mem, __u32 index, __u32 n)
{
	__u64 at = (index & (LOOP_COMMANDS - 1)) * LOOP_PIECES + (n & (LOOP_PIECES - 1));

	return (struct fragment *)(mem + setup.data + setup.lists + at * sizeof(struct fragment));
}

/* --- which are free ------------------------------------------------------------------ */

static __always_inline void commands_start(void)
{
	__u32 i = zero;

	while (i < SPARE_COMMAND && may_go_on()) {
		*element(free_commands, i) = i;
		i++;
	}
	nr_free = i;
}

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

/* Where its last cut bytes begin. */
static __always_inline __u64 command_cut_at(__u32 index, __u32 cut)
{
	const struct command *c = command_at(index);
	__u32 n = c->nr_refs;

	if (cut <= c->last)
		return c->end - cut;
	while (n && may_go_on()) {
		__u64 ref = *ref_at(index, --n);

		if (REF_LEN(ref) >= cut)
			return REF_ADDR(ref) + REF_LEN(ref) - cut;
		cut -= REF_LEN(ref);
	}
	return staging_of(index) + c->staged - cut;
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

/* --- few bytes of many fragments ------------------------------------------------------ */

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

static __always_inline void count_small(__u32 bytes)
{
	stats.copied[LOOP_COPY_SMALL] += bytes;
	if (bytes && setup.require_zero_copy)
		loop_end(LOOP_COPIED, LOOP_COPY_SMALL);
}

/*
 * Into the staging block of an open command that has nothing else, so that it is in one
 * piece: bytes from an address, up to so many in all. How many.
 */
__noinline __u32 command_hold(RING, __u32 index, __u64 addr, __u32 len, __u32 all)
{
	struct command *c = command_at(index);
	__u8 *mem = region_memory(ring);
	__u32 at = c->staged;

	if (!mem || at >= all)
		return 0;
	if (len > all - at)
		len = all - at;
	c->staged = stage(mem, staging_of(index), at, addr, len);
	command_add(mem, c, index, staging_of(index) + at, c->staged - at);
	count_small(c->staged - at);
	return c->staged - at;
}

/* It has nothing, but for references. */
static __always_inline void command_empty(struct command *c)
{
	c->bytes = 0;
	c->nr_frags = 0;
	c->staged = 0;
	c->last = 0;
	c->end = ~0ULL;
}

/* Less than a block: what it has is copied to the next one, which is empty. */
__noinline int command_compact(RING, __u32 index, __u32 next)
{
	struct command *c = command_at(index), *to = command_at(next);
	__u64 block = staging_of(next);
	__u8 *mem = region_memory(ring);
	__u32 n, i = zero;

	if (!mem)
		return 0;
	n = stage(mem, block, zero, staging_of(index), c->staged);
	while (i < c->nr_refs && may_go_on()) {
		__u64 ref = *ref_at(index, i++);

		n = stage(mem, block, n, REF_ADDR(ref), REF_LEN(ref));
	}
	count_small(n - c->staged);
	to->staged = n;
	if (n)
		command_add(mem, to, next, block, n);
	return 0;
}

/* --- to the device ---------------------------------------------------------------- */

/* It is known where it goes, and its list is written. */
__noinline int command_issue(RING, __u32 index)
{
	struct io_uring_sqe *sqe = sq_entry(ring);
	const struct command *c = command_at(index);
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
	desc->flags = c->flags;
	desc->lba = c->lba;
	desc->targets = c->targets;
	if (c->nr_frags > 1) {
		desc->flags |= DESC_GATHER;
		desc->addr = setup.lists + (__u64)index * (LOOP_PIECES * sizeof(struct fragment));
		desc->nr_frags = c->nr_frags;
	}
	return 0;
}

/* What the options say of all of them. */
#define DESC_OPTIONS (setup.require_zero_copy ? DESC_NO_COPY : 0)

/*
 * Refused, as the device cannot take its data where it is: that ends everything. What
 * came is stored all the same, so it is issued once more, and may be copied. False: it
 * is another error.
 */
static __always_inline bool command_is_copied(struct iou_ctx *ring, __u32 index, __s32 res)
{
	struct command *c = command_at(index);

	if (res != -EADDRNOTAVAIL || !(c->flags & DESC_NO_COPY))
		return false;
	loop_end(LOOP_COPIED, LOOP_COPY_DEVICE);
	c->flags &= ~DESC_NO_COPY;
	command_issue(ring, index);
	return true;
}

/* --- and let go of ---------------------------------------------------------------------- */

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

#endif
