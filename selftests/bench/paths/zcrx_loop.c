// SPDX-License-Identifier: GPL-2.0
/*
 * Received without a copy, each fragment written by an NVMe command of its own: to
 * blocks of its own, with whatever the page has behind it up to the end of the last.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Before: ./nic up
 * After: ./nic down
 * Run: --op ingest --bytes 1448
 * Run: --op ingest --bytes 4096
 * Run: --op ingest --bytes 8948
 */
#include "zcrx.h"

#define COMMANDS 512 /* under way */

static struct zcrx_fragment waiting[ZCRX_PAGES];
static unsigned int first, last, under_way;

/* A fixed buffer for each page: one for all is dearer. */
static void setup(struct bench *b)
{
	struct iovec *pages = calloc(ZCRX_PAGES, sizeof(*pages));
	unsigned int i;

	zcrx_setup(b);
	for (i = 0; i < ZCRX_PAGES; i++)
		pages[i] = (struct iovec){ zcrx.area + (size_t)i * ZCRX_PAGE, ZCRX_PAGE };
	ring_must(io_uring_register_buffers(&b->ring, pages, ZCRX_PAGES), "registering the area");
	free(pages);
}

static void received(struct bench *b, struct zcrx_fragment fragment)
{
	(void)b;
	waiting[last++ % ZCRX_PAGES] = fragment;
}

static void written(struct bench *b, uint64_t user_data)
{
	(void)b;
	zcrx_refill(user_data);
	zcrx.done += user_data >> 32;
	under_way--;
}

static void batch(struct bench *b)
{
	for (; first != last && under_way < COMMANDS; under_way++) {
		struct zcrx_fragment f = waiting[first++ % ZCRX_PAGES];
		uint32_t block = 1U << b->lba_shift, len = (f.len + block - 1) & -block;

		zcrx_prep_write(b, NVME_URING_CMD_IO, zcrx.area + f.offset, len, len,
				f.offset / ZCRX_PAGE, (uint64_t)f.len << 32 | f.offset);
	}
}

static void run(struct bench *b, uint64_t ops)
{
	zcrx_run(b, ops, received, written, batch);
}

const struct path path = {
	.name = "zcrx_loop",
	.vcpu = NET_RECEIVER_CPU,
	.setup = setup,
	.run = run,
	.look = net_look,
};
