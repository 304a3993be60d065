// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe commands on the character device of the namespace, by IORING_OP_URING_CMD
 * with fixed buffers: the fastest that a stock kernel has.
 *
 * Run: --op read
 * Run: --op write
 */
#include "ng.h"

static void run(struct bench *b, uint64_t ops)
{
	ring_run(b, ng_prep, ops);
}

const struct path path = { .name = "ng_uring_cmd", .setup = ng_setup, .run = run };
