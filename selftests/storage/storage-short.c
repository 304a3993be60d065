// SPDX-License-Identifier: GPL-2.0
/*
 * Operations of several commands, many more than the drives have requests for: what
 * is short in the middle of one goes on from there. Each command is issued once, the
 * data is where it should be, and each operation ends once, well.
 *
 * VM: --nvme 64M --nvme 64M --append nvme.poll_queues=1 --append nvme.io_queue_depth=8
 */
#include "load.h"
#include "policy.h"

#define OPS  12
#define STEP 65536 /* between the data of two of them */
#define BOTH 3	   /* targets */

static struct unified_io_setup setup = REGION_SETUP;
static struct unified_io_target targets[2];
static unsigned char *data, *disk;
static char *paths[2];
static uint32_t len, parts; /* of an operation; how many commands that is */
static int fd;

static struct unified_io_ledger ledger(void)
{
	return region_info(fd).ledger;
}

/* Is what was written there? Each operation's data has a place of its own. */
static bool is_on(const char *path)
{
	int i, wrong = 0;

	for (i = 0; i < OPS; i++)
		wrong += device_read(path, disk, len, (uint64_t)i * len) ||
			 memcmp(disk, data + i * STEP, len);
	if (wrong)
		diag("%s: %d of %d are wrong", path, wrong, OPS);
	return !wrong;
}

/* All of them at once, of data that was not there before. */
static void begin(struct load *l, unsigned int ring_flags, uint32_t to)
{
	static unsigned int seed;

	fill(data, len + OPS * STEP, ++seed);
	load_open(l, fd, false, OPS);
	load_ring(l, ring_flags);
	l->flags = UNIFIED_DESC_F_WRITE;
	l->targets = to;
	l->len = len;
	l->step = STEP;
	l->blocks = 131072;
	load_submit(l);
}

/* Each of the commands was issued so often, and no other. */
static void written(const struct unified_io_ledger *before, uint32_t to, unsigned int tries)
{
	uint64_t times = (uint64_t)OPS * __builtin_popcount(to) * tries, expected = times * parts;
	struct unified_io_ledger after = ledger();

	if (!ok(after.commands - before->commands == expected, "by %llu commands",
		(unsigned long long)expected))
		diag("%llu", (unsigned long long)(after.commands - before->commands));
	ok(after.writes - before->writes == OPS && after.failed == before->failed &&
		   after.bytes_written - before->bytes_written == times * len,
	   "as the ledger says");
	ok(is_on(paths[0]) && (to != BOTH || is_on(paths[1])), "what was written is there");
}

/* Returns how many had to wait. */
static unsigned long long writes(const char *what, unsigned int ring_flags, uint32_t to,
				 unsigned int tries)
{
	struct unified_io_ledger before = ledger();
	struct load l;

	begin(&l, ring_flags, to);
	load_drain(&l);
	if (!ok(load_is_whole(&l) && l.good == OPS, "%s: all end well", what))
		diag("%llu are good, the others: %s", (unsigned long long)l.good,
		     strerror(-l.last_error));
	load_close(&l);
	written(&before, to, tries);
	return ledger().waits - before.waits;
}

static void some_waited(unsigned long long waits)
{
	ok(waits, "requests were short (%llu)", waits);
}

/* What waits when its ring goes is done as the rest is. */
static void ring_goes(void)
{
	struct unified_io_ledger before = ledger();
	struct load l;
	int i;

	begin(&l, 0, BOTH);
	load_close(&l);
	for (i = 0; i < 1000 && ledger().writes - before.writes < OPS; i++)
		usleep(10000);
	ok(i < 1000, "all of a ring that is gone end");
	written(&before, BOTH, 1);
	some_waited(ledger().waits - before.waits);
}

/* A ring that nobody polls has all the requests of its drive: others go on elsewhere. */
static void beside(void)
{
	struct load polled, other;
	unsigned int left = OPS + 1;

	begin(&polled, IORING_SETUP_IOPOLL, 1);
	begin(&other, 0, 2);
	/* Until none comes for some seconds. */
	while (other.in_flight && other.in_flight < left) {
		left = other.in_flight;
		load_reap(&other, 1);
	}
	ok(load_is_whole(&other) && other.good == OPS,
	   "beside a ring that nobody polls, what goes to the other drive ends");
	load_drain(&polled);
	ok(load_is_whole(&polled) && polled.good == OPS, "and the rest when it is polled");
	load_drain(&other);
	load_close(&other);
	load_close(&polled);
}

static void issued_again(void)
{
	struct policy p = policy_open(PROGS "twice.bpf.o", "twice");
	struct unified_io_bpf bpf = { .name = "twice" };
	uint64_t before = ledger().retries;

	if (!ok(!policy_attach(&p) && !ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf),
		"a policy that has each issued once more"))
		return;
	some_waited(writes("once more to both", 0, BOTH, 2));
	some_waited(writes("once more, deferred",
			   IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, BOTH, 2));
	some_waited(writes("once more, polled", IORING_SETUP_IOPOLL, BOTH, 2));
	ok(ledger().retries - before == 3 * OPS, "each of them once");
	policy_close(&p);
}

static bool add_both(unsigned int flags)
{
	int i, added = 0;

	for (i = 0; i < 2; i++) {
		targets[i] = (struct unified_io_target){ .flags = flags };
		added += !add_target(fd, paths[i], O_RDWR, &targets[i]);
	}
	return added == 2;
}

/* Bios are tried first, and are then submitted again. */
static void by_block_layer(void)
{
	int i;

	for (i = 0; i < 2; i++)
		ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &targets[i]);
	if (!ok(add_both(UNIFIED_TARGET_F_BLOCK), "both drives by the block layer"))
		return;
	some_waited(writes("bios to one", 0, 1, 1));
	some_waited(writes("bios to both", 0, BOTH, 1));
	some_waited(writes("bios of a ring that polls", IORING_SETUP_IOPOLL, BOTH, 1));
}

int main(void)
{
	libbpf_set_print(NULL);
	paths[0] = strdup(drive(0));
	paths[1] = strdup(drive(1));
	fd = region_open(&setup);
	if (!ok(fd >= 0 && add_both(UNIFIED_TARGET_F_NVME), "a region with two drives"))
		return done();
	len = 3 * targets[0].max_bytes + 4096;
	parts = 4;
	data = region_map(fd, setup.offsets.data, len + OPS * STEP, PROT_READ | PROT_WRITE);
	disk = malloc(len);
	if (!ok(data != MAP_FAILED && targets[1].max_bytes == targets[0].max_bytes &&
			(uint64_t)OPS * len < 64 * MIB,
		"operations of %u bytes are of %u commands", len, parts))
		return done();
	some_waited(writes("to one drive", 0, 1, 1));
	some_waited(writes("to both", 0, BOTH, 1));
	some_waited(writes("deferred", IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
			   BOTH, 1));
	some_waited(writes("polled", IORING_SETUP_IOPOLL, 1, 1));
	some_waited(writes("polled, to both", IORING_SETUP_IOPOLL, BOTH, 1));
	ring_goes();
	beside();
	issued_again();
	by_block_layer();
	return done();
}
