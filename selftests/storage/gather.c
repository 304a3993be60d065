// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments of a stream, each in a page of its own, go to the device in as few
 * commands as it allows, with nothing copied where it can gather; where it
 * cannot, the data is right all the same and the ledger says what was copied.
 *
 * VM: --nvme 64M --nvme 64M,lba=4096 --trace pci_nvme_io_cmd,pci_nvme_m*_s*
 */
#include <sys/stat.h>

#include "io.h"

#define MSS  1448
#define SIZE (256 << 10)

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data, *disk, *expected;
static const char *path;
static int fd;

/* Lines of QEMU's trace with these words. */
static int traced(const char *words)
{
	char line[256];
	int n = 0;
	FILE *f = fopen("/vm/qemu.log", "r");

	while (f && fgets(line, sizeof(line), f))
		n += !!strstr(line, words);
	if (f)
		fclose(f);
	return n;
}

/* Count how often the block layer begins to map the segments of a request. */
static bool watch_mapping(bool on)
{
	return !system(
		on ? "cd /sys/kernel/tracing && echo p:mapping blk_rq_dma_map_iter_start >kprobe_events && echo 1 >events/kprobes/mapping/enable"
		   : "cd /sys/kernel/tracing && echo 0 >events/kprobes/mapping/enable && echo >kprobe_events");
}

/* Behind an IOMMU, and in a kernel that wants to see each mapping to check it. */
static bool driver_maps(void)
{
	return !system("ls /sys/class/iommu | grep -q . || test -d /sys/kernel/debug/dma-api");
}

static int mapped(void)
{
	FILE *f = fopen("/sys/kernel/tracing/kprobe_profile", "r");
	char name[64];
	int n = -1;

	if (!f || fscanf(f, "%63s %d", name, &n) != 2 || strcmp(name, "mapping"))
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/*
 * Fragments of frag bytes, one in each page, offset from its start, up to size
 * bytes in all; their list is at the end of the data. What they hold, one after
 * the other, is in expected.
 */
static struct unified_descriptor make(uint32_t size, uint32_t frag, uint32_t offset, uint64_t lba)
{
	struct unified_fragment *list = (void *)(data + 4 * SIZE);
	uint32_t done = 0, n = 0;

	while (done < size) {
		uint32_t len = size - done < frag ? size - done : frag;

		list[n] = (struct unified_fragment){ .addr = n * 4096 + offset, .len = len };
		memcpy(expected + done, data + list[n].addr, len);
		done += len;
		n++;
	}
	return (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
					    .flags = UNIFIED_DESC_F_WRITE | UNIFIED_DESC_F_GATHER,
					    .addr = 4 * SIZE,
					    .nr_frags = n,
					    .len = size,
					    .lba = lba };
}

struct outcome {
	int ret;
	unsigned int commands, gathered, copied;
	int mapped;
	bool there;
};

static struct outcome write_it(const struct door *door, struct unified_descriptor d,
			       const struct unified_io_target *t)
{
	struct unified_io_ledger before = region_info(fd).ledger, after;
	struct unified_completion done;
	struct outcome o;

	o.mapped = -mapped();
	o.ret = door->run(fd, &d, &done);
	o.mapped += mapped();
	after = region_info(fd).ledger;
	o.commands = after.commands - before.commands;
	o.gathered = after.gathered - before.gathered;
	o.copied = after.bytes_bounced - before.bytes_bounced;
	o.there = !device_read(path, disk, d.len, d.lba * t->lba_size) &&
		  !memcmp(disk, expected, d.len);
	return o;
}

/* One command, seen from outside, too. */
static void one_command(const struct unified_io_target *t)
{
	int writes = traced("opname 'NVME_NVM_CMD_WRITE'"), sgls = traced("map_sgl");
	bool by_driver = driver_maps();
	struct outcome o = write_it(&doors[0], make(46080, MSS, 0, 16), t);
	int commands = traced("opname 'NVME_NVM_CMD_WRITE'") - writes;

	ok(!o.ret && o.there, "32 fragments of 1448 bytes are on the device (%d)", o.ret);
	ok(o.commands == 1 && o.gathered == 1 && !o.copied, "in one command, nothing copied");
	ok(o.mapped == by_driver, "%s (%d)",
	   by_driver ? "which the driver mapped, as it must here" : "for which nothing was mapped",
	   o.mapped);
	if (access("/vm/qemu.log", F_OK))
		return;
	if (!ok(commands == 1, "QEMU saw one write"))
		diag("it saw %d", commands);
	ok(traced("map_sgl") == sgls + 1, "of a scatter-gather list");
}

/* What goes in together is told to the device together. */
static void one_doorbell(const struct unified_io_target *t)
{
	static struct unified_descriptor d[32];
	struct unified_io_submit submit = { .addr = (uintptr_t)d, .count = 32 };
	static struct unified_completion done[32];
	struct unified_io_complete complete = { .addr = (uintptr_t)done, .max = 32, .min = 32 };
	int i, before = traced("doorbell_sq"), rung;

	for (i = 0; i < 32; i++)
		d[i] = (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
						    .flags = UNIFIED_DESC_F_READ,
						    .lba = i * 8,
						    .addr = i * 4096,
						    .len = t->lba_size };
	ok(ioctl(fd, UNIFIED_IO_SUBMIT, &submit) == 32 &&
		   !ioctl(fd, UNIFIED_IO_COMPLETE, &complete) && complete.count == 32,
	   "32 reads in one call");
	rung = traced("doorbell_sq") - before;
	if (!access("/vm/qemu.log", F_OK))
		ok(rung == 1 || rung == 2, "ring the doorbell once, or twice from two CPUs (%d)",
		   rung);
}

static void any_length(const struct unified_io_target *t)
{
	static const uint32_t frags[] = { 1448, 1446, 1447, 100, 4096, 512, 4 };
	unsigned int i, doors_nr;

	for (i = 0; i < sizeof(frags) / sizeof(*frags); i++) {
		uint32_t pages = frags[i] < 1000 ? 256 : 60;
		uint32_t size = frags[i] * pages / t->lba_size * t->lba_size;
		struct outcome o;

		for (doors_nr = 0; size && doors_nr < 2; doors_nr++) {
			fill(data, SIZE * 4, i + 10);
			o = write_it(&doors[doors_nr], make(size, frags[i], 8 * (i % 3), 512), t);
			ok(!o.ret && o.there,
			   "%s: fragments of %u bytes: %u commands, %u copied (%d)",
			   doors[doors_nr].name, frags[i], o.commands, o.copied, o.ret);
			/* Not even a block of the smallest may fit into one command. */
			if (!t->virt_boundary && (t->odd_lengths || frags[i] % 4 == 0) &&
			    (t->max_segments - 1) * frags[i] >= t->lba_size)
				ok(!o.copied, "nothing copied");
		}
	}
}

/* Starts that no device takes: copied, and right. */
static void misaligned(const struct unified_io_target *t)
{
	struct outcome o = write_it(&doors[1], make(46080 / 4096 * 4096, MSS, 1, 512), t);

	ok(!o.ret && o.there && o.copied, "fragments at odd addresses: %u bytes copied (%d)",
	   o.copied, o.ret);
}

static void reads(const struct unified_io_target *t)
{
	struct unified_descriptor d = make(45056, MSS, 0, 1024);
	struct unified_fragment *list = (void *)(data + 4 * SIZE);
	struct unified_completion done;
	uint32_t i, at, wrong = 0, outside = 0;
	int ret;

	write_it(&doors[0], d, t);
	memset(data, 0xee, d.nr_frags * 4096);
	d.flags = UNIFIED_DESC_F_READ | UNIFIED_DESC_F_GATHER;
	ret = doors[1].run(fd, &d, &done);
	for (i = at = 0; i < d.nr_frags; at += list[i++].len) {
		wrong += !!memcmp(data + list[i].addr, expected + at, list[i].len);
		outside += data[list[i].addr + list[i].len] != 0xee;
	}
	ok(!ret && !wrong, "a read is scattered to where it belongs (%d)", ret);
	ok(!outside, "and nowhere else");
}

static void refused(const struct unified_io_target *t)
{
	struct unified_fragment *list = (void *)(data + 4 * SIZE);
	struct unified_completion done;
	struct unified_descriptor d;

	/* With blocks of 4096 bytes its sector is 0. */
	d = make(8192, 1024, 0, 1ULL << 61);
	ok(doors[0].run(fd, &d, &done) == -ERANGE, "an LBA that wraps, with blocks of %u",
	   t->lba_size);
	d = make(8192, 1024, 0, 0);
	list[3].addr = setup.region_size;
	ok(doors[0].run(fd, &d, &done) == -ERANGE, "a fragment outside the region");
	d = make(8192, 1024, 0, 0);
	list[3].len = 0xfffffc00;
	ok(doors[0].run(fd, &d, &done) == -ERANGE, "a length that wraps");
	d = make(8192, 1024, 0, 0);
	list[3].len = 0;
	ok(doors[0].run(fd, &d, &done) == -EINVAL, "an empty fragment");
	d = make(8192, 1024, 0, 0);
	list[3].resv = 1;
	ok(doors[0].run(fd, &d, &done) == -EINVAL, "a reserved member of one");
	d = make(8192, 1024, 0, 0);
	d.len = 4096;
	ok(doors[0].run(fd, &d, &done) == -EINVAL, "another sum than the length");
	d = make(8192, 1024, 0, 0);
	d.nr_frags = 0;
	ok(doors[0].run(fd, &d, &done) == -EINVAL, "no fragments");
	d.nr_frags = 257;
	ok(doors[0].run(fd, &d, &done) == -E2BIG, "too many");
	d.nr_frags = 0xffffffff;
	ok(doors[0].run(fd, &d, &done) == -ERANGE, "far too many");
	d = make(8192, 1024, 0, 0);
	d.addr += 4;
	ok(doors[0].run(fd, &d, &done) == -EINVAL, "a list at an odd place");
	d.addr = setup.region_size - setup.offsets.data - 64;
	ok(doors[0].run(fd, &d, &done) == -ERANGE, "a list past the end");
}

static void on(const char *device, unsigned int flags)
{
	struct unified_io_target t = { .flags = flags };

	path = device;
	if (!ok(!add_target(fd, path, O_RDWR, &t), "target %s", path))
		return;
	diag("%s: blocks of %u, %u segments, boundary %u, odd lengths %u", t.name, t.lba_size,
	     t.max_segments, t.virt_boundary, t.odd_lengths);
	fill(data, SIZE * 4, flags + t.lba_size);
	if (flags == UNIFIED_TARGET_F_NVME && t.lba_size == 512)
		one_command(&t);
	if (flags == UNIFIED_TARGET_F_NVME)
		one_doorbell(&t);
	any_length(&t);
	misaligned(&t);
	reads(&t);
	refused(&t);
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
}

int main(void)
{
	struct stat st;

	disk = malloc(SIZE * 2);
	expected = malloc(SIZE * 2);
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	ok(watch_mapping(true), "what the driver maps is counted");
	data = region_map(fd, setup.offsets.data, 8 * MIB, PROT_READ | PROT_WRITE);
	on(drive(0), UNIFIED_TARGET_F_NVME);
	on(drive(0), UNIFIED_TARGET_F_BLOCK);
	watch_mapping(false);
	if (stat("/sys/class/nvme/nvme1", &st))
		return done();
	on(drive(1), UNIFIED_TARGET_F_NVME);
	on(drive(1), UNIFIED_TARGET_F_BLOCK);
	if (ok(!system("modprobe -rq null_blk; modprobe null_blk nr_devices=1 virt_boundary=1 memory_backed=1 gb=1"),
	       "a device that cannot gather"))
		on("/dev/nullb0", UNIFIED_TARGET_F_BLOCK);
	munmap(data, 8 * MIB);
	close(fd);
	ok(unload_driver("null_blk"), "which goes");
	return done();
}
