// SPDX-License-Identifier: GPL-2.0
/*
 * The floor, its first half: received without a copy and given back at once.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Before: ./nic up
 * After: ./nic down
 * Run: --op ingest --bytes 1448
 * Run: --op ingest --bytes 4096
 * Run: --op ingest --bytes 8948
 */
#include "zcrx.h"

static void received(struct bench *b, struct zcrx_fragment fragment)
{
	(void)b;
	zcrx_refill(fragment.offset);
	zcrx.done += fragment.len;
}

static void written(struct bench *b, uint64_t user_data)
{
	(void)b;
	(void)user_data;
}

static void batch(struct bench *b)
{
	(void)b;
}

static void run(struct bench *b, uint64_t ops)
{
	zcrx_run(b, ops, received, written, batch);
}

const struct path path = {
	.name = "floor_rx",
	.vcpu = NET_RECEIVER_CPU,
	.setup = zcrx_setup,
	.run = run,
	.look = net_look,
};
