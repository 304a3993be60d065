// SPDX-License-Identifier: GPL-2.0
/*
 * A controller that answers with every status there is, and one whose Nth command fails,
 * for each N, while a namespace is attached and while an operation of several commands
 * runs, and one that does not answer: each operation ends once, with that error, and the
 * next one is as if nothing had been. The fault injection of the driver and of the block
 * layer does it, which is in debug kernels: make check KERNEL=kasan TESTS='faults*'
 *
 * VM: --nvme 64M --nvme 64M --nvme 64M
 * Timeout: 1200
 */
#include "io.h"

#define LEN	 (4 * MIB)
#define STATUSES 0x800 /* types and codes: 3 and 8 bits */
#define MOST	 200

static struct unified_io_setup setup = REGION_SETUP;
static const char *disk;
static int fd;

/* --- what fails ------------------------------------------------------------------- */

static void put(const char *path, unsigned int value)
{
	FILE *file = fopen(path, "we");

	if (!file || fprintf(file, "%u\n", value) < 0 || fclose(file)) {
		printf("Bail out! %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static void set(const char *what, unsigned int value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/fault_inject/%s", disk + 5, what);
	put(path, value);
}

/* One of the next commands, after so many others. */
static void fail_one(unsigned int after, unsigned int status)
{
	set("status", status);
	/* It counts down what it lets by, and fails when that is no more than a command. */
	set("space", after ? after + 1 : 0);
	set("times", 1);
}

static unsigned int number_in(const char *path)
{
	FILE *file = fopen(path, "re");
	int times = 0;

	if (file && fscanf(file, "%d", &times) != 1)
		times = 0;
	if (file)
		fclose(file);
	return times;
}

/* It was not reached. */
static bool none_failed(void)
{
	char path[128];
	bool left;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/fault_inject/times", disk + 5);
	left = number_in(path);
	set("times", 0);
	return left;
}

/* --- every status ------------------------------------------------------------------- */

static struct unified_descriptor reads(uint32_t len)
{
	return (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
					    .flags = UNIFIED_DESC_F_READ,
					    .len = len };
}

static void statuses(const struct door *door, bool nvme)
{
	struct unified_completion done;
	unsigned int status, told = 0, wrong = 0, after = 0;
	struct unified_descriptor d;
	int ret;

	for (status = 1; status < STATUSES; status++) {
		d = reads(4096);
		fail_one(0, status);
		ret = door->run(fd, &d, &done);
		told += ret < 0;
		/* With the bit that says not to try again, which a controller sets, too. */
		wrong += nvme && (ret >= 0 || (done.status & (STATUSES - 1)) != status);
		d = reads(4096);
		after += door->run(fd, &d, &done) < 0;
	}
	ok(told == STATUSES - 1 && !wrong && !after,
	   "%s, %s: %u statuses, %u told, %u wrong; %u reads failed after them", door->name,
	   nvme ? "commands" : "block", status - 1, told, wrong, after);
}

/* --- the Nth command ---------------------------------------------------------------- */

static int attach(unsigned int flags, struct unified_io_target *t)
{
	*t = (struct unified_io_target){ .flags = flags };
	return add_target(fd, disk, O_RDWR, t) ? -errno : 0;
}

static int detach(struct unified_io_target *t)
{
	struct unified_io_target gone = { .index = t->index };

	return ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &gone) ? -errno : 0;
}

static void attaching(void)
{
	int ret, refused = 0, again = 0;
	struct unified_io_target t;
	unsigned int n;
	bool none = false;

	for (n = 0; !none && n < MOST; n++) {
		fail_one(n, 0x281 /* a read that cannot be corrected */);
		ret = attach(UNIFIED_TARGET_F_NVME, &t);
		none = none_failed();
		refused += ret < 0;
		if (!ret)
			detach(&t);
		ret = attach(UNIFIED_TARGET_F_NVME, &t);
		again += ret < 0;
		if (!ret)
			detach(&t);
	}
	ok(none && n > 1 && !again,
	   "attaching: %u commands fail, %d times it is refused; without %d", n - 1, refused,
	   again);
}

static void long_ones(const struct door *door, const char *kind, uint16_t flags)
{
	struct unified_io_ledger was, is;
	struct unified_completion done;
	struct unified_descriptor d;
	unsigned int n, failed = 0, odd = 0, again = 0;
	bool none = false;
	int ret;

	was = region_info(fd).ledger;
	for (n = 0; !none && n < MOST; n++) {
		d = reads(LEN);
		d.flags = flags;
		fail_one(n, 0x281);
		ret = door->run(fd, &d, &done);
		none = none_failed();
		failed += ret < 0;
		odd += (ret < 0) == none || done.len > LEN;
		d = reads(LEN);
		d.flags = flags;
		again += door->run(fd, &d, &done) < 0 || done.len != LEN;
	}
	is = region_info(fd).ledger;
	ok(none && n > 2 && !odd && !again, "%s, %s: %u of its commands fail; %u odd, %u after it",
	   door->name, kind, n - 1, odd, again);
	ok(is.operations - was.operations == 2 * n && is.failed - was.failed == failed,
	   "all of them are in the ledger");
}

/* --- answers that do not come -------------------------------------------------------- */

/* The next ones, after so many others: the driver asks the controller, then resets it. */
static void lose(unsigned int times, unsigned int after)
{
	put("/sys/kernel/debug/fail_io_timeout/verbose", 0);
	put("/sys/kernel/debug/fail_io_timeout/space", after ? after + 1 : 0);
	put("/sys/kernel/debug/fail_io_timeout/times", times);
	put("/sys/kernel/debug/fail_io_timeout/probability", times ? 100 : 0);
}

static bool all_lost(void)
{
	return !number_in("/sys/kernel/debug/fail_io_timeout/times");
}

static void may_lose(unsigned int yes)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/%s/io-timeout-fail", disk + 5);
	put(path, yes);
}

static void lost_answers(const struct door *door, int error)
{
	static const unsigned int after[] = { 0, 0, 5 }, times[] = { 1, 3, 1 };
	struct unified_completion done;
	struct unified_descriptor d;
	unsigned int i, again = 0;
	bool odd = false;
	int ret = 0;

	for (i = 0; i < 3; i++) {
		d = reads(LEN);
		lose(times[i], after[i]);
		ret = door->run(fd, &d, &done);
		odd |= ret != error || done.len > LEN || !all_lost();
		lose(0, 0);
		d = reads(LEN);
		again += door->run(fd, &d, &done) < 0 || done.len != LEN;
	}
	ok(!odd && !again, "%s: answers do not come: %s, and then they do", door->name,
	   error ? "an error" : "asked for again");
	if (odd || again)
		diag("the last returned %d; %u reads failed after it", ret, again);
}

/* Its memory is the device's until the reset. */
static void lost_and_closed(void)
{
	struct unified_io_setup s = REGION_SETUP;
	struct unified_io_submit submit = { .desc = reads(LEN) };
	struct unified_io_target t = {};
	int again, of = region_open(&s);
	bool submitted;

	submitted = of >= 0 && !add_target(of, disk, O_RDWR, &t);
	lose(1, 0);
	submitted = submitted && !ioctl(of, UNIFIED_IO_SUBMIT, &submit);
	close(of);
	/* Until then the drive is claimed. */
	for (again = 0; again < 1000; again++) {
		of = open(disk, O_RDWR | O_EXCL | O_CLOEXEC);
		if (of >= 0)
			break;
		usleep(10000);
	}
	ok(submitted && of >= 0 && all_lost(), "a region that is closed meanwhile ends with it");
	close(of);
	lose(0, 0);
}

/* --- a device that takes nothing ----------------------------------------------------- */

static void make_fail(int yes)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "echo %d >/sys/block/%s/make-it-fail && cd /sys/kernel/debug/fail_make_request && "
		 "echo %d >probability && echo -1 >times && echo 0 >verbose",
		 yes, disk + 5, 100 * yes);
	ok(!system(command), "the block layer %s", yes ? "refuses all" : "takes all");
}

static void block_refuses(const struct door *door)
{
	struct unified_descriptor d = reads(LEN);
	struct unified_completion done;
	int ret;

	make_fail(1);
	ret = door->run(fd, &d, &done);
	ok(ret == -EIO, "%s: %s", door->name, strerror(-ret));
	make_fail(0);
	d = reads(LEN);
	ret = door->run(fd, &d, &done);
	ok(!ret && done.len == LEN, "%s: and now it does not", door->name);
}

int main(void)
{
	struct unified_io_target t;
	unsigned int patience;
	char path[128];
	size_t i;

	disk = drive(0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/fault_inject", disk + 5);
	if (access(path, F_OK))
		skip_all("this kernel injects no faults: make check KERNEL=kasan");
	set("probability", 100);
	set("interval", 1);
	set("verbose", 0);
	set("dont_retry", 1);
	set("times", 0);
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	attaching();
	may_lose(1);
	snprintf(path, sizeof(path), "/sys/block/%s/queue/io_timeout", disk + 5);
	patience = number_in(path);
	put(path, 300);
	lost_and_closed();
	ok(!attach(UNIFIED_TARGET_F_NVME, &t), "a namespace");
	for (i = 0; i < 2; i++) {
		statuses(&doors[i], true);
		long_ones(&doors[i], "a long read", UNIFIED_DESC_F_READ);
		long_ones(&doors[i], "a long write", UNIFIED_DESC_F_WRITE);
		lost_answers(&doors[i], -EINTR);
	}
	ok(!detach(&t) && !attach(UNIFIED_TARGET_F_BLOCK, &t), "the same as a block device");
	for (i = 0; i < 2; i++) {
		statuses(&doors[i], false);
		long_ones(&doors[i], "a long read", UNIFIED_DESC_F_READ);
		long_ones(&doors[i], "a long write", UNIFIED_DESC_F_WRITE);
		block_refuses(&doors[i]);
		/* The block layer asks once more. */
		lost_answers(&doors[i], 0);
	}
	put(path, patience);
	may_lose(0);
	set("dont_retry", 0);
	set("probability", 0);
	return done();
}
