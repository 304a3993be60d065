// SPDX-License-Identifier: GPL-2.0
/*
 * The policies for storage that come along do what their comments say: shard
 * stripes, mirror keeps two copies and reads the other when one is bad, retry
 * tries again what may pass, ratelimit refuses what is too much.
 *
 * VM: --nvme 64M --nvme 64M,lba=4096 --trace pci_nvme_io_cmd,pci_nvme_m*_s*
 */
#include <time.h>

#include "io.h"
#include "policy.h"

#define BLOCK 512

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data, disk[65536];
static int fd;

static struct policy attached(const char *name, void (*set)(struct policy *p))
{
	char object[64];
	struct policy p;
	struct unified_io_bpf bpf = {};

	snprintf(object, sizeof(object), "/unified/policies/%s.bpf.o", name);
	p = policy_open(object, name);
	if (set)
		set(&p);
	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	if (!ok(!policy_attach(&p) && !ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), "%s is attached",
		name))
		exit(done());
	return p;
}

static int rw(unsigned int flags, uint64_t lba, uint64_t addr, uint32_t len,
	      struct unified_completion *done)
{
	struct unified_descriptor d = {
		.type = UNIFIED_REGION_F_NVME, .flags = flags, .lba = lba, .addr = addr, .len = len
	};

	return doors[1].run(fd, &d, done);
}

/* A null_blk device in memory; its blocks 64 to 71 are bad, once or always. */
static void make_disk(const char *name, const char *settings)
{
	char command[512];

	snprintf(
		command, sizeof(command),
		"modprobe null_blk nr_devices=0 && { mountpoint -q /sys/kernel/config || "
		"mount -t configfs none /sys/kernel/config; } && cd /sys/kernel/config/nullb && mkdir %s && cd %s &&"
		"echo 64 >size && echo 1 >memory_backed && %s echo 1 >power",
		name, name, settings);
	if (!ok(!system(command), "a disk in memory"))
		exit(done());
}

static void add(const char *path)
{
	struct unified_io_target t = {};

	if (!ok(!add_target(fd, path, O_RDWR, &t), "target %u is %s", t.index, path))
		exit(done());
}

static bool has(const char *path, uint64_t lba, const void *expected, size_t len)
{
	return !device_read(path, disk, len, lba * BLOCK) && !memcmp(disk, expected, len);
}

static void sharding(void)
{
	struct policy p = attached("shard", NULL);
	struct unified_completion done;

	fill(data, 16384, 5);
	ok(!rw(UNIFIED_DESC_F_WRITE, 3 * 256 + 10, 0, 4096, &done), "a write to stripe 3");
	ok(has("/dev/nullb1", 256 + 10, data, 4096), "is in stripe 1 of target 1");
	ok(!rw(UNIFIED_DESC_F_READ, 3 * 256 + 10, 8192, 4096, &done) &&
		   !memcmp(data, data + 8192, 4096),
	   "and read from there");
	ok(rw(UNIFIED_DESC_F_WRITE, 256 - 4, 0, 4096, &done) == -EINVAL,
	   "across the end of a stripe: refused");
	ok(!rw(UNIFIED_DESC_F_WRITE, 256 - 8, 0, 4096, &done), "up to it: not");
	policy_close(&p);
}

static void mirroring(void)
{
	struct policy p = attached("mirror", NULL);
	struct unified_completion done;
	int i, wrong = 0, tries = 0;

	fill(data, 4096, 6);
	ok(!rw(UNIFIED_DESC_F_WRITE, 800, 0, 4096, &done) && has("/dev/nullb0", 800, data, 4096) &&
		   has("/dev/nullb1", 800, data, 4096),
	   "what is written is on both");
	for (i = 0; i < 4; i++) {
		memset(data + 8192, 0, 4096);
		wrong += rw(UNIFIED_DESC_F_READ, 800, 8192, 4096, &done) ||
			 memcmp(data, data + 8192, 4096);
	}
	ok(!wrong, "and read from either");
	ok(rw(UNIFIED_DESC_F_WRITE, 64, 0, 4096, &done) == -EIO,
	   "a write is no better than the worse of the two");
	for (i = 0; i < 4; i++)
		tries += !rw(UNIFIED_DESC_F_READ, 64, 8192, 4096, &done);
	ok(tries == 4, "blocks that are bad on one are read from the other");
	policy_close(&p);
}

static void retrying(void)
{
	struct policy p = attached("retry", NULL);
	struct unified_completion done;
	uint64_t before = region_info(fd).ledger.retries;
	uint64_t *retried = policy_section(&p, ".bss");

	ok(!rw(UNIFIED_DESC_F_READ, 64, 0, 512, &done) && *retried == 1 &&
		   region_info(fd).ledger.retries == before + 1,
	   "what fails once is read the second time");
	ok(rw(UNIFIED_DESC_F_READ, 1 << 30, 0, 512, &done) == -ERANGE && *retried == 1,
	   "what is wrong is not tried again");
	policy_close(&p);
}

static void slowly(struct policy *p)
{
	/* rate, burst */
	uint64_t *settings = policy_section(p, ".data");

	settings[0] = 1 << 20;
	settings[1] = 100 << 10;
}

static void limiting(void)
{
	struct policy p = attached("ratelimit", slowly);
	struct unified_completion done;
	int i, passed = 0, refused = 0, other = 0;

	for (i = 0; i < 200; i++) {
		int ret = rw(UNIFIED_DESC_F_READ, 1024, 0, 65536, &done);

		passed += !ret;
		refused += ret == -EAGAIN;
		other += ret && ret != -EAGAIN;
	}
	ok(passed >= 1 && refused && !other, "1 MiB a second: %d pass, %d are refused", passed,
	   refused);
	sleep(1);
	ok(!rw(UNIFIED_DESC_F_READ, 1024, 0, 65536, &done), "later it passes again");
	policy_close(&p);
}

int main(void)
{
	struct unified_io_target t = {};

	libbpf_set_print(NULL);
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	data = region_map(fd, setup.offsets.data, MIB, PROT_READ | PROT_WRITE);
	if (system("modprobe -rq null_blk"))
		diag("null_blk is in use");
	make_disk("nullb0", "echo +64-71 >badblocks &&");
	make_disk("nullb1", "");
	make_disk("nullb2", "echo +64-71 >badblocks && echo 1 >badblocks_once &&");
	add("/dev/nullb0");
	add("/dev/nullb1");
	sharding();
	mirroring();
	limiting();
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
	add("/dev/nullb2");
	retrying();
	close(fd);
	ok(!system("sleep 0.5; cd /sys/kernel/config/nullb && rmdir nullb0 nullb1 nullb2 && "
		   "modprobe -r null_blk"),
	   "the disks can go");
	return done();
}
