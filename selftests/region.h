/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Regions for tests.
 */
#ifndef REGION_H
#define REGION_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "selftest.h"
#include "unified_io.h"

#define MIB (1024UL * 1024)

/* 16 MiB with 2 MiB for rings and 8 MiB to receive into. */
#define REGION_SETUP                                                                               \
	{ .region_size = 16 * MIB,                                                                 \
	  .sq_entries = 64,                                                                        \
	  .cq_entries = 128,                                                                       \
	  .ring_size = 2 * MIB,                                                                    \
	  .rx_size = 8 * MIB,                                                                      \
	  .nvme_fd = -1,                                                                           \
	  .uring_fd = -1 }

/* A device file with a region of those parameters, which are filled in. */
__attribute__((unused)) static int region_open(struct unified_io_setup *setup)
{
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (ioctl(fd, UNIFIED_IO_SETUP, setup)) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

__attribute__((unused)) static struct unified_io_region_info region_info(int fd)
{
	struct unified_io_info info = {};

	ioctl(fd, UNIFIED_IO_GET_INFO, &info);
	return info.region;
}

__attribute__((unused)) static void *region_map(int fd, uint64_t offset, size_t len, int prot)
{
	return mmap(NULL, len, prot, MAP_SHARED, fd, offset);
}

#endif
