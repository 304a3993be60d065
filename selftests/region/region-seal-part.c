// SPDX-License-Identifier: GPL-2.0
/*
 * UNIFIED_IO_SEAL_PART: of the receive area only what was sealed cannot be mapped
 * writable, or written by a device, and the rings not mapped at all; more can be
 * sealed later, while nobody has that mapped.
 */
#include "io.h"

#define PAGE 4096

static struct unified_io_setup s = REGION_SETUP;
static int fd;

static int seal(uint64_t offset, uint64_t len)
{
	struct unified_io_seal part = { .offset = offset, .len = len };

	return ioctl(fd, UNIFIED_IO_SEAL_PART, &part);
}

static void cannot(uint64_t offset, size_t len, int prot, const char *what)
{
	void *map = region_map(fd, offset, len, prot);

	ok(map == MAP_FAILED && errno == EPERM, "cannot be mapped: %s", what);
	if (map != MAP_FAILED)
		munmap(map, len);
}

static void can(uint64_t offset, size_t len, int prot, const char *what)
{
	void *map = region_map(fd, offset, len, prot);

	ok(map != MAP_FAILED, "can be mapped: %s", what);
	if (map != MAP_FAILED)
		munmap(map, len);
}

static int read_into(const struct door *door, uint64_t addr, uint32_t len)
{
	struct unified_descriptor d = { .type = UNIFIED_REGION_F_NVME,
					.flags = UNIFIED_DESC_F_READ,
					.addr = addr,
					.len = len };
	struct unified_completion done;

	return door->run(fd, &d, &done);
}

/* A device writes to that part of the receive area, or the answer is an errno. */
static void device(uint64_t addr, uint32_t len, int error, const char *what)
{
	int by_ioctl = read_into(&doors[0], addr, len), by_uring = read_into(&doors[1], addr, len);

	if (!ok(by_ioctl == -error && by_uring == -error, "%s by a device: %s",
		error ? "cannot be written" : "can be written", what))
		diag("%s: %d, %s: %d", doors[0].name, by_ioctl, doors[1].name, by_uring);
}

static void wrong(void)
{
	const struct unified_io_offsets *o = &s.offsets;
	struct unified_io_seal resv = { .offset = o->rx, .len = PAGE, .resv = { 1 } };

	fails_with(seal(o->rx, 0), EINVAL, "nothing");
	fails_with(seal(o->rx + 1, PAGE), EINVAL, "from within a page");
	fails_with(seal(o->rx, PAGE + 1), EINVAL, "up to within one");
	fails_with(seal(o->rx - PAGE, PAGE), ERANGE, "in front of the receive area");
	fails_with(seal(o->rx, s.rx_size + PAGE), ERANGE, "more than it");
	fails_with(seal(o->rx + s.rx_size, PAGE), ERANGE, "behind it");
	fails_with(seal(o->rx + PAGE, -PAGE), ERANGE, "a length that wraps");
	fails_with(ioctl(fd, UNIFIED_IO_SEAL_PART, &resv), EINVAL, "a reserved field");
	ok(!region_info(fd).sealed, "nothing of that seals");
}

int main(void)
{
	const struct unified_io_offsets *o = &s.offsets;
	struct unified_io_target t = {};
	int rw = PROT_READ | PROT_WRITE;
	char *map;

	fd = region_open(&s);
	if (!ok(fd >= 0 && !add_target(fd, drive(0), O_RDWR, &t), "a region with a target"))
		return done();
	wrong();
	device(0, s.rx_size, 0, "all of it");

	map = region_map(fd, o->rings, PAGE, PROT_READ);
	fails_with(seal(o->rx, PAGE), EBUSY, "the rings are mapped");
	munmap(map, PAGE);
	map = region_map(fd, o->rx + PAGE, PAGE, rw);
	map[0] = 1;
	ok(!seal(o->rx, PAGE), "the first page is sealed, while the second is mapped");
	ok(region_info(fd).sealed == 1, "which is told");
	fails_with(seal(o->rx + PAGE, PAGE), EBUSY, "but not that one");
	cannot(o->rings, PAGE, PROT_READ, "the rings");
	cannot(o->rx, PAGE, rw, "the first page");
	cannot(o->rx, 2 * PAGE, rw, "nor with the second");
	cannot(0, s.region_size, rw, "all of it");
	can(o->rx, s.rx_size, PROT_READ, "the receive area, to read");
	can(o->rx + PAGE, s.rx_size - PAGE, rw, "what is behind the first page");
	device(0, PAGE, EPERM, "the first page");
	device(PAGE - 512, 512, EPERM, "its last block");
	device(PAGE - 512, 1024, EPERM, "that, and one of the second");
	device(0, s.rx_size, EPERM, "all of it");
	device(PAGE, s.rx_size - PAGE, 0, "what is behind the first page");
	munmap(map, PAGE);
	ok(!seal(o->rx + PAGE, PAGE), "it is sealed when nobody has it");
	cannot(o->rx + PAGE, PAGE, rw, "then");
	device(2 * PAGE - 512, 1024, EPERM, "its last block, and one of the third");
	can(o->rx + 2 * PAGE, PAGE, rw, "the third");
	ok(!seal(o->rx + s.rx_size - PAGE, PAGE), "the last page is sealed");
	cannot(o->rx + s.rx_size - PAGE, PAGE, rw, "it");
	can(o->rx + 2 * PAGE, s.rx_size - 3 * PAGE, rw, "what is between");
	can(o->slots, PAGE, rw, "what is behind the receive area");
	device(s.rx_size - 512, 1024, EPERM, "the last block, and what is behind");
	device(s.rx_size - PAGE - 512, 1024, EPERM, "what is between, and the last page");
	device(2 * PAGE, s.rx_size - 3 * PAGE, 0, "what is between");
	device(s.rx_size, PAGE, 0, "what is behind the receive area");

	map = region_map(fd, o->rx + 2 * PAGE, PAGE, rw);
	fails_with(ioctl(fd, UNIFIED_IO_SEAL), EBUSY, "the rest is mapped");
	munmap(map, PAGE);
	ok(!ioctl(fd, UNIFIED_IO_SEAL), "the rest is sealed");
	cannot(o->rx + 2 * PAGE, PAGE, rw, "the third page");
	device(2 * PAGE, PAGE, EPERM, "the third page");
	device(s.rx_size, PAGE, 0, "what is behind the receive area");
	ok(!seal(o->rx, PAGE), "once more is no error");
	cannot(o->rx + 2 * PAGE, PAGE, rw, "nor does it open anything: the third page");
	close(fd);
	return done();
}
