// SPDX-License-Identifier: GPL-2.0
/*
 * A region of this process, and operations in it through a door, see io.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "io.h"
#include "io_uring_unified.h"
#include "target.h"
#include "unifiedctl.h"

/* What a region has besides its data area: queues, and slots for policies. */
#define OVERHEAD (2 << 20)

/* --- ioctl ------------------------------------------------------------------ */

static int ioctl_open(struct io *io)
{
	(void)io;
	return 0;
}

static void ioctl_close(struct io *io)
{
	(void)io;
}

static int ioctl_submit(struct io *io, const struct unified_descriptor *d)
{
	struct unified_io_submit submit = { .desc = *d };

	return ioctl(io->region.fd, UNIFIED_IO_SUBMIT, &submit) ? -errno : 0;
}

static int ioctl_wait(struct io *io, struct unified_completion *done)
{
	struct unified_io_complete complete = {
		.addr = (uintptr_t)done,
		.max = 1,
		.min = 1,
	};

	if (ioctl(io->region.fd, UNIFIED_IO_COMPLETE, &complete))
		return -errno;
	return complete.count ? 0 : -ENOMSG;
}

/* --- io_uring --------------------------------------------------------------- */

static int uring_open(struct io *io)
{
	return io_uring_queue_init(io->depth, &io->ring,
				   IORING_SETUP_SQE128 | IORING_SETUP_CQE32 |
					   IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
}

static void uring_close(struct io *io)
{
	io_uring_queue_exit(&io->ring);
}

static int uring_submit(struct io *io, const struct unified_descriptor *d)
{
	struct io_unified_region region = { .fd = io->region.fd };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&io->ring);
	int ret;

	if (!sqe)
		return -EBUSY;
	io_uring_prep_unified(sqe, &region, d->type, d->addr, d->len);
	*io_uring_unified_desc(sqe) = *d;
	sqe->user_data = d->user_data;
	do
		ret = io_uring_submit(&io->ring);
	while (ret == -EINTR);
	return ret < 0 ? ret : 0;
}

static int uring_wait(struct io *io, struct unified_completion *done)
{
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe(&io->ring, &cqe);

	if (ret)
		return ret;
	*done = (struct unified_completion){ .user_data = cqe->user_data };
	if (cqe->res < 0) {
		done->res = cqe->res;
		done->status = io_uring_unified_more(cqe);
	} else {
		done->len = cqe->res;
		done->result = io_uring_unified_more(cqe);
	}
	io_uring_cqe_seen(&io->ring, cqe);
	return 0;
}

/* --- the region ------------------------------------------------------------- */

static const struct io_door doors[] = {
	{ "uring_cmd", uring_open, uring_close, uring_submit, uring_wait },
	{ "ioctl", ioctl_open, ioctl_close, ioctl_submit, ioctl_wait },
};

const struct io_door *io_door(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(doors) / sizeof(*doors); i++)
		if (!strcmp(name, doors[i].name))
			return &doors[i];
	return NULL;
}

static int fail_ring(int err)
{
	if (err == -EPERM)
		return fail_because(
			err, "io_uring is switched off: sysctl kernel.io_uring_disabled=0, or "
			     "take --door ioctl");
	if (err == -ENOSYS || err == -EINVAL)
		return fail(err, "this kernel has no io_uring that will do: take --door ioctl");
	return fail(err, "cannot set a ring of io_uring up");
}

static uint32_t ring_size(unsigned int depth)
{
	uint32_t size = 1;

	while (size < depth)
		size *= 2;
	return size;
}

int io_open(struct io *io, const struct io_door *door, unsigned int depth, uint64_t area)
{
	int ret;

	area = (area + 4095) & ~4095ULL;
	*io = (struct io){ .door = door, .depth = depth };
	io->region.setup = (struct unified_io_setup){
		.region_size = (area + OVERHEAD + (uint64_t)depth * 256 + 4095) & ~4095ULL,
		.rx_size = area,
		.sq_entries = ring_size(depth),
		.cq_entries = ring_size(depth),
		.nvme_fd = -1,
	};
	ret = region_open(&io->region, "make --chunk or --qd smaller");
	if (ret)
		return ret;
	io->data = io->region.map + io->region.setup.offsets.data;
	io->refused = calloc(depth, sizeof(*io->refused));
	ret = io->refused ? door->open(io) : -ENOMEM;
	if (!ret)
		return EXIT_OK;
	free(io->refused);
	region_close(&io->region);
	return fail_ring(ret);
}

void io_close(struct io *io)
{
	io->door->close(io);
	target_remove_all(io->region.fd);
	free(io->refused);
	region_close(&io->region);
}

/* --- operations ------------------------------------------------------------- */

void io_submit(struct io *io, const struct unified_descriptor *d)
{
	int ret = io->door->submit(io, d);

	if (ret)
		io->refused[io->nr_refused++] = (struct unified_completion){
			.user_data = d->user_data,
			.res = ret,
		};
}

int io_wait(struct io *io, struct unified_completion *done)
{
	if (io->nr_refused) {
		*done = io->refused[--io->nr_refused];
		return 0;
	}
	return io->door->wait(io, done);
}
