// SPDX-License-Identifier: GPL-2.0
/*
 * Where the module copies for a device: what that says it has read, and did not write,
 * is zeroes, and not what was in that memory before. Where it must not copy it does not.
 *
 * VM: --append init_on_alloc=0
 */
#include "io.h"

#define LEN   16384
#define FRAGS 8
#define STEP  4096

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data;
static int fd;

/* Fragments at odd addresses, which the device does not take. */
static struct unified_descriptor odd(unsigned int direction)
{
	struct unified_fragment *list = (void *)(data + FRAGS * STEP);
	int i;

	for (i = 0; i < FRAGS; i++)
		list[i] = (struct unified_fragment){ .addr = i * STEP + 1, .len = LEN / FRAGS };
	return (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
					    .flags = direction | UNIFIED_DESC_F_GATHER,
					    .addr = FRAGS * STEP,
					    .nr_frags = FRAGS,
					    .len = LEN };
}

static int of_value(unsigned char value)
{
	int i, k, n = 0;

	for (i = 0; i < FRAGS; i++)
		for (k = 0; k < LEN / FRAGS; k++)
			n += data[i * STEP + 1 + k] == value;
	return n;
}

static void reads(const struct door *door)
{
	struct unified_io_ledger before = region_info(fd).ledger;
	struct unified_descriptor d = odd(UNIFIED_DESC_F_WRITE);
	struct unified_completion done;
	int i, ret = 0;

	memset(data, 0xa5, FRAGS * STEP);
	for (i = 0; i < 50; i++)
		ret |= door->run(fd, &d, &done);
	ok(!ret && region_info(fd).ledger.bytes_bounced - before.bytes_bounced == 50 * LEN,
	   "%s: what is written is copied", door->name);
	memset(data, 0x11, FRAGS * STEP);
	d = odd(UNIFIED_DESC_F_READ);
	for (i = 0; i < 50; i++)
		ret |= door->run(fd, &d, &done);
	ok(!ret && of_value(0) == LEN, "what is read is zeroes (%d, and %d of what was written)",
	   of_value(0), of_value(0xa5));
}

/* What may not be copied is refused, in either direction; what needs no copy is done. */
static void copies_none(const struct door *door)
{
	struct unified_descriptor write = odd(UNIFIED_DESC_F_WRITE | UNIFIED_DESC_F_NO_COPY);
	struct unified_descriptor read = odd(UNIFIED_DESC_F_READ | UNIFIED_DESC_F_NO_COPY);
	struct unified_descriptor even = { .type = UNIFIED_REGION_F_NVME,
					   .flags = UNIFIED_DESC_F_WRITE | UNIFIED_DESC_F_NO_COPY,
					   .len = LEN };
	struct unified_io_ledger before = region_info(fd).ledger, after;
	struct unified_completion done;

	ok(door->run(fd, &write, &done) == -EADDRNOTAVAIL, "%s: a write that would be copied",
	   door->name);
	ok(door->run(fd, &read, &done) == -EADDRNOTAVAIL, "and a read");
	ok(!door->run(fd, &even, &done), "but not one that the device takes as it is");
	after = region_info(fd).ledger;
	ok(after.bytes_bounced == before.bytes_bounced, "nothing was copied");
	ok(after.bytes_written - before.bytes_written == LEN, "or written, but for the last");
}

int main(void)
{
	struct unified_io_target t = {};

	/* It keeps nothing, and does not touch the memory of a read. */
	ok(!system("modprobe null_blk nr_devices=1 gb=1"), "a device that reads nothing");
	fd = region_open(&setup);
	if (!ok(fd >= 0 && !add_target(fd, "/dev/nullb0", O_RDWR, &t), "a region"))
		return done();
	data = region_map(fd, setup.offsets.data, MIB, PROT_READ | PROT_WRITE);
	reads(&doors[0]);
	reads(&doors[1]);
	copies_none(&doors[0]);
	copies_none(&doors[1]);
	munmap(data, MIB);
	close(fd);
	ok(unload_driver("null_blk"), "which goes");
	return done();
}
