// SPDX-License-Identifier: GPL-2.0
/*
 * UNIFIED_IO_GET_INFO, as callers built with an older, this, and a newer header
 * make it, and everything else that an ioctl can get wrong.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "selftest.h"
#include "unified_io.h"

#define GET_INFO_OF_SIZE(n) _IOC(_IOC_READ, UNIFIED_IO_MAGIC, 5, n)

/* As the module says it in chardev.c: an ABI does not change its size unnoticed. */
_Static_assert(sizeof(struct unified_descriptor) == 64, "descriptor");
_Static_assert(sizeof(struct unified_completion) == 32, "completion");
_Static_assert(sizeof(struct unified_slot) == 16, "slot");
_Static_assert(sizeof(struct unified_io_setup) == 176, "setup");
_Static_assert(sizeof(struct unified_io_info) == 320, "info");
_Static_assert(sizeof(struct unified_io_bpf) == 64, "bpf");
_Static_assert(sizeof(struct unified_io_policy_info) == 192, "policy_info");

int main(void)
{
	struct {
		struct unified_io_info info;
		char more[32];
	} big;
	unsigned char *page;
	struct stat st;
	int fd;

	fd = open(UNIFIED_IO_DEVICE, O_RDWR);
	if (!ok(fd >= 0, "the device opens"))
		return done();

	memset(&big, 0xee, sizeof(big));
	ok(!ioctl(fd, UNIFIED_IO_GET_INFO, &big), "GET_INFO takes nothing and answers");
	ok(big.info.version && big.info.policies == 0, "a version, and no policies");
	ok(big.info.features & UNIFIED_IO_FEAT_POLICY, "the feature of policies");
	ok(!(big.info.features &
	     ~(UNIFIED_IO_FEAT_POLICY | UNIFIED_IO_FEAT_REGION | UNIFIED_IO_FEAT_PROCESS |
	       UNIFIED_IO_FEAT_STORAGE | UNIFIED_IO_FEAT_URING | UNIFIED_IO_FEAT_NO_COPY)),
	   "and none that this test does not know");
	ok((unsigned char)big.more[0] == 0xee, "nothing is written past the structure");

	memset(&big, 0xee, sizeof(big));
	ok(!ioctl(fd, GET_INFO_OF_SIZE(4), &big), "an older caller, with a shorter structure");
	ok(big.info.version && big.info.policies == 0xeeeeeeee, "gets what it has room for");

	memset(&big, 0xee, sizeof(big));
	ok(!ioctl(fd, GET_INFO_OF_SIZE(sizeof(big)), &big), "a newer caller, with a longer one");
	ok(!big.more[0] && !big.more[31], "finds zeroes in what this module does not know");

	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	fails_with(ioctl(fd, UNIFIED_IO_GET_INFO, page + 4092), EFAULT, "a pointer into nowhere");
	fails_with(ioctl(fd, UNIFIED_IO_GET_INFO, NULL), EFAULT, "no pointer at all");
	fails_with(ioctl(fd, GET_INFO_OF_SIZE(8192), page), EFAULT, "more than there is room for");
	fails_with(ioctl(fd, _IOW(UNIFIED_IO_MAGIC, 5, struct unified_io_info), &big), ENOTTY,
		   "the number with another direction");
	fails_with(ioctl(fd, _IO(UNIFIED_IO_MAGIC, 0xff), &big), ENOTTY, "an unknown number");
	fails_with(ioctl(fd, _IOR('x', 5, struct unified_io_info), &big), ENOTTY,
		   "another driver's number");
	fails_with(read(fd, &big, 1), EINVAL, "read");
	fails_with(write(fd, &big, 1), EINVAL, "write");

	ok(!fstat(fd, &st) && (st.st_mode & 0777) == 0600, "the device is root's alone");
	close(fd);
	ok(!setuid(65534), "as an ordinary user");
	fails_with(open(UNIFIED_IO_DEVICE, O_RDWR), EACCES, "the device does not open");
	return done();
}
