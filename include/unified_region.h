/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * For programs: what a region needs of user space to be set up in one call.
 */
#ifndef UNIFIED_REGION_H
#define UNIFIED_REGION_H

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unified_io.h"

/*
 * Set a region up on an open file of UNIFIED_IO_DEVICE, map all of it, and
 * register it as the only fixed buffer, number 0, of setup->uring_fd if that is
 * more than 0: no module can do this for its caller.
 *
 * Returns 0 with *region set, or -errno; then nothing is mapped, and the file is
 * to be closed.
 */
static inline int unified_io_create(int fd, struct unified_io_setup *setup, void **region)
{
	int own = setup->flags & UNIFIED_IO_SETUP_USER_MEMORY, ret;
	struct iovec iov = { .iov_len = setup->region_size };

	*region = NULL;
	if (ioctl(fd, UNIFIED_IO_SETUP, setup))
		return -errno;
	iov.iov_base =
		own ? (void *)(unsigned long)setup->user_addr
		    : mmap(NULL, setup->region_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (iov.iov_base == MAP_FAILED)
		return -errno;
	if (setup->uring_fd > 0 &&
	    syscall(__NR_io_uring_register, setup->uring_fd, IORING_REGISTER_BUFFERS, &iov, 1)) {
		ret = -errno;
		if (!own)
			munmap(iov.iov_base, iov.iov_len);
		return ret;
	}
	*region = iov.iov_base;
	return 0;
}

#endif
