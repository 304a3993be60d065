// SPDX-License-Identifier: GPL-2.0
/*
 * Reads, writes, flushes, zeroes, discards and compares, through each door, on
 * a target driven by the block layer and on one driven by NVMe commands: the
 * device has what was written, and the completion tells all.
 *
 *	storage [DEVICE]	with a device: that one, by the block layer only
 */
#include <linux/fs.h>

#include "io.h"

#define SIZE 65536

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data, *disk;
static const char *path;
static int fd;

static struct unified_descriptor rw(unsigned int flags, uint64_t lba, uint64_t addr, uint32_t len)
{
	return (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
					    .flags = flags,
					    .lba = lba,
					    .addr = addr,
					    .len = len,
					    .user_data = 0x1234 };
}

static int simple(const struct door *door, unsigned int opcode, uint64_t lba, uint32_t len)
{
	struct unified_descriptor d = {
		.type = UNIFIED_REGION_F_NVME, .opcode = opcode, .lba = lba, .len = len
	};
	struct unified_completion done;

	return door->run(fd, &d, &done);
}

static void moves_data(const struct door *door, const struct unified_io_target *t)
{
	const char *kind = t->kind == UNIFIED_TARGET_NVME ? "NVMe" : "block";
	struct unified_descriptor d = rw(UNIFIED_DESC_F_WRITE, 128, 0, SIZE);
	struct unified_completion done;
	int ret;

	fill(data, SIZE, t->kind * 7 + door->name[0]);
	ret = door->run(fd, &d, &done);
	ok(!ret && done.len == SIZE && done.user_data == 0x1234, "%s, %s: a write (%d)", door->name,
	   kind, ret);
	ok(!device_read(path, disk, SIZE, 128 * t->lba_size) && !memcmp(disk, data, SIZE),
	   "the device has the data");
	d = rw(UNIFIED_DESC_F_READ, 128, SIZE, SIZE);
	ret = door->run(fd, &d, &done);
	ok(!ret && done.len == SIZE && !memcmp(data, data + SIZE, SIZE), "a read has it (%d)", ret);
	d = rw(UNIFIED_DESC_F_WRITE | UNIFIED_DESC_F_FUA, 0, 512, 4096);
	ok(!door->run(fd, &d, &done), "a write with FUA");
	ok(!device_read(path, disk, 4096, 0) && !memcmp(disk, data + 512, 4096),
	   "from the middle of a page");
	ok(!simple(door, UNIFIED_OP_FLUSH, 0, 0), "a flush");
	ret = simple(door, UNIFIED_OP_ZEROES, 128, SIZE / 2);
	ok(!ret || ret == -EOPNOTSUPP, "zeroes (%d)", ret);
	if (!ret)
		memset(data + SIZE, 0, SIZE / 2);
	ok(!device_read(path, disk, SIZE, 128 * t->lba_size) && !memcmp(disk, data + SIZE, SIZE),
	   "only there");
	ret = simple(door, UNIFIED_OP_DISCARD, 128, SIZE);
	ok(!ret || ret == -EOPNOTSUPP, "a discard (%d)", ret);
}

static void compares(const struct door *door, const struct unified_io_target *t)
{
	struct unified_descriptor d = rw(UNIFIED_DESC_F_WRITE, 8, 0, 4096);
	struct unified_completion done;
	int ret;

	door->run(fd, &d, &done);
	d.flags = 0;
	d.opcode = UNIFIED_OP_COMPARE;
	ret = door->run(fd, &d, &done);
	if (t->kind == UNIFIED_TARGET_BLOCK) {
		ok(ret == -EOPNOTSUPP, "no compare on a block target");
		return;
	}
	ok(!ret, "%s: the same compares equal (%d)", door->name, ret);
	data[100]++;
	ret = door->run(fd, &d, &done);
	ok(ret == -EILSEQ && (done.status & 0x7ff) == 0x285,
	   "another does not, with the controller's status (%d, %#x)", ret, done.status);
}

static uint64_t capacity(void)
{
	uint64_t bytes = 0;
	int device = open(path, O_RDONLY);

	ioctl(device, BLKGETSIZE64, &bytes);
	close(device);
	return bytes;
}

static void refuses(const struct door *door, const struct unified_io_target *t)
{
	uint64_t blocks = capacity() / t->lba_size;
	struct unified_descriptor d;
	struct unified_completion done;
	struct {
		const char *what;
		int error;
		struct unified_descriptor d;
	} wrong[] = {
		{ "half a block", EINVAL, rw(UNIFIED_DESC_F_WRITE, 0, 0, t->lba_size / 2) },
		{ "nothing", EINVAL, rw(UNIFIED_DESC_F_WRITE, 0, 0, 0) },
		{ "no direction", EINVAL, rw(0, 0, 0, 4096) },
		{ "both directions", EINVAL, rw(3, 0, 0, 4096) },
		{ "an unknown flag", EINVAL, rw(0x8001, 0, 0, 4096) },
		{ "past the end", ERANGE, rw(UNIFIED_DESC_F_READ, blocks, 0, 4096) },
		{ "across the end", ERANGE,
		  rw(UNIFIED_DESC_F_READ, blocks - 1, 0, 2 * t->lba_size) },
		{ "an LBA that wraps", ERANGE, rw(UNIFIED_DESC_F_READ, 1ULL << 61, 0, 4096) },
		{ "the last LBA there can be", ERANGE, rw(UNIFIED_DESC_F_READ, -1, 0, 4096) },
		{ "data past the region", ERANGE, rw(UNIFIED_DESC_F_READ, 0, 1ULL << 40, 4096) },
		{ "data that wraps", ERANGE, rw(UNIFIED_DESC_F_READ, 0, -4096, 8192) },
	};
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		ret = door->run(fd, &wrong[i].d, &done);
		if (!ok(ret == -wrong[i].error, "%s: %s: %s", door->name, wrong[i].what,
			strerror(wrong[i].error)))
			diag("got %d", ret);
	}
	d = rw(UNIFIED_DESC_F_READ, 0, 0, 4096);
	d.targets = 2;
	ok(door->run(fd, &d, &done) == -ENODEV, "no target 1");
	d = rw(UNIFIED_DESC_F_READ, 0, 0, 4096);
	d.opcode = 99;
	ok(door->run(fd, &d, &done) == -EINVAL, "no opcode 99");
	d = rw(UNIFIED_DESC_F_READ, 0, 0, 4096);
	d.resv[1] = 1;
	ok(door->run(fd, &d, &done) == -EINVAL, "a reserved member");
	d = rw(0, 0, 0, 4096);
	d.type = UNIFIED_REGION_F_NETWORK;
	ok(door->run(fd, &d, &done) == -EOPNOTSUPP, "a NETWORK descriptor");
	d = rw(UNIFIED_DESC_F_READ, 0, 0, 4096);
	ok(!door->run(fd, &d, &done), "and a good one still works");
}

static void with_target(unsigned int flags)
{
	struct unified_io_target t = { .flags = flags };
	unsigned int i;

	if (!ok(!add_target(fd, path, O_RDWR, &t), "a target is added"))
		return;
	ok(t.index == 0 && t.lba_size, "it is target 0, %s", t.name);
	for (i = 0; i < sizeof(doors) / sizeof(*doors); i++) {
		moves_data(&doors[i], &t);
		compares(&doors[i], &t);
		refuses(&doors[i], &t);
	}
	ok(!ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t), "and removed");
	fails_with(ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t), ENODEV, "once");
}

int main(int argc, char **argv)
{
	path = argc > 1 ? argv[1] : drive(0);
	disk = malloc(SIZE);
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	data = region_map(fd, 0, setup.region_size, PROT_READ | PROT_WRITE);
	data += setup.offsets.data;
	with_target(UNIFIED_TARGET_F_BLOCK);
	if (argc == 1)
		with_target(UNIFIED_TARGET_F_NVME);
	return done();
}
