// SPDX-License-Identifier: GPL-2.0
/*
 * READ_FIXED and WRITE_FIXED on the block device with O_DIRECT: the fast way
 * through the block layer.
 *
 * Run: --op read
 * Run: --op write
 */
#include <fcntl.h>

#include "ring.h"

static void setup(struct bench *b)
{
	ring_open(b, must(open(DRIVE, O_RDWR | O_DIRECT | O_NOATIME | O_CLOEXEC), DRIVE), 0);
	allocate_buffers(b);
	ring_register_buffers(b);
	b->success = b->bytes;
}

static void prep(struct bench *b, struct io_uring_sqe *sqe, unsigned int slot)
{
	char *buffer = slot_buffer(b, slot);

	if (b->write)
		io_uring_prep_write_fixed(sqe, 0, buffer, b->bytes, next_offset(b), slot);
	else
		io_uring_prep_read_fixed(sqe, 0, buffer, b->bytes, next_offset(b), slot);
}

static void run(struct bench *b, uint64_t ops)
{
	ring_run(b, prep, ops);
}

const struct path path = { .name = "block_fixed", .setup = setup, .run = run };
