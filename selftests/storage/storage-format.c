// SPDX-License-Identifier: GPL-2.0
/*
 * A namespace gets other blocks while an operation of many commands is half issued:
 * once the driver knows, the rest would go somewhere else, and is refused.
 *
 * VM: --nvme 256M,null=500000000 --append nvme.io_queue_depth=8
 * Timeout: 240
 */
#include <pthread.h>

#include "io.h"

#define LEN (12 * MIB) /* three times as many commands as the drive has requests for */

static struct unified_io_setup setup = REGION_SETUP;
static int fd;

static uint64_t commands(void)
{
	return region_info(fd).ledger.commands;
}

struct format {
	char command[256];
	uint64_t before;
	int ret;
};

/* Once the operation has begun. */
static void *format(void *arg)
{
	struct format *f = arg;
	int i;

	for (i = 0; i < 10000 && commands() == f->before; i++)
		usleep(1000);
	/* Its status is that of reading the partitions, which the claim forbids. */
	f->ret = system(f->command);
	return NULL;
}

/* Format the drive in the middle of an operation. What became of that. */
static int formatted(void)
{
	struct unified_descriptor d = {
		.type = UNIFIED_REGION_F_NVME, .flags = UNIFIED_DESC_F_WRITE, .lba = 8, .len = LEN
	};
	struct unified_io_target t = { .flags = UNIFIED_TARGET_F_NVME };
	struct unified_completion done;
	struct format f = {};
	pthread_t thread;
	uint64_t issued;
	int ret;

	if (add_target(fd, drive(0), O_RDWR, &t))
		return -errno;
	snprintf(f.command, sizeof(f.command), "nvme format %s --force --lbaf=%d >/dev/null 2>&1",
		 drive(0), t.lba_size == 512 ? 4 : 0);
	f.before = commands();
	pthread_create(&thread, NULL, format, &f);
	ret = uring_run(fd, &d, &done);
	issued = commands() - f.before;
	pthread_join(thread, NULL);
	diag("blocks of %u bytes, %llu of %llu commands: %s", t.lba_size,
	     (unsigned long long)issued, (unsigned long long)LEN / t.max_bytes, strerror(-ret));
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
	if (ret == -ESTALE && (!issued || issued >= LEN / t.max_bytes))
		return -ERANGE;
	return ret;
}

int main(void)
{
	int ret = 0, i;

	setup.region_size = 32 * MIB;
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	/*
	 * The driver starts the queue again before it looks at what the namespace is now:
	 * who waited for that may be faster, and is told something else.
	 */
	for (i = 0; i < 10 && ret != -ESTALE; i++)
		ret = formatted();
	ok(ret == -ESTALE, "the rest of an operation is refused (%s)", strerror(-ret));
	return done();
}
