// SPDX-License-Identifier: GPL-2.0
/*
 * A region's descriptors by IORING_OP_URING_CMD: as NVMe commands; "bio": by the
 * block layer; "policy": with one whose submit and complete hooks are asked each
 * time; "policy_errors": with one whose complete hook is asked about errors only;
 * "gather": from fragments of 1448 bytes, each in a page of its own.
 *
 * Before: test -e /sys/module/unified_io_region || insmod /unified/unified_io_region.ko
 * Before: unifiedctl policy load /unified/selftests/progs/bench.bpf.o
 * Before: unifiedctl policy load /unified/selftests/progs/bench_errors.bpf.o
 * After: unifiedctl policy unload bench
 * After: unifiedctl policy unload bench_errors
 *
 * Run: --op read
 * Run: --op write
 * Run: --op read --with bio
 * Run: --op write --with bio
 * Run: --op write --with policy
 * Run: --op write --with policy_errors
 * Run: --op write --with gather --bytes 46080
 * Run: --op write --with gather --bytes 8192
 */
#include "ours.h"

#include "ring.h"

static bool gather;
static uint16_t direction;
static unsigned int nr_frags;

static uint64_t list_of(unsigned int slot)
{
	return (24 << 20) + slot * 4096;
}

/* The list of each slot: it is the same all the time. */
static void make_lists(struct bench *b)
{
	unsigned int slot, i, left;

	nr_frags = (b->bytes + OURS_FRAGMENT - 1) / OURS_FRAGMENT;
	for (slot = 0; slot < b->qd; slot++) {
		struct unified_fragment *list = io_unified_data(&region, list_of(slot));

		for (i = 0, left = b->bytes; i < nr_frags; i++, left -= list[i - 1].len)
			list[i] = (struct unified_fragment){
				.addr = (uint64_t)(slot * nr_frags + i) * 4096 % (16 << 20),
				.len = left < OURS_FRAGMENT ? left : OURS_FRAGMENT,
			};
	}
}

static bool with(const struct bench *b, const char *variant)
{
	return b->with && !strcmp(b->with, variant);
}

static const char *policy_of(const struct bench *b)
{
	if (with(b, "policy"))
		return "bench";
	return with(b, "policy_errors") ? "bench_errors" : NULL;
}

static void setup(struct bench *b)
{
	ours_open(b, with(b, "bio") ? UNIFIED_TARGET_F_BLOCK : UNIFIED_TARGET_F_NVME, policy_of(b));
	direction = b->write ? UNIFIED_DESC_F_WRITE : UNIFIED_DESC_F_READ;
	gather = with(b, "gather");
	if (gather)
		make_lists(b);
	ring_open(b, region.fd, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
	b->success = b->bytes;
}

static inline struct unified_descriptor *prep_any(struct bench *b, struct io_uring_sqe *sqe,
						  uint64_t addr)
{
	struct unified_descriptor *desc = io_uring_unified_desc(sqe);

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = 0;
	sqe->off = UNIFIED_IO_URING_SUBMIT;
	*desc = (struct unified_descriptor){
		.type = UNIFIED_REGION_F_NVME,
		.flags = direction,
		.addr = addr,
		.len = b->bytes,
		.lba = next_offset(b) >> b->lba_shift,
	};
	return desc;
}

static void prep(struct bench *b, struct io_uring_sqe *sqe, unsigned int slot)
{
	prep_any(b, sqe, (uint64_t)slot * b->bytes);
}

static void prep_gather(struct bench *b, struct io_uring_sqe *sqe, unsigned int slot)
{
	struct unified_descriptor *desc = prep_any(b, sqe, list_of(slot));

	desc->flags |= UNIFIED_DESC_F_GATHER;
	desc->nr_frags = nr_frags;
}

static void run(struct bench *b, uint64_t ops)
{
	static bool warm;

	if (gather)
		ring_run(b, prep_gather, ops);
	else
		ring_run(b, prep, ops);
	ours_check(warm);
	warm = true;
}

const struct path path = { .name = "uring_cmd", .setup = setup, .run = run };
