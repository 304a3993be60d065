// SPDX-License-Identifier: GPL-2.0
/*
 * UNIFIED_IO_SETUP: what it makes, and everything that it must refuse with the
 * errno that says which thing was wrong. Nothing stays behind of a refusal.
 */
#include <net/if.h>
#include <pthread.h>
#include <sys/wait.h>

#include "region.h"

/* Every SETUP here is made on one descriptor that must stay without a region. */
static int fd;

static void refused(struct unified_io_setup setup, int error, const char *what)
{
	struct unified_io_setup before = setup;

	fails_with(ioctl(fd, UNIFIED_IO_SETUP, &setup), error, what);
	if (memcmp(&before, &setup, sizeof(setup)))
		ok(false, "%s: the structure is left alone", what);
}

#define REFUSED(error, what, ...)                                                                  \
	do {                                                                                       \
		struct unified_io_setup s = REGION_SETUP;                                          \
		__VA_ARGS__;                                                                       \
		refused(s, error, what);                                                           \
	} while (0)

static void wrong_parameters(void)
{
	int pipes[2];

	if (pipe(pipes))
		exit(1);
	REFUSED(EINVAL, "a reserved field between others", s.resv2 = 1);
	REFUSED(EINVAL, "an unknown flag", s.flags = 1U << 31);
	REFUSED(EINVAL, "a reserved field, the first", s.resv[0] = 1);
	REFUSED(EINVAL, "a reserved field, the last", s.resv[3] = 1ULL << 63);
	REFUSED(EINVAL, "no submission queue", s.sq_entries = 0);
	REFUSED(EINVAL, "no completion queue", s.cq_entries = 0);
	REFUSED(EINVAL, "a queue of 3", s.sq_entries = 3);
	REFUSED(EINVAL, "a queue of 48", s.cq_entries = 48);
	REFUSED(EINVAL, "a queue that is too long", s.sq_entries = 65536);
	REFUSED(EINVAL, "a queue of 2^31", s.cq_entries = 1U << 31);
	REFUSED(EINVAL, "slots of 100", s.slot_size = 100);
	REFUSED(EINVAL, "slots of 1000", s.slot_size = 1000);
	REFUSED(EINVAL, "slots of 256", s.slot_size = 256);
	REFUSED(EINVAL, "slots of 2 MiB", s.slot_size = 2 * MIB);
	REFUSED(EINVAL, "a region of nothing", s.region_size = 0);
	REFUSED(EINVAL, "half a page more", s.region_size += 2048);
	REFUSED(EINVAL, "a region of 2^64 - 4096", s.region_size = -4096ULL);
	REFUSED(EINVAL, "a region of 2^63", s.region_size = 1ULL << 63);
	REFUSED(EINVAL, "a region just too large", s.region_size = UNIFIED_IO_MAX_SIZE + 4096);
	REFUSED(EINVAL, "rings of half a page", s.ring_size = 2048);
	REFUSED(EINVAL, "rings that fill the region", s.ring_size = s.region_size);
	REFUSED(EINVAL, "rings of 2^64 - 4096", s.ring_size = -4096ULL);
	REFUSED(EINVAL, "a receive area of half a page", s.rx_size = 2048);
	REFUSED(EINVAL, "a receive area that fills the region", s.rx_size = s.region_size);
	REFUSED(EINVAL, "rings and a receive area that fill it together",
		s.rx_size = s.region_size - s.ring_size);
	REFUSED(EINVAL, "sums that overflow", s.rx_size = -2 * MIB);
	REFUSED(EINVAL, "one page", s.region_size = 4096; s.ring_size = s.rx_size = 0);
	REFUSED(EINVAL, "a node without its flag", s.numa_node = 1);
	REFUSED(ERANGE, "a node below 0", s.flags = UNIFIED_IO_SETUP_NODE; s.numa_node = -1);
	REFUSED(ERANGE, "a node that is not there", s.flags = UNIFIED_IO_SETUP_NODE;
		s.numa_node = 1000);
	REFUSED(EINVAL, "an address without its flag", s.user_addr = 4096);
	REFUSED(EBADF, "a drive that is not open", s.nvme_fd = 999);
	REFUSED(ENODEV, "a drive that is a pipe", s.nvme_fd = pipes[0]);
	REFUSED(ENODEV, "a drive that is this device", s.nvme_fd = fd);
	REFUSED(EBADF, "a ring that is not open", s.uring_fd = 999);
	REFUSED(ENODEV, "an interface that is not there", s.net_ifindex = 999);
	REFUSED(ERANGE, "a queue that it does not have", s.net_ifindex = if_nametoindex("eth0");
		s.net_rxq = 999);
	REFUSED(EINVAL, "a queue of no interface", s.net_rxq = 1);
	REFUSED(ENOMEM, "more than there is", s.region_size = 1ULL << 34);
	fails_with(ioctl(fd, UNIFIED_IO_SETUP, NULL), EFAULT, "no structure");
	fails_with(ioctl(fd, _IOWR(UNIFIED_IO_MAGIC, 1, char[4096]), NULL), EFAULT, "a long one");
	fails_with(ioctl(fd, UNIFIED_IO_SEAL), ENXIO, "a seal without a region");
	ok(region_map(fd, 0, 4096, PROT_READ) == MAP_FAILED && errno == ENXIO, "a mapping of none");
	ok(region_info(fd).id == 0, "after all that there is no region");
	close(pipes[0]);
	close(pipes[1]);
}

static void newer_caller(void)
{
	struct {
		struct unified_io_setup setup;
		uint64_t more;
	} big = { .setup = REGION_SETUP };
	unsigned int cmd = _IOWR(UNIFIED_IO_MAGIC, 1, big);
	int other = open(UNIFIED_IO_DEVICE, O_RDWR);

	big.more = 1;
	fails_with(ioctl(other, cmd, &big), E2BIG, "a member that this module does not know");
	big.more = 0;
	ok(!ioctl(other, cmd, &big) && big.setup.id, "which is fine if it is 0");
	close(other);
}

static void layout(void)
{
	struct unified_io_setup s = REGION_SETUP;
	const struct unified_io_offsets *o = &s.offsets;
	struct unified_io_region_info info;
	int rfd = region_open(&s);

	if (!ok(rfd >= 0, "SETUP makes a region"))
		return;
	ok(s.id > 0, "with an id");
	ok(o->control == 0 && o->rings == 4096, "control and rings");
	ok(o->sq == o->rings + s.ring_size, "the submission queue after the rings");
	ok(o->cq == o->sq + 64 * sizeof(struct unified_descriptor), "the completion queue");
	ok(o->slot_states == o->cq + 128 * sizeof(struct unified_completion), "the slots' states");
	ok(o->data >= o->slot_states + s.nr_slots * sizeof(struct unified_slot), "the data area");
	ok(o->data % UNIFIED_IO_DATA_ALIGN == 0, "is aligned");
	ok(o->rx == o->data && o->slots >= o->rx + s.rx_size, "the receive area, the slots");
	ok(o->slots % 4096 == 0, "which are aligned to their size");
	ok(s.nr_slots > 1400 && o->slots + s.nr_slots * 4096ULL <= s.region_size,
	   "and fit: %u of them", s.nr_slots);

	info = region_info(rfd);
	ok(info.id == s.id && info.size == s.region_size && info.nr_slots == s.nr_slots &&
		   !memcmp(&info.offsets, o, sizeof(*o)),
	   "GET_INFO tells the same");
	ok(info.nr_folios && info.max_order >= info.min_order && info.max_order <= 9,
	   "its memory is %u folios of orders %u to %u", info.nr_folios, info.min_order,
	   info.max_order);
	ok(info.owner_pid == (uint32_t)getpid(), "and who made it");
	fails_with(ioctl(rfd, UNIFIED_IO_SETUP, &s), EBUSY, "a second SETUP");
	close(rfd);

	s = (struct unified_io_setup)REGION_SETUP;
	s.slot_size = 65536;
	s.rx_size = 4096;
	rfd = region_open(&s);
	ok(rfd >= 0 && o->slots % 65536 == 0 && o->slots >= o->rx + s.rx_size &&
		   o->slots + s.nr_slots * 65536ULL <= s.region_size,
	   "larger slots are aligned to their size, too");
	close(rfd);
}

static void *race(void *arg)
{
	struct unified_io_setup s = REGION_SETUP;
	int rfd = *(int *)arg;

	s.region_size = 4 * MIB;
	s.ring_size = s.rx_size = 0;
	return (void *)(long)(ioctl(rfd, UNIFIED_IO_SETUP, &s) ? errno : 0);
}

/* Two threads, one descriptor: one of them gets a region, the other EBUSY. */
static void two_at_once(void)
{
	int i, good = 0;

	for (i = 0; i < 100; i++) {
		int rfd = open(UNIFIED_IO_DEVICE, O_RDWR);
		pthread_t thread;
		void *other;
		long mine;

		pthread_create(&thread, NULL, race, &rfd);
		mine = (long)race(&rfd);
		pthread_join(thread, &other);
		if ((!mine && (long)other == EBUSY) || (mine == EBUSY && !other))
			good++;
		close(rfd);
	}
	ok(good == 100, "two threads at once, 100 times: one of them wins (%d)", good);
}

static void ids(void)
{
	struct unified_io_region_info info = {};
	struct unified_io_setup s;
	int fds[4], i, seen = 0;
	uint32_t id[4];

	for (i = 0; i < 4; i++) {
		s = (struct unified_io_setup)REGION_SETUP;
		fds[i] = region_open(&s);
		id[i] = s.id;
	}
	ok(fds[3] >= 0 && id[0] != id[1] && id[1] != id[2] && id[2] != id[3],
	   "four regions in one process");
	for (info.id = 1; !ioctl(fd, UNIFIED_IO_GET_REGION, &info); info.id++)
		seen++;
	ok(errno == ENOENT && seen == 4, "GET_REGION finds them (%d)", seen);
	close(fds[1]);
	info.id = id[1];
	for (i = 0; i < 100 && !ioctl(fd, UNIFIED_IO_GET_REGION, &info) && info.id == id[1]; i++)
		usleep(10000);
	ok(info.id == id[2], "a closed one is gone, and the next is found in its place");
	close(fds[0]);
	close(fds[2]);
	close(fds[3]);
	info.id = 1;
	fails_with(ioctl(fd, UNIFIED_IO_GET_REGION, &info), ENOENT, "with none left");
	s = (struct unified_io_setup)REGION_SETUP;
	fds[0] = region_open(&s);
	ok(s.id > id[3], "the id of one that is gone is not the next one's");
	close(fds[0]);
}

/* A descriptor that was passed on gives its own region and no view of others. */
static void as_nobody(void)
{
	struct unified_io_setup s = REGION_SETUP;
	int rfd = region_open(&s), status;

	if (!fork()) {
		struct unified_io_region_info info = { .id = 1 };

		if (setuid(65534))
			_exit(1);
		if (region_info(rfd).id != s.id)
			_exit(2);
		if (!ioctl(rfd, UNIFIED_IO_GET_REGION, &info) || errno != EPERM)
			_exit(3);
		if (region_map(rfd, 0, 4096, PROT_READ | PROT_WRITE) == MAP_FAILED)
			_exit(4);
		_exit(0);
	}
	wait(&status);
	ok(status == 0, "nobody, given a descriptor, sees its region and no other (%d)",
	   status >> 8);
	close(rfd);
}

int main(void)
{
	fd = open(UNIFIED_IO_DEVICE, O_RDWR);
	if (!ok(fd >= 0, "the device opens"))
		return done();
	wrong_parameters();
	newer_caller();
	layout();
	two_at_once();
	ids();
	as_nobody();
	return done();
}
