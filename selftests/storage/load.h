/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A load: many reads, or writes, in flight through one door, of which each must come
 * back exactly once, however it ends.
 */
#ifndef LOAD_H
#define LOAD_H

#include "io.h"

#define LOAD_MAX 256

struct load {
	int fd;
	bool by_uring;
	struct io_uring ring;
	unsigned int qd;
	uint32_t len;
	uint32_t step; /* between the data of two slots; 0: len */
	uint32_t targets;
	uint16_t flags;
	uint32_t blocks; /* they are spread over so many blocks */
	uint32_t lba_size;
	uint64_t lists;	    /* where the fragments of each slot are listed, or 0 */
	bool out[LOAD_MAX]; /* is it in flight? */
	unsigned int in_flight;
	uint64_t good, bad, refused, twice; /* how they ended */
	int last_error;
	uint64_t next;
};

/* A ring of its own, with those flags too. */
__attribute__((unused)) static void load_ring(struct load *l, unsigned int flags)
{
	l->by_uring = true;
	if (io_uring_queue_init(LOAD_MAX, &l->ring,
				IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | flags)) {
		puts("Bail out! no ring");
		exit(1);
	}
}

__attribute__((unused)) static void load_open(struct load *l, int fd, bool by_uring,
					      unsigned int qd)
{
	*l = (struct load){ .fd = fd,
			    .qd = qd,
			    .len = 4096,
			    .flags = UNIFIED_DESC_F_READ,
			    .blocks = 8192,
			    .lba_size = 512 };
	if (by_uring)
		load_ring(l, 0);
}

/* Have each operation be of two fragments. @data: the region's, writable. */
__attribute__((unused)) static void load_gather(struct load *l, unsigned char *data)
{
	struct unified_fragment *f;
	unsigned int slot;

	l->lists = (uint64_t)LOAD_MAX * l->len;
	for (slot = 0; slot < LOAD_MAX; slot++) {
		f = (struct unified_fragment *)(data + l->lists) + 2 * slot;
		f[0].addr = (uint64_t)slot * l->len + l->len / 2;
		f[1].addr = (uint64_t)slot * l->len;
		f[0].len = f[1].len = l->len / 2;
	}
}

static struct unified_descriptor load_desc(struct load *l, unsigned int slot)
{
	struct unified_descriptor d = { .type = UNIFIED_REGION_F_NVME,
					.flags = l->flags,
					.targets = l->targets,
					.addr = (uint64_t)slot * (l->step ?: l->len),
					.len = l->len,
					.lba = l->next++ * (l->len / l->lba_size) % l->blocks,
					.user_data = slot };

	if (l->lists) {
		d.flags |= UNIFIED_DESC_F_GATHER;
		d.addr = l->lists + slot * 2 * sizeof(struct unified_fragment);
		d.nr_frags = 2;
	}
	return d;
}

static void load_ended(struct load *l, uint64_t slot, int res)
{
	if (slot >= l->qd || !l->out[slot]) {
		l->twice++;
		return;
	}
	l->out[slot] = false;
	l->in_flight--;
	l->good += res >= 0;
	l->bad += res < 0;
	if (res < 0)
		l->last_error = res;
}

static void load_submit_ioctl(struct load *l)
{
	unsigned int slot;

	for (slot = 0; slot < l->qd; slot++) {
		struct unified_io_submit submit = { .desc = load_desc(l, slot) };

		if (l->out[slot])
			continue;
		if (ioctl(l->fd, UNIFIED_IO_SUBMIT, &submit)) {
			l->last_error = -errno;
			l->refused++;
			return;
		}
		l->out[slot] = true;
		l->in_flight++;
	}
}

static void load_submit_uring(struct load *l)
{
	struct io_unified_region region = { .fd = l->fd };
	struct io_uring_sqe *sqe;
	unsigned int slot;

	for (slot = 0; slot < l->qd; slot++) {
		if (l->out[slot])
			continue;
		sqe = io_uring_get_sqe(&l->ring);
		if (!sqe)
			break;
		io_uring_prep_unified(sqe, &region, 0, 0, 0);
		*io_uring_unified_desc(sqe) = load_desc(l, slot);
		sqe->user_data = slot;
		l->out[slot] = true;
		l->in_flight++;
	}
	io_uring_submit(&l->ring);
}

static void load_reap_ioctl(struct load *l, unsigned int min)
{
	struct unified_completion done[64];
	struct unified_io_complete complete = {
		.addr = (uintptr_t)done, .max = 64, .min = min, .timeout_ns = 10000000000ULL
	};
	unsigned int i;

	if (ioctl(l->fd, UNIFIED_IO_COMPLETE, &complete))
		return;
	for (i = 0; i < complete.count; i++)
		load_ended(l, done[i].user_data, done[i].res);
}

static void load_reap_uring(struct load *l, unsigned int min)
{
	struct __kernel_timespec timeout = { .tv_sec = 10 };
	struct io_uring_cqe *cqe;

	if (min && io_uring_wait_cqe_timeout(&l->ring, &cqe, &timeout))
		return;
	while (!io_uring_peek_cqe(&l->ring, &cqe)) {
		load_ended(l, cqe->user_data, cqe->res);
		io_uring_cqe_seen(&l->ring, cqe);
	}
}

__attribute__((unused)) static void load_submit(struct load *l)
{
	if (l->by_uring)
		load_submit_uring(l);
	else
		load_submit_ioctl(l);
}

__attribute__((unused)) static void load_reap(struct load *l, unsigned int min)
{
	if (l->by_uring)
		load_reap_uring(l, min);
	else
		load_reap_ioctl(l, min);
}

/* So many rounds of filling up and taking what is there. */
__attribute__((unused)) static void load_run(struct load *l, unsigned int rounds)
{
	while (rounds--) {
		load_submit(l);
		if (l->in_flight)
			load_reap(l, 1);
	}
}

/* Let all of them come back. */
__attribute__((unused)) static void load_drain(struct load *l)
{
	unsigned int tries = 1000;

	while (l->in_flight && tries--)
		load_reap(l, 1);
}

__attribute__((unused)) static bool load_is_whole(const struct load *l)
{
	if (l->in_flight || l->twice)
		diag("%u did not come back, %llu came twice", l->in_flight,
		     (unsigned long long)l->twice);
	return !l->in_flight && !l->twice;
}

__attribute__((unused)) static void load_close(struct load *l)
{
	if (l->by_uring)
		io_uring_queue_exit(&l->ring);
}

#endif
