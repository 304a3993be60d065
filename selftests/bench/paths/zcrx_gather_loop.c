// SPDX-License-Identifier: GPL-2.0
/*
 * Received without a copy, 128 KiB or 96 fragments written by one vectored NVMe
 * command. What is no whole block at a command's end begins the next one.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Before: ./nic up
 * After: ./nic down
 * Run: --op ingest --bytes 1448
 * Run: --op ingest --bytes 4096
 * Run: --op ingest --bytes 8948
 */
#include "zcrx.h"

#define COMMANDS  128 /* under way, and the one that is filled */
#define FRAGMENTS 96
#define SPARE	  8 /* more of them, if they are short */

struct command {
	struct iovec vec[FRAGMENTS + SPARE];
	unsigned int nr, bytes;
};

static struct command commands[COMMANDS];
static struct command *free_commands[COMMANDS], *filled;
static unsigned int nr_free;

static struct zcrx_fragment waiting[ZCRX_PAGES];
static unsigned int first, last;

/* In how many commands a page is. */
static unsigned char users[ZCRX_PAGES];

static void setup(struct bench *b)
{
	struct iovec area;

	zcrx_setup(b);
	area = (struct iovec){ zcrx.area, ZCRX_AREA };
	ring_must(io_uring_register_buffers(&b->ring, &area, 1), "registering the area");
	while (nr_free < COMMANDS - 1) {
		free_commands[nr_free] = &commands[nr_free];
		nr_free++;
	}
	filled = &commands[nr_free];
}

static inline void add(struct command *c, char *addr, unsigned int len)
{
	c->vec[c->nr++] = (struct iovec){ addr, len };
	c->bytes += len;
	users[(addr - zcrx.area) / ZCRX_PAGE]++;
}

static void received(struct bench *b, struct zcrx_fragment fragment)
{
	(void)b;
	waiting[last++ % ZCRX_PAGES] = fragment;
}

static void written(struct bench *b, uint64_t user_data)
{
	struct command *c = &commands[user_data];
	unsigned int i;

	(void)b;
	for (i = 0; i < c->nr; i++) {
		uint32_t offset = (char *)c->vec[i].iov_base - zcrx.area;

		if (!--users[offset / ZCRX_PAGE])
			zcrx_refill(offset);
	}
	zcrx.done += c->bytes;
	c->nr = 0;
	c->bytes = 0;
	free_commands[nr_free++] = c;
}

/* The last fragment has to be longer than what is to be cut off. */
static inline bool full(const struct command *c, unsigned int cut)
{
	return c->nr == FRAGMENTS + SPARE || ((c->nr >= FRAGMENTS || c->bytes >= INGEST_WRITE) &&
					      c->vec[c->nr - 1].iov_len > cut);
}

static inline void issue(struct bench *b, unsigned int cut)
{
	struct command *c = filled;
	struct iovec *end = &c->vec[c->nr - 1];

	filled = free_commands[--nr_free];
	if (cut) {
		end->iov_len -= cut;
		c->bytes -= cut;
		add(filled, (char *)end->iov_base + end->iov_len, cut);
	}
	zcrx_prep_write(b, NVME_URING_CMD_IO_VEC, c->vec, c->nr, c->bytes, 0, c - commands);
}

static void batch(struct bench *b)
{
	while (first != last && nr_free) {
		struct zcrx_fragment f = waiting[first++ % ZCRX_PAGES];
		unsigned int cut;

		add(filled, zcrx.area + f.offset, f.len);
		cut = filled->bytes & ((1U << b->lba_shift) - 1);
		if (full(filled, cut))
			issue(b, cut);
	}
}

static void run(struct bench *b, uint64_t ops)
{
	zcrx_run(b, ops, received, written, batch);
}

const struct path path = {
	.name = "zcrx_gather_loop",
	.vcpu = NET_RECEIVER_CPU,
	.setup = setup,
	.run = run,
	.look = net_look,
};
