/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's iou-zcrx takes from liburing and 2.9 does not have yet: the
 * state of a refill ring, and the call that registers an interface queue. It is
 * included ahead of the program's own headers, so the kernel's io_uring.h is
 * the one that counts.
 */
#ifndef LIBURING_ZCRX_H
#define LIBURING_ZCRX_H

#include <linux/io_uring.h>

#include <liburing.h>
#include <liburing/io_uring_version.h>

#if IO_URING_VERSION_MAJOR == 2 && IO_URING_VERSION_MINOR < 10
struct io_uring_zcrx_rq {
	__u32 *khead;
	__u32 *ktail;
	__u32 rq_tail;
	unsigned int ring_entries;
	struct io_uring_zcrx_rqe *rqes;
	void *ring_ptr;
};

static inline int io_uring_register_ifq(struct io_uring *ring, void *reg)
{
	return io_uring_register(ring->ring_fd, IORING_REGISTER_ZCRX_IFQ, reg, 1);
}
#endif

#endif
