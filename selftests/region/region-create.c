// SPDX-License-Identifier: GPL-2.0
/*
 * unified_io_create() of unified_region.h: a region, its mapping, and its place
 * as fixed buffer 0 of a ring, in one call; and a file that is no ring.
 */
#include "region.h"
#include "unified_region.h"

static int ring(void)
{
	struct io_uring_params params = {};

	return syscall(__NR_io_uring_setup, 8, &params);
}

static struct unified_io_setup parameters(int uring_fd)
{
	struct unified_io_setup s = REGION_SETUP;

	s.uring_fd = uring_fd;
	return s;
}

int main(void)
{
	int rfd = ring(), fd = open(UNIFIED_IO_DEVICE, O_RDWR), other;
	struct unified_io_setup s = parameters(rfd);
	unsigned char *region = NULL;
	void *none = NULL;

	if (!ok(rfd >= 0 && fd >= 0, "a ring and the device"))
		return done();
	ok(!unified_io_create(fd, &s, (void **)&region), "a region is created");
	if (!ok(region, "and mapped"))
		return done();
	region[s.region_size - 1] = 1;
	ok(region_info(fd).nr_pinned > 0, "and is pinned by the ring");
	ok(syscall(__NR_io_uring_register, rfd, IORING_UNREGISTER_BUFFERS, NULL, 0) == 0,
	   "whose buffer it is");
	ok(unified_io_create(fd, &s, &none) == -EBUSY && !none, "a second one on the file: busy");
	close(fd);

	other = open(UNIFIED_IO_DEVICE, O_RDWR);
	s = parameters(other);
	ok(unified_io_create(other, &s, &none) < 0 && !none, "a file that is no ring is refused");
	ok(region_info(other).nr_maps == 0, "and nothing stays mapped");
	close(other);
	return done();
}
