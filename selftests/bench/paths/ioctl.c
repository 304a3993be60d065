// SPDX-License-Identifier: GPL-2.0
/*
 * A region's descriptors by SUBMIT of arrays and COMPLETE.
 *
 * Before: test -e /sys/module/unified_io_region || insmod /unified/unified_io_region.ko
 *
 * Run: --op read
 * Run: --op write
 */
#include "ours.h"

#include <stdlib.h>

static struct unified_descriptor *descs;
static struct unified_completion *done;

static void setup(struct bench *b)
{
	ours_open(b, UNIFIED_TARGET_F_NVME, NULL);
	descs = calloc(b->qd, sizeof(*descs));
	done = calloc(b->qd, sizeof(*done));
}

static void prep(struct bench *b, struct unified_descriptor *desc, unsigned int slot)
{
	*desc = (struct unified_descriptor){
		.type = UNIFIED_REGION_F_NVME,
		.flags = b->write ? UNIFIED_DESC_F_WRITE : UNIFIED_DESC_F_READ,
		.addr = (uint64_t)slot * b->bytes,
		.len = b->bytes,
		.lba = next_offset(b) >> b->lba_shift,
		.user_data = slot,
	};
}

/* As the loop of the rings: all that came back goes out again at once. */
static void run(struct bench *b, uint64_t ops)
{
	struct unified_io_submit submit = { .addr = (uintptr_t)descs };
	struct unified_io_complete complete = { .addr = (uintptr_t)done, .max = b->qd };
	uint64_t started = 0, finished = 0;
	static bool warm;
	unsigned int i;

	for (i = 0; i < b->qd; i++)
		done[i].user_data = i;
	complete.count = b->qd;
	while (finished < ops) {
		for (i = 0; i < complete.count && started < ops; i++, started++)
			prep(b, &descs[i], done[i].user_data);
		submit.count = i;
		if (i && must(ioctl(region.fd, UNIFIED_IO_SUBMIT, &submit), "SUBMIT") != (int)i)
			die("not all of %u were taken", i);
		complete.min = started - finished < b->batch ? started - finished : b->batch;
		must(ioctl(region.fd, UNIFIED_IO_COMPLETE, &complete), "COMPLETE");
		b->syscalls += 2;
		for (i = 0; i < complete.count; i++)
			if (done[i].res)
				die("a completion says %d", done[i].res);
		finished += complete.count;
	}
	ours_check(warm);
	warm = true;
}

const struct path path = { .name = "ioctl", .setup = setup, .run = run };
