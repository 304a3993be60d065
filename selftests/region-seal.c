// SPDX-License-Identifier: GPL-2.0
/*
 * VM: --threads multi
 *
 * UNIFIED_IO_SEAL: afterwards nobody maps the rings, nobody maps the receive
 * area writable, and nobody gets there from a mapping that is allowed; while a
 * mapping that would be refused exists, the answer is EBUSY.
 */
#include <signal.h>
#include <sys/wait.h>

#include "region.h"

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

int main(void)
{
	fd = region_open(&s);
	if (!ok(fd >= 0, "a region"))
		return done();
	obstacles();
	sealed();
	through_mem();
	close(fd);
	return done();
}
