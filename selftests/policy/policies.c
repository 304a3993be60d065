// SPDX-License-Identifier: GPL-2.0
/*
 * The policies that come along do what their comments say, alone and in a chain
 * of which each sees what the one before it left.
 */
#include "policy.h"
#include "region.h"

#define POLICY(name) "/unified/policies/" name ".bpf.o"

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data;
static int fd;

static int process(uint32_t len)
{
	struct unified_io_submit s = { .desc = { .type = UNIFIED_REGION_F_BPF, .len = len } };

	return ioctl(fd, UNIFIED_IO_SUBMIT, &s) ? -errno : 0;
}

static struct policy attached(const char *object, const char *name)
{
	struct policy p = policy_open(object, name);
	struct unified_io_bpf bpf = {};

	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	if (!ok(!policy_attach(&p) && !ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), "%s is attached",
		name))
		exit(done());
	return p;
}

static void counting(void)
{
	struct policy p = attached(POLICY("count"), "count");
	uint64_t *counters;

	process(100);
	process(28);
	counters = policy_section(&p, ".bss");
	ok(counters[0] == 2 && counters[1] == 128, "it counts 2 operations of 128 bytes");
	policy_close(&p);
}

static void filtering(void)
{
	struct policy p = attached(POLICY("filter"), "filter");

	memcpy(data, "UIO1 and more", 14);
	ok(process(14) == 0, "data with the magic number passes");
	data[3] = '2';
	ok(process(14) == -EBADMSG, "other data is refused");
	ok(process(3) == -EBADMSG && process(0) == -EBADMSG, "and data that is too short");
	policy_close(&p);
}

static void transforming(void)
{
	struct policy p = attached(POLICY("transform"), "transform");
	size_t i, wrong = 0;

	for (i = 0; i < MIB; i++)
		data[i] = i * 7;
	ok(process(MIB - 3) == 0, "a MiB less 3 bytes");
	for (i = 0; i < MIB; i++)
		wrong += data[i] != (unsigned char)(i * 7 ^ (i < MIB - 3 ? 0x5a : 0));
	ok(wrong == 0, "each of them is changed and none behind them");
	process(MIB - 3);
	for (i = 0; i < MIB; i++)
		wrong += data[i] != (unsigned char)(i * 7);
	ok(wrong == 0, "twice is as it was");
	policy_close(&p);
}

/* The filter sees the data before it is transformed, whoever came first. */
static void together(void)
{
	struct policy t = attached(POLICY("transform"), "transform"),
		      f = attached(POLICY("filter"), "filter"),
		      c = attached(POLICY("count"), "count");
	uint64_t *counters = policy_section(&c, ".bss");

	memcpy(data, "UIO1", 4);
	ok(process(4) == 0 && data[0] == ('U' ^ 0x5a), "what passes is transformed");
	ok(process(4) == -EBADMSG && data[0] == ('U' ^ 0x5a), "what does not pass is left alone");
	ok(counters[0] == 2, "both are counted");
	policy_close(&t);
	policy_close(&f);
	policy_close(&c);
}

int main(void)
{
	libbpf_set_print(NULL);
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	data = region_map(fd, setup.offsets.data, MIB, PROT_READ | PROT_WRITE);
	counting();
	filtering();
	transforming();
	together();
	munmap(data, MIB);
	close(fd);
	return done();
}
