// SPDX-License-Identifier: GPL-2.0
/*
 * A device that takes its time: who waits for the end of its operations can be
 * killed, what he began goes on, and the module is there until the last of them
 * ended, although no file is open.
 */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "io.h"

#define PATH	   "/dev/nullb0"
#define NULL_BLK   "modprobe null_blk nr_devices=1 gb=1 irqmode=2 completion_nsec=2000000000"
#define A_MOMENT   300000 /* microseconds, much less than an operation takes */
#define A_LONGTIME 10

static int open_region(void)
{
	struct unified_io_setup setup = REGION_SETUP;

	return region_open(&setup);
}

static int submit(int fd)
{
	struct unified_io_submit submit = {
		.desc = { .type = UNIFIED_REGION_F_NVME, .flags = UNIFIED_DESC_F_READ, .len = 4096 }
	};

	return ioctl(fd, UNIFIED_IO_SUBMIT, &submit);
}

/* How many operations ended well. With min 0, until now. */
static int ended(int fd, unsigned int min)
{
	struct unified_io_complete complete = { .min = min };

	if (ioctl(fd, UNIFIED_IO_COMPLETE, &complete))
		return -errno;
	return complete.count == 1 && complete.completions[0].res ? -1 : (int)complete.count;
}

/* It is closed a moment after its last operation. */
static bool add_again(int fd, struct unified_io_target *t)
{
	int i;

	for (i = 0; i < A_LONGTIME * 20; i++) {
		*t = (struct unified_io_target){};
		if (!add_target(fd, PATH, O_RDWR, t))
			return true;
		usleep(50000);
	}
	return false;
}

static void removed(int fd)
{
	struct unified_io_target t = {}, second = {};
	int status;
	pid_t pid;

	ok(!submit(fd), "an operation that takes its time");
	pid = fork();
	if (!pid) {
		ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
		_exit(0);
	}
	usleep(A_MOMENT);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && !ended(fd, 0), "who removes its target can be killed meanwhile");
	fails_with(ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t), ENODEV, "it is removed all the same");
	fails_with(submit(fd), ENODEV, "later operations");
	fails_with(ioctl(fd, UNIFIED_IO_GET_TARGET, &second), ENOENT, "a list of targets");
	fails_with(add_target(fd, PATH, O_RDWR, &second), EBUSY, "its device");
	ok(ended(fd, 1) == 1, "the operation ends well");
	ok(add_again(fd, &second) && !second.index, "device and index are free then");

	ok(!submit(fd) && !ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &second) && ended(fd, 0) == 1,
	   "who is not killed waits for the end");
}

static void closed(int fd)
{
	struct unified_io_target t;

	ok(add_again(fd, &t) && !submit(fd) && !close(fd), "closed with an operation under way");
	fails_with(syscall(SYS_delete_module, "unified_io_region", O_NONBLOCK), EWOULDBLOCK,
		   "unloading the module");
	fd = open_region();
	fails_with(add_target(fd, PATH, O_RDWR, &t), EBUSY, "its device");
	ok(add_again(fd, &t), "is free when that ended");
	close(fd);
}

int main(void)
{
	int fd;

	if (system("modprobe -rq null_blk; " NULL_BLK))
		skip_all("no null_blk");
	fd = open_region();
	if (!ok(fd >= 0 && !add_target(fd, PATH, O_RDWR, &(struct unified_io_target){}),
		"a region with a target"))
		return done();
	removed(fd);
	closed(fd);
	ok(!system("modprobe -r null_blk"), "nothing is left of it");
	return done();
}
