// SPDX-License-Identifier: GPL-2.0
/*
 * VM: --threads multi
 *
 * UNIFIED_IO_SEAL: afterwards nobody maps the rings, nobody maps the receive
 * area writable, and nobody gets there from a mapping that is allowed, or by a
 * device; while a mapping that would be refused exists, the answer is EBUSY.
 */
#include <signal.h>
#include <sys/wait.h>

#include "io.h"

static struct unified_io_setup s = REGION_SETUP;
static int fd;

static bool refused(uint64_t offset, size_t len, int prot)
{
	void *map = region_map(fd, offset, len, prot);

	if (map == MAP_FAILED)
		return errno == EPERM;
	munmap(map, len);
	return false;
}

static bool allowed(uint64_t offset, size_t len, int prot)
{
	void *map = region_map(fd, offset, len, prot);

	if (map == MAP_FAILED)
		return false;
	munmap(map, len);
	return true;
}

/* A mapping that stands in the way, made, and after a while taken away. */
static void in_the_way(uint64_t offset, size_t len, int prot, const char *what)
{
	void *map = region_map(fd, offset, len, prot);

	ok(map != MAP_FAILED, "%s", what);
	fails_with(ioctl(fd, UNIFIED_IO_SEAL), EBUSY, "stands in the way");
	munmap(map, len);
}

static void obstacles(void)
{
	const struct unified_io_offsets *o = &s.offsets;
	char *map, *kept;
	int status;
	pid_t pid;

	in_the_way(0, s.region_size, PROT_READ | PROT_WRITE, "a mapping of everything");
	in_the_way(o->rings, 4096, PROT_READ, "of the first page of the rings, to read");
	in_the_way(o->rings + s.ring_size - 4096, 4096, PROT_NONE, "of their last, for nothing");
	in_the_way(o->rx, 4096, PROT_READ | PROT_WRITE, "of the receive area, to write");
	in_the_way(o->rx + s.rx_size - 4096, 8192, PROT_READ, "of its last page, may be written");

	map = region_map(fd, o->rings, 8192, PROT_READ);
	pid = fork();
	if (!pid)
		pause();
	munmap(map, 8192);
	fails_with(ioctl(fd, UNIFIED_IO_SEAL), EBUSY, "a child's mapping stands in the way");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);

	/* The part that would be refused is unmapped, the rest stays. */
	map = region_map(fd, 0, o->sq + 4096, PROT_READ | PROT_WRITE);
	munmap(map + o->rings, s.ring_size);
	kept = region_map(fd, o->slots, 4096, PROT_READ | PROT_WRITE);
	kept[0] = 1;
	ok(region_info(fd).sealed == 0, "so far it is not sealed");
	ok(!ioctl(fd, UNIFIED_IO_SEAL), "with the rings cut out of a mapping it seals");
	ok(region_info(fd).sealed == 1, "and says so");
	kept[1] = 2;
	map[0] = 1;
	ok(kept[0] == 1 && kept[1] == 2, "mappings of other parts go on working");
	munmap(map, 4096);
	munmap(map + o->sq, 4096);
	munmap(kept, 4096);
}

static void sealed(void)
{
	const struct unified_io_offsets *o = &s.offsets;
	int rw = PROT_READ | PROT_WRITE, status;
	char *map;

	ok(refused(0, s.region_size, rw), "a mapping of everything is refused");
	ok(refused(0, s.region_size, PROT_READ), "even to read");
	ok(refused(o->rings, 4096, PROT_READ), "the rings");
	ok(refused(o->rings + s.ring_size - 4096, 4096, PROT_NONE), "their last page");
	ok(refused(o->rx, 4096, rw), "the receive area, to write");
	ok(refused(o->rx, 4096, PROT_WRITE), "to write only");
	ok(refused(o->rx + s.rx_size - 4096, 8192, rw), "its last page");
	ok(allowed(0, 4096, rw), "not the control page");
	ok(allowed(o->sq, 4096, rw), "nor the queues");
	ok(allowed(o->slots, 4096, rw), "nor the slots");
	ok(allowed(o->rx, s.rx_size, PROT_READ), "nor the receive area, to read");

	map = region_map(fd, o->rx, 4096, PROT_READ);
	fails_with(mprotect(map, 4096, rw), EACCES, "mprotect does not make that writable");
	ok(!mprotect(map, 4096, PROT_NONE) && !mprotect(map, 4096, PROT_READ),
	   "nor is it in the way");
	ok(map[0] == 0, "it can be read");
	if (!fork()) {
		map[0] = 1;
		_exit(0);
	}
	wait(&status);
	ok(WIFSIGNALED(status), "and not written");
	munmap(map, 4096);
	ok(!ioctl(fd, UNIFIED_IO_SEAL), "sealing twice is no error");
}

/* What is forced through /proc/self/mem must not reach sealed memory either. */
static void through_mem(void)
{
	char *map = region_map(fd, s.offsets.rx, 4096, PROT_READ);
	int mem = open("/proc/self/mem", O_RDWR);

	ok(pwrite(mem, "x", 1, (off_t)(uintptr_t)map) < 0 && map[0] == 0,
	   "/proc/self/mem does not write it");
	close(mem);
	munmap(map, 4096);
}

/* A read into there, or a write from there. */
static int rw(const struct door *door, unsigned int flags, uint64_t addr, uint32_t len)
{
	struct unified_descriptor d = {
		.type = UNIFIED_REGION_F_NVME, .flags = flags, .addr = addr, .len = len
	};
	struct unified_completion done;

	return door->run(fd, &d, &done);
}

/* A read of two pieces, the second of them into a slot. The list is in another one. */
static int read_pieces(const struct door *door, uint64_t first)
{
	uint64_t slots = s.offsets.slots - s.offsets.data;
	struct unified_fragment *list =
		region_map(fd, s.offsets.slots + 8192, 4096, PROT_READ | PROT_WRITE);
	struct unified_descriptor d = { .type = UNIFIED_REGION_F_NVME,
					.flags = UNIFIED_DESC_F_READ | UNIFIED_DESC_F_GATHER,
					.addr = slots + 8192,
					.len = 8192,
					.nr_frags = 2 };
	struct unified_completion done;
	int ret;

	list[0] = (struct unified_fragment){ .addr = first, .len = 4096 };
	list[1] = (struct unified_fragment){ .addr = slots, .len = 4096 };
	ret = door->run(fd, &d, &done);
	munmap(list, 4096);
	return ret;
}

static bool received_nothing(void)
{
	char *map = region_map(fd, s.offsets.rx, s.rx_size, PROT_READ);
	bool nothing = !map[0] && !memcmp(map, map + 1, s.rx_size - 1);

	munmap(map, s.rx_size);
	return nothing;
}

/* What the drive has differs from what the receive area has, so that it would show. */
static void by_device(const struct door *door)
{
	const uint64_t slots = s.offsets.slots - s.offsets.data;
	const unsigned int in = UNIFIED_DESC_F_READ, out = UNIFIED_DESC_F_WRITE;
	char *map = region_map(fd, s.offsets.slots, 4096, PROT_READ | PROT_WRITE), disk[4096];

	memset(map, 0x55, 4096);
	ok(!rw(door, out, slots, 4096), "%s: something is on the drive", door->name);
	ok(rw(door, in, 0, 4096) == -EPERM, "it is not read into the receive area");
	ok(rw(door, in, s.rx_size - 512, 512) == -EPERM, "nor into its last block");
	ok(rw(door, in, s.rx_size - 512, 1024) == -EPERM, "nor beyond its end from there");
	ok(rw(door, in, 0, s.rx_size + 4096) == -EPERM, "nor into all of it and more");
	ok(read_pieces(door, 4096) == -EPERM, "nor in pieces, of which one is there");
	ok(received_nothing(), "nothing is there");
	memset(map, 0, 4096);
	ok(!rw(door, in, slots, 4096) && map[0] == 0x55 && map[4095] == 0x55,
	   "it is read into a slot");
	ok(!read_pieces(door, slots + 4096), "or two");
	ok(!rw(door, out, 4096, 4096) && !device_read(drive(0), disk, 4096, 0) && !disk[0],
	   "and the receive area is written to the drive");
	munmap(map, 4096);
}

int main(void)
{
	struct unified_io_target t = {};
	unsigned int i;

	fd = region_open(&s);
	if (!ok(fd >= 0 && !add_target(fd, drive(0), O_RDWR, &t), "a region with a target"))
		return done();
	/* Other tests wrote there, and it is read into the receive area. */
	ok(!rw(&doors[0], UNIFIED_DESC_F_WRITE, s.offsets.slots - s.offsets.data, 8192),
	   "nothing is on the drive");
	for (i = 0; i < sizeof(doors) / sizeof(*doors); i++)
		ok(!rw(&doors[i], UNIFIED_DESC_F_READ, 0, 4096) && !read_pieces(&doors[i], 4096),
		   "%s: before, a device writes to the receive area", doors[i].name);
	obstacles();
	sealed();
	through_mem();
	for (i = 0; i < sizeof(doors) / sizeof(*doors); i++)
		by_device(&doors[i]);
	close(fd);
	return done();
}
