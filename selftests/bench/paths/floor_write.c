// SPDX-License-Identifier: GPL-2.0
/*
 * The floor, its second half: as many bytes, from anywhere, in NVMe commands of
 * 128 KiB. It does not depend on what was received.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Run: --op ingest --bytes 1448 --qd 8
 * Run: --op ingest --bytes 4096 --qd 8
 * Run: --op ingest --bytes 8948 --qd 8
 */
#include "net.h"
#include "ng.h"

static void run(struct bench *b, uint64_t ops)
{
	ring_run(b, ng_prep, ops / (INGEST_WRITE / INGEST_OP));
}

const struct path path = {
	.name = "floor_write",
	.vcpu = NET_RECEIVER_CPU,
	.setup = ng_setup,
	.run = run,
};
