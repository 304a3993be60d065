// SPDX-License-Identifier: GPL-2.0
/*
 * What can happen to a drive under load: its controller is reset, its namespace
 * gets other blocks, or some with metadata, it is unplugged, its driver is unloaded.
 * Every operation ends once, nothing goes where it should not, and the region lives
 * on.
 *
 * VM: --nvme 64M,null=900000 --nvme 64M --append nvme.poll_queues=1 --append nvme.io_queue_depth=32
 */
#include <pthread.h>

#include "load.h"

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data;
static int fd;

struct event {
	const char *command;
	int status;
	bool over;
};

static void *happen(void *arg)
{
	struct event *e = arg;

	usleep(200000);
	e->status = system(e->command);
	__atomic_store_n(&e->over, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Load the target until the command is over, and a little longer. */
static int load_during(struct load *l, const char *command)
{
	struct event e = { .command = command };
	pthread_t thread;

	pthread_create(&thread, NULL, happen, &e);
	while (!__atomic_load_n(&e.over, __ATOMIC_ACQUIRE)) {
		load_run(l, 1);
		/* With nothing to load there is nothing to wait for. */
		if (!l->in_flight)
			usleep(1000);
	}
	pthread_join(thread, NULL);
	load_run(l, 5);
	load_drain(l);
	return e.status;
}

static const char *controller(const char *disk)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s", disk + strlen("/dev/"));
	name[strcspn(name + 4, "n") + 4] = '\0';
	return name;
}

static bool add(const char *path, unsigned int flags, struct unified_io_target *t)
{
	int i;

	*t = (struct unified_io_target){ .flags = flags };
	/* After it was unplugged it comes back a moment later. */
	for (i = 0; i < 50; i++) {
		if (!add_target(fd, path, O_RDWR, t))
			return true;
		usleep(100000);
	}
	return ok(false, "target %s: %s", path, strerror(errno));
}

static struct unified_io_target look(uint32_t index)
{
	struct unified_io_target t = { .index = index };

	ioctl(fd, UNIFIED_IO_GET_TARGET, &t);
	return t;
}

/* As NVMe commands on a ring they are gathered, by lists of the module's own. */
static void open_load(struct load *l, unsigned int flags, bool by_uring)
{
	load_open(l, fd, by_uring, 64);
	if (flags == UNIFIED_TARGET_F_NVME && by_uring)
		load_gather(l, data);
}

static void reset(unsigned int flags, bool by_uring, const char *what)
{
	struct unified_io_target t;
	char command[128];
	uint64_t good;
	struct load l;

	if (!add(drive(0), flags, &t))
		return;
	snprintf(command, sizeof(command), "echo 1 >/sys/class/nvme/%s/reset_controller",
		 controller(drive(0)));
	open_load(&l, flags, by_uring);
	ok(!load_during(&l, command), "%s: the controller is reset", what);
	ok(load_is_whole(&l), "each came back once: %llu good, %llu not (%d)",
	   (unsigned long long)l.good, (unsigned long long)l.bad, l.last_error);
	good = l.good;
	load_run(&l, 5);
	load_drain(&l);
	ok(l.good > good, "and it goes on");
	if (flags == UNIFIED_TARGET_F_BLOCK)
		ok(!l.bad, "the block layer tried again what was cut off");
	load_close(&l);
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
}

/* 512 to 4096: what was an LBA in the middle is far beyond the end then. */
static void reformat(unsigned int flags, bool by_uring, const char *what)
{
	struct unified_io_target t;
	const char *path = drive(1);
	char command[256];
	struct load l;

	if (!add(path, flags, &t))
		return;
	open_load(&l, flags, by_uring);
	l.blocks = t.lba_size == 512 ? 131072 : 16384;
	l.lba_size = t.lba_size;
	snprintf(command, sizeof(command), "nvme format %s --force --lbaf=%d >/dev/null 2>&1", path,
		 t.lba_size == 512 ? 4 : 0);
	/* Its status is that of reading the partitions, which the claim forbids. */
	load_during(&l, command);
	ok(load_is_whole(&l),
	   "%s: formatted under load, each came back once: %llu good, %llu not (%d)", what,
	   (unsigned long long)l.good, (unsigned long long)l.bad, l.last_error);
	if (!ok(look(t.index).lba_size == (t.lba_size == 512 ? 4096 : 512), "other blocks"))
		diag("%u", look(t.index).lba_size);
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
	load_close(&l);
}

static void unplug(unsigned int flags, bool by_uring, const char *what, const char *how,
		   const char *back)
{
	struct unified_io_target t;
	struct load l;
	char command[256];

	if (!add(drive(0), flags, &t))
		return;
	snprintf(command, sizeof(command), how, controller(drive(0)));
	open_load(&l, flags, by_uring);
	ok(!load_during(&l, command), "%s: %s", what, how);
	ok(load_is_whole(&l) && l.last_error, "each came back once: %llu good, %llu not (%d)",
	   (unsigned long long)l.good, (unsigned long long)l.bad + l.refused, l.last_error);
	ok(look(t.index).gone == 1, "the target is there as gone");
	ok(!ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t), "and can be removed");
	load_close(&l);
	ok(!system(back), "back it comes");
}

/* The commands have no place for it: the controller would take it from anywhere. */
static void metadata(void)
{
	struct unified_descriptor d = { .type = UNIFIED_REGION_F_NVME,
					.flags = UNIFIED_DESC_F_READ,
					.len = 4096 };
	struct unified_completion done;
	struct unified_io_target t;
	const char *path = strdup(drive(1));
	char command[256];
	int ret;

	if (!add(path, UNIFIED_TARGET_F_NVME, &t))
		return;
	snprintf(command, sizeof(command), "nvme format %s --force --lbaf=1 >/dev/null 2>&1", path);
	ok(!ioctl_run(fd, &d, &done) && system(command) >= 0, "formatted with metadata");
	ret = ioctl_run(fd, &d, &done);
	if (!ok(ret == -EMEDIUMTYPE, "it is driven by commands no more"))
		diag("%s", strerror(-ret));
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
	snprintf(command, sizeof(command), "nvme format %s --force --lbaf=0 >/dev/null 2>&1", path);
	ok(system(command) >= 0 && add(path, UNIFIED_TARGET_F_NVME, &t), "without, it is again");
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
}

/* An open namespace holds its driver. */
static void unload(void)
{
	struct unified_io_target t;
	struct load l;

	if (!add(drive(0), UNIFIED_TARGET_F_NVME, &t))
		return;
	load_open(&l, fd, true, 64);
	ok(load_during(&l, "rmmod nvme 2>/dev/null") && load_is_whole(&l) && !l.bad,
	   "the driver cannot be unloaded under a target");
	load_close(&l);
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
	ok(!system("rmmod nvme && modprobe nvme"), "after it was removed it can");
}

int main(void)
{
	static const struct {
		unsigned int flags;
		bool by_uring;
		const char *what;
	} ways[] = {
		{ UNIFIED_TARGET_F_BLOCK, false, "block, ioctl" },
		{ UNIFIED_TARGET_F_NVME, true, "NVMe, uring_cmd" },
		{ UNIFIED_TARGET_F_BLOCK, true, "block, uring_cmd" },
		{ UNIFIED_TARGET_F_NVME, false, "NVMe, ioctl" },
	};
	unsigned int i;

	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	data = region_map(fd, setup.offsets.data, 2 * MIB, PROT_READ | PROT_WRITE);
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		reset(ways[i].flags, ways[i].by_uring, ways[i].what);
		reformat(ways[i].flags, ways[i].by_uring, ways[i].what);
		unplug(ways[i].flags, ways[i].by_uring, ways[i].what,
		       "echo 1 >/sys/class/nvme/%s/device/remove", "echo 1 >/sys/bus/pci/rescan");
	}
	unplug(UNIFIED_TARGET_F_NVME, true, "NVMe, uring_cmd",
	       "cd /sys/class/nvme/%s/device && basename $(readlink -f .) >/tmp/pci && cat /tmp/pci >driver/unbind",
	       "cat /tmp/pci >/sys/bus/pci/drivers/nvme/bind");
	metadata();
	unload();
	return done();
}
