// SPDX-License-Identifier: GPL-2.0
/*
 * The door of io_uring: what kind of ring it takes, operations that wait for a
 * request of a busy drive and are cancelled with their ring, polled operations,
 * and fragments that are rewritten while they are submitted.
 *
 * VM: --nvme 64M,null=900000 --nvme 64M --append nvme.poll_queues=1 --append nvme.io_queue_depth=32
 */
#include <pthread.h>

#include "load.h"

static struct unified_io_setup setup = REGION_SETUP;
static int fd;

/* One command in a ring of that kind. */
static int one(unsigned int ring_flags, int file, unsigned int cmd_op)
{
	struct io_unified_region region = { .fd = file };
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int ret;

	ret = io_uring_queue_init(8, &ring, ring_flags);
	if (ret)
		return ret;
	sqe = io_uring_get_sqe(&ring);
	if (!sqe)
		return -ENOSR;
	if (ring_flags & IORING_SETUP_SQE128) {
		io_uring_prep_unified_read(sqe, &region, 0, 0, 4096);
	} else {
		memset(sqe, 0, sizeof(*sqe));
		sqe->opcode = IORING_OP_URING_CMD;
		sqe->fd = file;
	}
	sqe->cmd_op = cmd_op;
	io_uring_submit(&ring);
	ret = io_uring_wait_cqe(&ring, &cqe);
	if (!ret)
		ret = cqe->res;
	io_uring_queue_exit(&ring);
	return ret;
}

static void kinds_of_rings(void)
{
	const unsigned int good = IORING_SETUP_SQE128 | IORING_SETUP_CQE32;
	int empty = open(UNIFIED_IO_DEVICE, O_RDWR);

	ok(one(good, fd, UNIFIED_IO_URING_SUBMIT) == 4096, "a ring as it should be");
	ok(one(IORING_SETUP_CQE32, fd, UNIFIED_IO_URING_SUBMIT) == -EINVAL, "without SQE128");
	ok(one(IORING_SETUP_SQE128, fd, UNIFIED_IO_URING_SUBMIT) == -EINVAL, "without CQE32");
	ok(one(good | IORING_SETUP_SQPOLL, fd, UNIFIED_IO_URING_SUBMIT) == 4096, "with SQPOLL");
	ok(one(good, fd, UNIFIED_IO_URING_SUBMIT + 1) == -ENOTTY, "another command");
	ok(one(good, fd, 0) == -ENOTTY, "none");
	ok(one(good, empty, UNIFIED_IO_URING_SUBMIT) == -ENXIO, "no region");
	close(empty);
}

/* More than the drive has requests for. */
static void waiting(void)
{
	uint64_t before = region_info(fd).ledger.waits;
	struct unified_io_ledger first, last;
	struct load l;
	int round;

	load_open(&l, fd, true, 256);
	load_submit(&l);
	ok(region_info(fd).ledger.waits > before, "%llu wait for a request of the drive",
	   (unsigned long long)(region_info(fd).ledger.waits - before));
	load_drain(&l);
	ok(load_is_whole(&l) && !l.bad, "and are done in the end");
	load_close(&l);
	first = region_info(fd).ledger;
	for (round = 0; round < 5; round++) {
		load_open(&l, fd, true, 256);
		load_submit(&l);
		usleep(round * 1000);
		load_close(&l);
	}
	/* A ring goes a moment after it was closed. */
	usleep(500000);
	last = region_info(fd).ledger;
	ok(last.waits - first.waits, "%llu wait when their ring goes",
	   (unsigned long long)(last.waits - first.waits));
	ok(last.reads - first.reads == last.operations - first.operations &&
		   last.commands - first.commands == last.operations - first.operations &&
		   last.failed == first.failed,
	   "and are done as the others are, each once");
	load_open(&l, fd, true, 256);
	load_run(&l, 3);
	load_drain(&l);
	ok(load_is_whole(&l) && !l.bad, "and the drive is as it was");
	load_close(&l);
}

static void polled(void)
{
	struct io_unified_region region = { .fd = fd };
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int i, good = 0;

	if (!ok(!io_uring_queue_init(
			64, &ring, IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_IOPOLL),
		"a ring that polls"))
		return;
	for (i = 0; i < 32; i++) {
		sqe = io_uring_get_sqe(&ring);
		if (!sqe)
			break;
		io_uring_prep_unified_read(sqe, &region, i * 8, i * 4096, 4096);
	}
	io_uring_submit(&ring);
	for (i = 0; i < 32 && !io_uring_wait_cqe(&ring, &cqe); i++) {
		good += cqe->res == 4096;
		io_uring_cqe_seen(&ring, cqe);
	}
	ok(good == 32, "32 reads, polled (%d)", good);
	io_uring_queue_exit(&ring);
}

static bool stop;

/* Rewrites the list of fragments, now good, now bad. */
static void *scribble(void *arg)
{
	struct unified_fragment *list = arg;
	unsigned int x = 1;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		int i = (x = x * 1103515245 + 12345) >> 16 & 31;

		list[i].addr = x & 64 ? (uint64_t)x << 20 : (uint64_t)i * 4096;
		list[i].len = x & 128 ? x : 512;
	}
	return NULL;
}

static void hostile(unsigned char *data)
{
	struct unified_fragment *list = (void *)(data + MIB);
	struct unified_completion done;
	struct unified_descriptor d = {
		.type = UNIFIED_REGION_F_NVME,
		.flags = UNIFIED_DESC_F_READ | UNIFIED_DESC_F_GATHER,
		.addr = MIB,
		.nr_frags = 32,
		.len = 32 * 512,
	};
	int i, good = 0, bad = 0, other = 0;
	pthread_t thread;

	for (i = 0; i < 32; i++)
		list[i] = (struct unified_fragment){ .addr = i * 4096, .len = 512 };
	pthread_create(&thread, NULL, scribble, list);
	for (i = 0; i < 3000; i++) {
		int ret = uring_run(fd, &d, &done);

		good += !ret;
		bad += ret == -ERANGE || ret == -EINVAL || ret == -E2BIG;
		other += ret && ret != -ERANGE && ret != -EINVAL && ret != -E2BIG;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ok(bad && !other, "fragments that change: %d good, %d refused, %d otherwise", good, bad,
	   other);
}

int main(void)
{
	struct unified_io_target t = {};
	unsigned char *data;

	fd = region_open(&setup);
	if (!ok(fd >= 0 && !add_target(fd, drive(0), O_RDWR, &t), "a region with a target"))
		return done();
	data = region_map(fd, setup.offsets.data, 2 * MIB, PROT_READ | PROT_WRITE);
	kinds_of_rings();
	waiting();
	polled();
	hostile(data);
	return done();
}
