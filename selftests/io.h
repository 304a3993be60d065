/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations for tests, through each door.
 */
#ifndef IO_H
#define IO_H

#include <linux/io_uring.h>

#include "io_uring_unified.h"
#include "region.h"

/* What a door answers: 0, or -errno; more is in the completion. */
struct door {
	const char *name;
	int (*run)(int fd, struct unified_descriptor *d, struct unified_completion *done);
};

/* One operation, from SUBMIT to COMPLETE. */
__attribute__((unused)) static int ioctl_run(int fd, struct unified_descriptor *d,
					     struct unified_completion *done)
{
	struct unified_io_submit submit = { .desc = *d };
	struct unified_io_complete complete = { .min = 1 };

	memset(done, 0, sizeof(*done));
	if (ioctl(fd, UNIFIED_IO_SUBMIT, &submit))
		return -errno;
	if (d->type == UNIFIED_REGION_F_BPF)
		return 0;
	if (ioctl(fd, UNIFIED_IO_COMPLETE, &complete))
		return -errno;
	if (complete.count != 1)
		return -ENOMSG;
	*done = complete.completions[0];
	return done->res;
}

__attribute__((unused)) static struct io_uring *uring(void)
{
	static struct io_uring ring;

	if (!ring.ring_fd &&
	    io_uring_queue_init(64, &ring,
				IORING_SETUP_SQE128 | IORING_SETUP_CQE32 |
					IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)) {
		puts("Bail out! no ring");
		exit(1);
	}
	return &ring;
}

__attribute__((unused)) static int uring_run(int fd, struct unified_descriptor *d,
					     struct unified_completion *done)
{
	struct io_unified_region region = { .fd = fd };
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring());
	struct io_uring_cqe *cqe;
	int ret;

	if (!sqe)
		return -ENOSR;
	io_uring_prep_unified(sqe, &region, d->type, d->addr, d->len);
	*io_uring_unified_desc(sqe) = *d;
	sqe->user_data = d->user_data;
	io_uring_submit(uring());
	do
		ret = io_uring_wait_cqe(uring(), &cqe);
	while (ret == -EINTR);
	if (ret)
		return -ENOMSG;
	*done = (struct unified_completion){
		.user_data = cqe->user_data,
		.res = cqe->res < 0 ? cqe->res : 0,
		.len = cqe->res < 0 ? 0 : cqe->res,
		.status = cqe->res < 0 ? io_uring_unified_more(cqe) : 0,
		.result = cqe->res < 0 ? 0 : io_uring_unified_more(cqe),
	};
	io_uring_cqe_seen(uring(), cqe);
	return done->res;
}

__attribute__((unused)) static const struct door doors[] = {
	{ "ioctl", ioctl_run },
	{ "uring_cmd", uring_run },
};

/* A region's devices are closed by a work item, a moment after its last file. */
__attribute__((unused)) static bool unload_driver(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "for i in $(seq 50); do rmmod %s 2>/dev/null && exit; sleep 0.1; done; exit 1",
		 name);
	return !system(command);
}

__attribute__((unused)) static int add_target(int fd, const char *path, int mode,
					      struct unified_io_target *target)
{
	int device = open(path, mode | O_CLOEXEC), ret;

	if (device < 0)
		return -1;
	target->fd = device;
	ret = ioctl(fd, UNIFIED_IO_ADD_TARGET, target);
	if (ret) {
		int error = errno;

		close(device);
		errno = error;
		return ret;
	}
	close(device);
	return 0;
}

/* The block device of the VM's drive with that number, as --nvme was given. */
__attribute__((unused)) static const char *drive(int nr)
{
	static char path[64];
	char command[256];
	FILE *f;

	snprintf(command, sizeof(command),
		 "bash -c '. /vm/sources/selftest.sh; drive %d' 2>/dev/null", nr);
	f = popen(command, "r");
	strcpy(path, "/dev/");
	if (!f || !fgets(path + 5, sizeof(path) - 5, f))
		skip_all("there is no drive %d in this VM", nr);
	pclose(f);
	path[strcspn(path, "\n")] = '\0';
	return path;
}

/* The same drive's character device. */
__attribute__((unused)) static const char *generic(const char *disk)
{
	static char path[64];

	snprintf(path, sizeof(path), "/dev/ng%s", disk + strlen("/dev/nvme"));
	return path;
}

/* What the device has, behind everything's back. */
__attribute__((unused)) static int device_read(const char *path, void *data, size_t len,
					       uint64_t offset)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *aligned = aligned_alloc(4096, len);
	int ret = pread(fd, aligned, len, offset) == (ssize_t)len ? 0 : -1;

	memcpy(data, aligned, len);
	free(aligned);
	close(fd);
	return ret;
}

__attribute__((unused)) static void fill(void *data, size_t len, unsigned int seed)
{
	uint32_t *words = data, x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len / 4; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		words[i] = x;
	}
}

#endif
