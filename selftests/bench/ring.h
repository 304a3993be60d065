/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loop of every path that goes through io_uring: qd operations under way,
 * one enter for all that were reaped and for waiting for the next batch.
 * Paths differ in the SQE that they prepare and in nothing else.
 *
 * The ring is set up as this kernel does it best: one task that takes its
 * completions when it waits for them, no index array, no lookup of descriptors.
 */
#ifndef RING_H
#define RING_H

#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* Fills in an SQE, of which all but opcode-specific fields are 0, for one slot. */
typedef void (*prep_fn)(struct bench *b, struct io_uring_sqe *sqe, unsigned int slot);

/* The result of a call of liburing, which says -errno, or 0 or more. */
static inline int ring_must(int result, const char *what)
{
	if (result < 0)
		die("%s: %s", what, strerror(-result));
	return result;
}

/* A ring of that size, and the files that its SQEs name by their index. */
static inline void ring_setup(struct bench *b, unsigned int entries, unsigned int cq_entries,
			      unsigned int flags, const int *files, unsigned int nr_files)
{
	struct io_uring_params params = {
		.flags = flags | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_NO_SQARRAY | IORING_SETUP_CQSIZE,
		.cq_entries = cq_entries,
	};

	ring_must(io_uring_queue_init_params(entries, &b->ring, &params), "io_uring_setup");
	ring_must(io_uring_register_ring_fd(&b->ring), "registering the ring");
	ring_must(io_uring_register_files(&b->ring, files, nr_files), "registering the files");
}

/* A ring with qd entries, and the file of index 0. */
static inline void ring_open(struct bench *b, int file, unsigned int flags)
{
	b->free_slots = calloc(b->qd, sizeof(*b->free_slots));
	for (b->nr_free = 0; b->nr_free < b->qd; b->nr_free++)
		b->free_slots[b->nr_free] = b->nr_free;
	ring_setup(b, b->qd, 2 * b->qd, flags, &file, 1);
}

/*
 * The buffer of each slot as the fixed buffer of that index. One for all of them
 * is dearer: a piece of a huge page has the block layer look for where to split.
 */
static inline void ring_register_buffers(struct bench *b)
{
	struct iovec *all = calloc(b->qd, sizeof(*all));
	unsigned int slot;

	for (slot = 0; slot < b->qd; slot++)
		all[slot] = (struct iovec){ slot_buffer(b, slot), b->bytes };
	ring_must(io_uring_register_buffers(&b->ring, all, b->qd), "registering the buffers");
	free(all);
}

/* Into each path; so is its prep, which has one caller. */
#define RING_INLINE static inline __attribute__((always_inline))

/* One more operation in each free slot, as long as there are any to do. */
RING_INLINE void ring_start(struct bench *b, prep_fn prep, uint64_t ops)
{
	for (; b->nr_free && b->started < ops; b->started++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&b->ring);
		unsigned int slot = b->free_slots[--b->nr_free];

		prep(b, sqe, slot);
		sqe->flags = IOSQE_FIXED_FILE;
		sqe->user_data = slot;
	}
}

RING_INLINE void ring_complete(struct bench *b, const struct io_uring_cqe *cqe)
{
	if (__builtin_expect(cqe->res != b->success, 0))
		die("a completion says %d and not %d", cqe->res, b->success);
	b->free_slots[b->nr_free++] = cqe->user_data;
}

RING_INLINE unsigned int ring_reap(struct bench *b)
{
	unsigned int head, were_free = b->nr_free;
	struct io_uring_cqe *cqe;

	io_uring_for_each_cqe(&b->ring, head, cqe) ring_complete(b, cqe);
	io_uring_cq_advance(&b->ring, b->nr_free - were_free);
	return b->nr_free - were_free;
}

RING_INLINE void ring_run(struct bench *b, prep_fn prep, uint64_t ops)
{
	uint64_t done = 0, under_way, wait_for;

	b->started = 0;
	while (done < ops) {
		ring_start(b, prep, ops);
		under_way = b->started - done;
		wait_for = under_way < b->batch ? under_way : b->batch;
		ring_must(io_uring_submit_and_wait(&b->ring, wait_for), "io_uring_enter");
		b->syscalls++;
		done += ring_reap(b);
	}
}

#endif
