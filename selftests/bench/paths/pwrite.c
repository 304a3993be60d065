// SPDX-License-Identifier: GPL-2.0
/*
 * pread and pwrite with O_DIRECT, one after the other: what a program without
 * io_uring does.
 *
 * Run: --op read --qd 1
 * Run: --op write --qd 1
 */
#include "bench.h"

#include <fcntl.h>
#include <unistd.h>

static int drive;

static void setup(struct bench *b)
{
	if (b->qd != 1)
		die("one operation at a time is all it can do");
	drive = must(open(DRIVE, O_RDWR | O_DIRECT | O_NOATIME | O_CLOEXEC), DRIVE);
	allocate_buffers(b);
}

static void run(struct bench *b, uint64_t ops)
{
	for (; ops; ops--) {
		uint64_t offset = next_offset(b);
		ssize_t done = b->write ? pwrite(drive, b->buffers, b->bytes, offset)
					: pread(drive, b->buffers, b->bytes, offset);

		if (done != b->bytes)
			die("%zd bytes were moved and not %u", done, b->bytes);
		b->syscalls++;
	}
}

const struct path path = { .name = "pwrite", .setup = setup, .run = run };
