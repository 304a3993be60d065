// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that know no submission without waiting: what comes by io_uring is submitted
 * by the work of each target in turn, and each of its commands is one that may wait.
 */
#include "io.h"

#define BOTH 3 /* targets */

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data, *disk;
static int fd;

static bool is_on(const char *path, size_t len)
{
	return !device_read(path, disk, len, 0) && !memcmp(disk, data, len);
}

static void both(const struct door *door)
{
	struct unified_descriptor d = { .type = UNIFIED_REGION_F_NVME,
					.flags = UNIFIED_DESC_F_WRITE,
					.targets = BOTH,
					.len = 65536 };
	struct unified_completion done;
	static unsigned int seed;
	int ret;

	fill(data, d.len, ++seed);
	ret = door->run(fd, &d, &done);
	ok(!ret, "%s: a write to both (%s)", door->name, strerror(-ret));
	ok(is_on("/dev/zram0", d.len) && is_on("/dev/zram1", d.len), "is on both");
	d = (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
					 .opcode = UNIFIED_OP_FLUSH,
					 .targets = BOTH };
	ret = door->run(fd, &d, &done);
	ok(!ret, "so is a flush (%s)", strerror(-ret));
	d.opcode = UNIFIED_OP_DISCARD;
	d.len = 65536;
	ret = door->run(fd, &d, &done);
	memset(data, 0, d.len);
	ok(!ret && is_on("/dev/zram0", d.len) && is_on("/dev/zram1", d.len), "and a discard (%s)",
	   strerror(-ret));
}

int main(void)
{
	struct unified_io_target t = {};

	if (system("modprobe zram num_devices=2 && echo 64M >/sys/block/zram0/disksize && "
		   "echo 64M >/sys/block/zram1/disksize"))
		skip_all("this kernel has no zram");
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	data = region_map(fd, setup.offsets.data, MIB, PROT_READ | PROT_WRITE);
	disk = aligned_alloc(4096, 65536);
	ok(!add_target(fd, "/dev/zram0", O_RDWR, &t) && !add_target(fd, "/dev/zram1", O_RDWR, &t),
	   "two targets");
	both(&doors[0]);
	both(&doors[1]);
	munmap(data, MIB);
	close(fd);
	ok(unload_driver("zram"), "the devices go");
	return done();
}
