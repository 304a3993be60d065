// SPDX-License-Identifier: GPL-2.0
/*
 * Operations in flight when the one who wants them goes: a closed region, a
 * closed ring, a process that is killed, a target that is removed. Each ends
 * once, the device is free afterwards, and so is the module.
 *
 * VM: --nvme 64M,null=900000 --nvme 64M --append nvme.poll_queues=1 --append nvme.io_queue_depth=32
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "load.h"

static struct unified_io_setup setup = REGION_SETUP;
static const char *path;

static int region_with_target(unsigned int flags)
{
	struct unified_io_setup s = setup;
	struct unified_io_target t = { .flags = flags };
	int fd;

	s.cq_entries = LOAD_MAX;
	fd = region_open(&s);
	if (fd < 0 || add_target(fd, path, O_RDWR, &t)) {
		ok(false, "a region with a target: %s", strerror(errno));
		exit(done());
	}
	return fd;
}

/* Can the device be claimed? It is given up a moment after the last operation. */
static bool is_free(void)
{
	int i, fd;

	for (i = 0; i < 100; i++) {
		fd = open(path, O_RDWR | O_EXCL);
		if (fd >= 0) {
			close(fd);
			return true;
		}
		usleep(50000);
	}
	return false;
}

static bool no_region(void)
{
	struct unified_io_region_info info;
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR), i, ret = 0;

	for (i = 0; i < 100 && !ret; i++) {
		info.id = 1;
		ret = ioctl(fd, UNIFIED_IO_GET_REGION, &info);
		if (!ret)
			usleep(50000);
	}
	close(fd);
	return ret;
}

static void comes_back(unsigned int flags, bool by_uring, const char *what)
{
	int fd = region_with_target(flags);
	struct load l;

	load_open(&l, fd, by_uring, LOAD_MAX);
	load_run(&l, 20);
	load_drain(&l);
	ok(load_is_whole(&l) && l.good >= LOAD_MAX && !l.bad, "%s: %llu come back, each once", what,
	   (unsigned long long)l.good);
	load_close(&l);
	close(fd);
	ok(is_free(), "the device is free");
}

static void closed(unsigned int flags, bool by_uring, const char *what)
{
	int fd = region_with_target(flags);
	struct load l;

	load_open(&l, fd, by_uring, LOAD_MAX);
	load_submit(&l);
	close(fd);
	load_close(&l);
	ok(is_free() && no_region(), "%s: closed with %u in flight: it goes", what, l.in_flight);
}

static void killed(unsigned int flags, bool by_uring, const char *what)
{
	int ready[2], status;
	struct load l;
	pid_t pid;
	char c;

	if (pipe(ready))
		exit(1);
	pid = fork();
	if (!pid) {
		int fd = region_with_target(flags);

		load_open(&l, fd, by_uring, LOAD_MAX);
		load_submit(&l);
		if (write(ready[1], "x", 1) < 0)
			_exit(1);
		for (;;)
			load_run(&l, 1);
	}
	if (read(ready[0], &c, 1) != 1)
		exit(1);
	usleep(10000);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status), "%s: killed with %d in flight", what, LOAD_MAX);
	ok(is_free() && no_region(), "all of it is gone");
	close(ready[0]);
	close(ready[1]);
}

static void removed(unsigned int flags, bool by_uring, const char *what)
{
	struct unified_io_target t = {};
	int fd = region_with_target(flags);
	struct load l;

	load_open(&l, fd, by_uring, LOAD_MAX);
	load_submit(&l);
	ok(!ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t), "%s: the target is removed", what);
	ok(is_free(), "after what was in flight");
	load_drain(&l);
	ok(load_is_whole(&l) && (l.good == LOAD_MAX || l.last_error == -ENODEV),
	   "%llu came back, %llu refused", (unsigned long long)l.good, (unsigned long long)l.bad);
	load_run(&l, 1);
	load_drain(&l);
	ok(load_is_whole(&l) && l.last_error == -ENODEV, "later ones find no device");
	load_close(&l);
	close(fd);
}

int main(void)
{
	static const struct {
		unsigned int flags;
		bool by_uring;
		const char *what;
	} ways[] = {
		{ UNIFIED_TARGET_F_BLOCK, false, "block, ioctl" },
		{ UNIFIED_TARGET_F_BLOCK, true, "block, uring_cmd" },
		{ UNIFIED_TARGET_F_NVME, false, "NVMe, ioctl" },
		{ UNIFIED_TARGET_F_NVME, true, "NVMe, uring_cmd" },
	};
	unsigned int i;

	path = drive(0);
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		comes_back(ways[i].flags, ways[i].by_uring, ways[i].what);
		closed(ways[i].flags, ways[i].by_uring, ways[i].what);
		killed(ways[i].flags, ways[i].by_uring, ways[i].what);
		removed(ways[i].flags, ways[i].by_uring, ways[i].what);
	}
	return done();
}
