// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers: the slots of a region's data area, handed out one at a time.
 *
 * A buffer has one owner from alloc to free, and a generation that changes with
 * every free: who comes back with an old one is refused. An operation in flight
 * takes a reference of its own, so that a buffer that was freed meanwhile is
 * not handed out again before the device is done with it.
 *
 * All of that is in one word for each slot, which changes by cmpxchg only. No
 * lock, any context but NMI. Free slots are bits of an sbitmap: a bit is set
 * from before the word says HELD until after nothing holds or uses the slot.
 * What user space sees, struct unified_slot in the region, is written here and
 * never read.
 */
#include <linux/nospec.h>
#include <linux/sbitmap.h>
#include <linux/slab.h>

#include "region.h"

/* The word: generation in the upper half, below it HELD and the references. */
#define BUFFER_HELD BIT(31)
#define BUFFER_REFS GENMASK(30, 0)

/* A generation has 31 bits, so that a handle is never negative. */
#define BUFFER_GENERATION GENMASK_ULL(62, 32)

struct unified_buffer {
	atomic64_t word;
	u64 owner; /* written by who takes and who clears the bit */
};

static u32 unified_handle_index(u64 handle)
{
	return lower_32_bits(handle);
}

static struct unified_buffer *unified_buffer_find(struct unified_io_region *r, u64 handle)
{
	u32 index = unified_handle_index(handle);

	if (index >= r->nr_slots)
		return NULL;
	return &r->buffers[array_index_nospec(index, r->nr_slots)];
}

/* Is it held, and by who got it with this handle? */
static bool unified_word_is(u64 word, u64 handle)
{
	return (word & BUFFER_HELD) && !((word ^ handle) & ~(u64)U32_MAX);
}

static void unified_buffer_mirror(struct unified_io_region *r, const struct unified_buffer *b)
{
	struct unified_slot *slot = r->kaddr + r->offsets.slot_states;
	u64 word, owner;
	u32 state;

	slot += b - r->buffers;
	/* Who changed it meanwhile may have written its mirror already. */
	do {
		word = atomic64_read_acquire(&b->word); /* the owner after it */
		state = word & BUFFER_REFS ? UNIFIED_SLOT_IO : UNIFIED_SLOT_FREE;
		if (word & BUFFER_HELD)
			state = UNIFIED_SLOT_HELD;
		WRITE_ONCE(slot->generation, upper_32_bits(word));
		/* Who gave it back may not have come to clear that. */
		owner = state == UNIFIED_SLOT_FREE ? 0 : READ_ONCE(b->owner);
		WRITE_ONCE(slot->owner, owner);
		WRITE_ONCE(slot->state, state);
		smp_mb(); /* the mirror before the word is looked at again */
	} while (atomic64_read(&b->word) != word);
}

/* Nobody holds it and no operation uses it. */
static void unified_buffer_release(struct unified_io_region *r, struct unified_buffer *b)
{
	WRITE_ONCE(b->owner, 0);
	unified_buffer_mirror(r, b);
	sbitmap_put(&r->free_slots, b - r->buffers);
}

/**
 * unified_buffer_alloc - take a free slot
 * @r: the region, which the caller holds
 * @owner: whatever the caller wants to find in the slot's mirror
 *
 * Return: a handle of it, or -ENOBUFS.
 */
s64 unified_buffer_alloc(struct unified_io_region *r, u64 owner)
{
	int index = r->nr_slots ? sbitmap_get(&r->free_slots) : -1;
	struct unified_buffer *b;
	u64 word;

	if (index < 0) {
		unified_count(r, buffers_exhausted, 1);
		return -ENOBUFS;
	}
	b = &r->buffers[index];
	WRITE_ONCE(b->owner, owner);
	word = atomic64_read(&b->word) | BUFFER_HELD;
	/* Who has the handle must find the owner set. */
	atomic64_set_release(&b->word, word);
	unified_buffer_mirror(r, b);
	return (word & ~(u64)U32_MAX) | index;
}

/**
 * unified_buffer_free - give a slot back
 * @r: the region, which the caller holds
 * @handle: what unified_buffer_alloc() returned
 *
 * Return: 0, -ERANGE for what is no slot, -ESTALE if it was given back before.
 */
int unified_buffer_free(struct unified_io_region *r, u64 handle)
{
	struct unified_buffer *b = unified_buffer_find(r, handle);
	u64 word, next;

	if (!b)
		return -ERANGE;
	word = atomic64_read(&b->word);
	do {
		if (!unified_word_is(word, handle)) {
			unified_count(r, buffers_stale, 1);
			return -ESTALE;
		}
		next = ((word + (1ULL << 32)) & BUFFER_GENERATION) | (word & BUFFER_REFS);
	} while (!atomic64_try_cmpxchg(&b->word, &word, next));
	if (next & BUFFER_REFS)
		unified_buffer_mirror(r, b);
	else
		unified_buffer_release(r, b);
	return 0;
}

/**
 * unified_buffer_get - keep a slot from being handed out while it is used
 * @r: the region, which the caller holds
 * @handle: what unified_buffer_alloc() returned
 *
 * Return: 0, -ERANGE for what is no slot, -ESTALE if it was given back.
 */
int unified_buffer_get(struct unified_io_region *r, u64 handle)
{
	struct unified_buffer *b = unified_buffer_find(r, handle);
	u64 word;

	if (!b)
		return -ERANGE;
	word = atomic64_read(&b->word);
	do {
		if (!unified_word_is(word, handle)) {
			unified_count(r, buffers_stale, 1);
			return -ESTALE;
		}
	} while (!atomic64_try_cmpxchg(&b->word, &word, word + 1));
	return 0;
}

/* The end of what unified_buffer_get() began. */
void unified_buffer_put(struct unified_io_region *r, u64 handle)
{
	struct unified_buffer *b = unified_buffer_find(r, handle);

	if (!(atomic64_dec_return(&b->word) & (BUFFER_HELD | BUFFER_REFS)))
		unified_buffer_release(r, b);
}

/* Where its bytes are, from the start of the data area; the handle may be stale. */
s64 unified_buffer_addr(const struct unified_io_region *r, u64 handle)
{
	u32 index = unified_handle_index(handle);

	if (index >= r->nr_slots)
		return -ERANGE;
	return r->offsets.slots - r->offsets.data + (u64)index * r->slot_size;
}

void unified_buffers_info(struct unified_io_region *r, struct unified_io_region_info *info)
{
	u32 i;

	for (i = 0; i < r->nr_slots; i++) {
		u64 word = atomic64_read(&r->buffers[i].word);

		info->slots_held += !!(word & BUFFER_HELD);
		info->slots_io += !!(word & BUFFER_REFS);
		if (!(i % 4096))
			cond_resched();
	}
}

int unified_buffers_init(struct unified_io_region *r)
{
	int ret;

	if (!r->nr_slots)
		return 0;
	r->buffers = kvcalloc(r->nr_slots, sizeof(*r->buffers), UNIFIED_GFP);
	if (!r->buffers)
		return -ENOMEM;
	ret = sbitmap_init_node(&r->free_slots, r->nr_slots, -1, UNIFIED_GFP, r->numa_node, false,
				true);
	if (ret) {
		/* It left nothing that could be freed. */
		kvfree(r->buffers);
		r->buffers = NULL;
	}
	return ret;
}

/* After a failure of the above, too. */
void unified_buffers_exit(struct unified_io_region *r)
{
	if (r->buffers)
		sbitmap_free(&r->free_slots);
	kvfree(r->buffers);
}
