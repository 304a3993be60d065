// SPDX-License-Identifier: GPL-2.0
/*
 * SUBMIT of an array and COMPLETE: as many as are wanted, in time, and none is
 * lost to a signal or a bad pointer; no more go in than can come out; and who waits
 * for many is not woken by each.
 *
 * VM: --nvme 64M,null=900000 --nvme 64M --append nvme.poll_queues=1 --append nvme.io_queue_depth=32
 */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "io.h"

/* A device that takes a second for each operation, and ends each on its own. */
#define SLOW "modprobe null_blk nr_devices=1 gb=1 irqmode=2 completion_nsec=1000000000"

static struct unified_io_setup setup = REGION_SETUP;
static uint32_t targets = 1;
static int fd;

static int submit(unsigned int n, unsigned int bad)
{
	static struct unified_descriptor d[512];
	struct unified_io_submit s = { .addr = (uintptr_t)d, .count = n };
	unsigned int i;

	for (i = 0; i < n; i++)
		d[i] = (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
						    .flags = UNIFIED_DESC_F_READ,
						    .addr = i * 4096,
						    .len = i == bad ? 1 : 4096,
						    .targets = targets,
						    .user_data = i };
	return ioctl(fd, UNIFIED_IO_SUBMIT, &s);
}

static int take(unsigned int max, unsigned int min, uint64_t timeout)
{
	static struct unified_completion done[512];
	struct unified_io_complete c = {
		.addr = (uintptr_t)done, .max = max, .min = min, .timeout_ns = timeout
	};

	return ioctl(fd, UNIFIED_IO_COMPLETE, &c) ? -errno : (int)c.count;
}

static void arrays(void)
{
	ok(submit(100, -1) == 100, "an array of 100");
	ok(region_info(fd).ledger.allocations, "for which memory was allocated");
	ok(take(100, 100, 0) == 100, "100 come back");
	ok(take(100, 10, 0) == 0, "with nothing under way there is nothing to wait for");
	ok(submit(10, 4) == 4, "the fifth is bad: four go in");
	ok(take(64, 64, 0) == 4, "and come back, though more were wanted");
	fails_with(submit(10, 0), EINVAL, "a bad first one");
	ok(submit(200, -1) == 128, "no more than the ring has room for");
	fails_with(submit(1, -1), EBUSY, "then none");
	ok(take(512, 128, 0) == 128, "until they are taken");
	ok(submit(1, -1) == 1 && take(1, 1, 0) == 1, "then again");
}

static void in_time(void)
{
	int i, ret = 0;

	/* On a busy machine they may be done before anybody asks. */
	for (i = 0; i < 100 && ret != -ETIME; i++) {
		submit(10, -1);
		ret = take(64, 10, 1);
	}
	ok(ret == -ETIME, "too few in time");
	ok(take(64, 10, 2000000000) == 10, "later they are there");
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A signal every so often, or no more. */
static void alarms(unsigned int usec)
{
	struct itimerval soon = { .it_value.tv_usec = usec, .it_interval.tv_usec = usec };
	struct sigaction act = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void interrupted(void)
{
	int i, n, got = 0, signals = 0;

	alarms(500);
	for (i = 0; i < 10; i++) {
		submit(64, -1);
		for (n = 0; n < 64;) {
			int ret = take(64 - n, 64 - n, 0);

			signals += ret == -EINTR;
			n += ret > 0 ? ret : 0;
		}
		got += n;
	}
	alarms(0);
	ok(got == 640 && signals, "%d signals lose none of 640", signals);
}

static void bad(void)
{
	struct unified_io_complete c = {};
	struct unified_io_submit s = {};
	struct unified_completion done[64];
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int empty = open(UNIFIED_IO_DEVICE, O_RDWR);

	submit(10, -1);
	c = (struct unified_io_complete){ .addr = 4096, .max = 64, .min = 10 };
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, &c), EFAULT, "nowhere to put them");
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, NULL), EFAULT, "no structure");
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, page), EFAULT, "one that cannot be written");
	c = (struct unified_io_complete){ .addr = (uintptr_t)done, .max = 64, .min = 10 };
	mprotect(page, 4096, PROT_WRITE);
	memcpy(page, &c, sizeof(c));
	mprotect(page, 4096, PROT_READ);
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, page), EFAULT,
		   "one that cannot be written, with room elsewhere");
	ok(take(64, 10, 0) == 10, "none was lost");
	c = (struct unified_io_complete){ .flags = 1 };
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, &c), EINVAL, "a flag");
	c = (struct unified_io_complete){ .resv[1] = 1 };
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, &c), EINVAL, "a reserved member");
	c = (struct unified_io_complete){ .addr = (uintptr_t)done };
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, &c), EINVAL, "room for none");
	c = (struct unified_io_complete){ .max = 1 };
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, &c), EINVAL, "room without a place");
	c = (struct unified_io_complete){ .addr = (uintptr_t)done, .max = 2, .min = 3 };
	fails_with(ioctl(fd, UNIFIED_IO_COMPLETE, &c), EINVAL, "a minimum above the room");
	c = (struct unified_io_complete){};
	fails_with(ioctl(empty, UNIFIED_IO_COMPLETE, &c), ENXIO, "COMPLETE without a region");
	s.count = 1;
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EFAULT, "an array at 0");
	s = (struct unified_io_submit){ .count = 32769, .addr = 4096 };
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EINVAL, "a longer array than any ring");
	s = (struct unified_io_submit){ .addr = 4096, .desc.type = UNIFIED_REGION_F_BPF };
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EINVAL, "an array of none");
	s = (struct unified_io_submit){ .flags = 1, .desc.type = UNIFIED_REGION_F_BPF };
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EINVAL, "a flag of SUBMIT");
	s = (struct unified_io_submit){ .desc.type = UNIFIED_REGION_F_BPF };
	fails_with(ioctl(empty, UNIFIED_IO_SUBMIT, &s), ENXIO, "SUBMIT without a region");
	close(empty);
	munmap(page, 4096);
}

static void too_slow(void)
{
	int ret;

	submit(1, -1);
	ok(take(1, 1, 1000000) == -ETIME, "one that takes its time is not there in a millisecond");
	alarms(20000);
	ret = take(1, 1, 0);
	ok(ret == -EINTR, "who waits for it is interrupted (%d)", ret);
	ret = take(1, 1, 60000000000ULL);
	ok(ret == -EINTR, "also with a limit (%d)", ret);
	alarms(0);
	ok(take(1, 1, 0) == 1, "later it is there");
}

struct waiter {
	uint64_t timeout;
	int taken;
	long sleeps;
};

static void *wait_for_64(void *arg)
{
	struct waiter *w = arg;
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	w->taken = take(64, 64, w->timeout);
	getrusage(RUSAGE_THREAD, &after);
	w->sleeps = after.ru_nvcsw - before.ru_nvcsw;
	return NULL;
}

/* They end as they were submitted, one after the other; there is always one under way. */
static void seldom_woken(uint64_t timeout, const char *how)
{
	struct waiter w = { .timeout = timeout };
	pthread_t thread;
	int i;

	submit(1, -1);
	pthread_create(&thread, NULL, wait_for_64, &w);
	for (i = 1; i < 64; i++) {
		usleep(2000);
		submit(1, -1);
	}
	pthread_join(thread, NULL);
	ok(w.taken == 64 && w.sleeps > 0 && w.sleeps < 8, "who waits for 64, %s, sleeps %ld times",
	   how, w.sleeps);
}

static void slow(void)
{
	struct unified_io_target t = {};

	if (!ok(!system("modprobe -rq null_blk; " SLOW) &&
			!add_target(fd, "/dev/nullb0", O_RDWR, &t),
		"a slow target"))
		return;
	targets = 1U << t.index;
	too_slow();
	seldom_woken(0, "as long as it takes");
	seldom_woken(60000000000ULL, "for a minute at most");
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
	ok(!system("modprobe -r null_blk"), "and is removed");
}

int main(void)
{
	struct unified_io_target t = {};

	fd = region_open(&setup);
	if (!ok(fd >= 0 && !add_target(fd, drive(0), O_RDWR, &t), "a region with a target"))
		return done();
	arrays();
	in_time();
	interrupted();
	bad();
	slow();
	return done();
}
