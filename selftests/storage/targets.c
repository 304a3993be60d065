// SPDX-License-Identifier: GPL-2.0
/*
 * Rights are fixed when a target is added: what may be added, with which access
 * and range, and what the holder of the region's descriptor can do with it, be
 * it nobody; and after UNIFIED_IO_SEAL_TARGETS none is added or removed by it.
 *
 * VM: --nvme 64M --nvme 64M,ms=8
 */
#include <pthread.h>
#include <sys/wait.h>

#include "io.h"

static struct unified_io_setup setup = REGION_SETUP;
static const char *path;
static int fd;

static int rw(unsigned int flags, uint64_t lba, uint32_t len)
{
	struct unified_descriptor d = {
		.type = UNIFIED_REGION_F_NVME, .flags = flags, .lba = lba, .len = len
	};
	struct unified_completion done;

	return ioctl_run(fd, &d, &done);
}

static int op(unsigned int opcode, uint32_t len)
{
	struct unified_descriptor d = { .type = UNIFIED_REGION_F_NVME,
					.opcode = opcode,
					.len = len };
	struct unified_completion done;

	return ioctl_run(fd, &d, &done);
}

static void refuse(const char *device, int mode, struct unified_io_target t, int error,
		   const char *what)
{
	int ret = add_target(fd, device, mode, &t);

	fails_with(ret, error, what);
	if (!ret)
		ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
}

static void remove_it(struct unified_io_target *t)
{
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, t);
}

static void *removes(void *arg)
{
	remove_it(arg);
	return NULL;
}

/* A device that is free again is not free before its index is. */
static void free_at_once(void)
{
	struct unified_io_target first = {}, t = {};
	pthread_t remover;
	int i, ret = 0;

	for (i = 0; i < 30 && !ret && !t.index; i++) {
		if (add_target(fd, path, O_RDWR, &first) ||
		    pthread_create(&remover, NULL, removes, &first))
			break;
		do {
			t = (struct unified_io_target){};
			ret = add_target(fd, path, O_RDWR, &t);
		} while (ret && errno == EBUSY);
		pthread_join(remover, NULL);
		remove_it(&t);
	}
	ok(i == 30 && !ret && !t.index, "device and index are free at the same time");
}

static void refused(void)
{
	struct unified_io_target t = { .fd = -1 };
	char command[128];
	int holder;

	fails_with(ioctl(fd, UNIFIED_IO_ADD_TARGET, &t), EBADF, "no descriptor");
	t.fd = 12345;
	fails_with(ioctl(fd, UNIFIED_IO_ADD_TARGET, &t), EBADF, "one that is not open");
	refuse("/dev/null", O_RDWR, (struct unified_io_target){}, ENODEV, "a character device");
	refuse("/proc/self/exe", O_RDONLY, (struct unified_io_target){}, ENODEV, "a file");
	refuse(path, O_RDWR, (struct unified_io_target){ .flags = 4 }, EINVAL, "a flag");
	refuse(path, O_RDWR, (struct unified_io_target){ .flags = 3 }, EINVAL, "both kinds");
	refuse(path, O_RDWR, (struct unified_io_target){ .access = 4 }, EINVAL, "an access");
	refuse(path, O_RDWR, (struct unified_io_target){ .resv = 1 }, EINVAL, "a reserved member");
	refuse(path, O_RDWR, (struct unified_io_target){ .start = 100 }, EINVAL, "half a block");
	refuse(path, O_RDWR, (struct unified_io_target){ .start = 1 << 30 }, ERANGE,
	       "a start beyond the end");
	refuse(path, O_RDWR, (struct unified_io_target){ .start = 4096, .length = -4096 }, ERANGE,
	       "a length that wraps");
	refuse(path, O_RDONLY, (struct unified_io_target){ .access = UNIFIED_TARGET_WRITE }, EACCES,
	       "writing by a descriptor that may only read");
	refuse(path, O_RDWR, (struct unified_io_target){ .region = 9999 }, ENOENT,
	       "no such region");

	holder = open(path, O_RDWR | O_EXCL);
	refuse(path, O_RDWR, (struct unified_io_target){}, EBUSY, "what another has claimed");
	close(holder);
	snprintf(command, sizeof(command), "mkswap %s >/dev/null && swapon %s", path, path);
	if (ok(!system(command), "what is used to swap"))
		refuse(path, O_RDWR, (struct unified_io_target){}, EBUSY, "is busy");
	snprintf(command, sizeof(command), "swapoff %s; blockdev --setro %s", path, path);
	ok(!system(command), "a device that is read-only");
	refuse(path, O_RDONLY, (struct unified_io_target){ .access = UNIFIED_TARGET_WRITE }, EACCES,
	       "is not written");
	snprintf(command, sizeof(command), "blockdev --setrw %s; wipefs -aq %s", path, path);
	ok(!system(command), "is writable again");
}

static void claimed(void)
{
	struct unified_io_target t = {}, second = {};
	int other;

	ok(!add_target(fd, path, O_RDWR, &t), "a target");
	fails_with(add_target(fd, path, O_RDWR, &second), EBUSY, "a second time");
	second = (struct unified_io_target){ .resv = 1 };
	fails_with(ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &second), EINVAL, "removed, and more");
	fails_with(ioctl(fd, UNIFIED_IO_GET_TARGET, &second), EINVAL, "looked at, and more");
	fails_with(open(path, O_RDWR | O_EXCL), EBUSY, "another's claim");
	remove_it(&t);
	other = open(path, O_RDWR | O_EXCL);
	ok(other >= 0, "it is free at once when it was removed");
	close(other);
}

static void read_only(unsigned int flags)
{
	struct unified_io_target t = { .flags = flags };

	ok(!add_target(fd, path, O_RDONLY, &t) && t.access == UNIFIED_TARGET_READ,
	   "a target by a descriptor that may only read");
	ok(!rw(UNIFIED_DESC_F_READ, 0, 4096), "is read");
	ok(rw(UNIFIED_DESC_F_WRITE, 0, 4096) == -EPERM, "is not written");
	ok(op(UNIFIED_OP_FLUSH, 0) == -EPERM, "not flushed");
	ok(op(UNIFIED_OP_ZEROES, 4096) == -EPERM, "not zeroed");
	ok(op(UNIFIED_OP_DISCARD, 4096) == -EPERM, "not discarded");
	remove_it(&t);
	t = (struct unified_io_target){ .flags = flags, .access = UNIFIED_TARGET_WRITE };
	ok(!add_target(fd, path, O_RDWR, &t), "one to write only");
	ok(rw(UNIFIED_DESC_F_READ, 0, 4096) == -EPERM && !rw(UNIFIED_DESC_F_WRITE, 0, 4096),
	   "is not read");
	remove_it(&t);
}

static void within_range(unsigned int flags)
{
	struct unified_io_target t = { .flags = flags, .start = 1 << 20, .length = 1 << 20 };

	ok(!add_target(fd, path, O_RDWR, &t) && t.start == 1 << 20 && t.length == 1 << 20,
	   "a range of a device");
	ok(!rw(UNIFIED_DESC_F_WRITE, 2048, 4096) && !rw(UNIFIED_DESC_F_WRITE, 4096 - 8, 4096),
	   "its first and last blocks");
	ok(rw(UNIFIED_DESC_F_WRITE, 2047, 4096) == -ERANGE &&
		   rw(UNIFIED_DESC_F_READ, 4096 - 7, 4096) == -ERANGE &&
		   rw(UNIFIED_DESC_F_READ, 0, 4096) == -ERANGE,
	   "and none beside them");
	ok(op(UNIFIED_OP_ZEROES, 4096) == -ERANGE && op(UNIFIED_OP_DISCARD, 4096) == -ERANGE,
	   "not even zeroes");
	remove_it(&t);
}

static void kinds(void)
{
	struct unified_io_target t = { .flags = UNIFIED_TARGET_F_NVME };

	ok(!add_target(fd, generic(path), O_RDWR, &t) && t.kind == UNIFIED_TARGET_NVME &&
		   t.nsid == 1 && strstr(t.name, "nvme"),
	   "the character device of a namespace");
	ok(!rw(UNIFIED_DESC_F_READ, 0, 4096), "is read");
	remove_it(&t);
	refuse(generic(path), O_RDONLY,
	       (struct unified_io_target){ .access = UNIFIED_TARGET_WRITE }, EACCES,
	       "with the rights of its descriptor");
	refuse(drive(1), O_RDWR, (struct unified_io_target){ .flags = UNIFIED_TARGET_F_NVME },
	       EMEDIUMTYPE, "blocks with metadata, by NVMe commands");
	path = strdup(drive(0));
	t = (struct unified_io_target){};
	ok(!add_target(fd, drive(1), O_RDWR, &t) && t.kind == UNIFIED_TARGET_BLOCK,
	   "but by the block layer");
	ok(!rw(UNIFIED_DESC_F_WRITE, 0, 4096) && !rw(UNIFIED_DESC_F_READ, 0, 4096), "that works");
	remove_it(&t);
	path = strdup(drive(0));
}

static void many(void)
{
	struct unified_io_target t = {};
	char name[32];
	int i, added = 0;

	if (system("modprobe -rq null_blk; modprobe null_blk nr_devices=33 gb=1"))
		diag("no null_blk");
	for (i = 0; i < 33; i++) {
		snprintf(name, sizeof(name), "/dev/nullb%d", i);
		t = (struct unified_io_target){};
		if (add_target(fd, name, O_RDWR, &t))
			break;
		added += t.index == (unsigned int)i;
	}
	ok(i == 32 && added == 32 && errno == ENOSPC, "32 targets, and no more (%d)", i);
	for (i = 0, t.index = 0; !ioctl(fd, UNIFIED_IO_GET_TARGET, &t); t.index++)
		i += t.index == (unsigned int)i && !t.gone;
	ok(i == 32 && errno == ENOENT, "all of them are listed");
	for (t.index = 0; t.index < 32; t.index++)
		remove_it(&t);
	ok(!system("modprobe -r null_blk"), "and removed");
	t.index = 99;
	fails_with(ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t), ENODEV, "one that cannot be");
}

/* Somebody without any right gets the region's descriptor. */
static void nobody(void)
{
	struct unified_io_target t = { .access = UNIFIED_TARGET_READ };
	int status = -1;
	pid_t pid;

	ok(!add_target(fd, path, O_RDWR, &t), "a target to read");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct unified_io_target other = { .region = setup.id };
		struct unified_io_region_info info = { .id = 1 };
		struct unified_io_policy_info policy = { .id = 1 };
		int bad = 0;

		if (setgid(65534) || setuid(65534))
			_exit(99);
		bad |= rw(UNIFIED_DESC_F_READ, 0, 4096) ? 1 : 0;
		bad |= rw(UNIFIED_DESC_F_WRITE, 0, 4096) == -EPERM ? 0 : 2;
		bad |= ioctl(fd, UNIFIED_IO_GET_TARGET, &other) < 0 && errno == EPERM ? 0 : 4;
		bad |= ioctl(fd, UNIFIED_IO_GET_REGION, &info) < 0 && errno == EPERM ? 0 : 8;
		bad |= open(path, O_RDONLY) < 0 ? 0 : 16;
		bad |= open(UNIFIED_IO_DEVICE, O_RDWR) < 0 ? 0 : 32;
		bad |= ioctl(fd, UNIFIED_IO_GET_POLICY, &policy) < 0 && errno == EPERM ? 0 : 64;
		_exit(bad);
	}
	waitpid(pid, &status, 0);
	if (!ok(status == 0, "nobody with its descriptor reads, and can do nothing else"))
		diag("bits %#x", status >> 8);
	remove_it(&t);
}

static void from_setup(void)
{
	struct unified_io_setup s = REGION_SETUP;
	struct unified_io_target t = {};
	int drive_fd = open(path, O_RDWR), region;

	s.nvme_fd = drive_fd;
	region = region_open(&s);
	ok(region >= 0 && !ioctl(region, UNIFIED_IO_GET_TARGET, &t) && !t.index &&
		   strstr(path, t.name),
	   "the drive of SETUP is target 0");
	s = (struct unified_io_setup)REGION_SETUP;
	s.nvme_fd = drive_fd;
	fails_with(region_open(&s), EBUSY, "of one region only");
	close(region);
	close(drive_fd);
}

/* By the region's descriptor, or where it is named: -1 and errno. */
static int add_to(uint32_t region)
{
	struct unified_io_target t = { .region = region };

	return add_target(fd, drive(1), O_RDWR, &t);
}

static int remove_from(uint32_t region, uint32_t index)
{
	struct unified_io_target t = { .region = region, .index = index };

	return ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
}

/* Who names the region without the right to: a bit for each answer that is wrong. */
static int by_nobody(void)
{
	struct unified_io_target t = { .region = setup.id, .fd = open(drive(1), O_RDWR) };
	int bad = 0;

	if (setgid(65534) || setuid(65534))
		return 99;
	bad |= ioctl(fd, UNIFIED_IO_ADD_TARGET, &t) < 0 && errno == EPERM ? 0 : 1;
	bad |= remove_from(setup.id, 0) < 0 && errno == EPERM ? 0 : 2;
	t.region = 0;
	bad |= ioctl(fd, UNIFIED_IO_ADD_TARGET, &t) < 0 && errno == EPERM ? 0 : 4;
	bad |= remove_from(0, 0) < 0 && errno == EPERM ? 0 : 8;
	bad |= rw(UNIFIED_DESC_F_READ, 0, 4096) ? 16 : 0;
	return bad;
}

/* What is there can be used, and only an administrator changes it. It stays so. */
static void sealed(void)
{
	int empty = open(UNIFIED_IO_DEVICE, O_RDWR), status = -1;
	struct unified_io_target t = {};
	pid_t pid;

	fails_with(ioctl(empty, UNIFIED_IO_SEAL_TARGETS), ENXIO, "sealing those of no region");
	close(empty);
	ok(!add_target(fd, path, O_RDWR, &t) && !ioctl(fd, UNIFIED_IO_SEAL_TARGETS) &&
		   !ioctl(fd, UNIFIED_IO_SEAL_TARGETS),
	   "a target, and the seal, twice");
	fails_with(add_to(0), EPERM, "another target");
	fails_with(remove_from(0, 0), EPERM, "removing the one");
	fails_with(remove_from(0, 7), EPERM, "removing one that is not there");
	t = (struct unified_io_target){};
	ok(!ioctl(fd, UNIFIED_IO_GET_TARGET, &t) && !t.index && !t.gone && strstr(path, t.name),
	   "it is there, as before");
	ok(!rw(UNIFIED_DESC_F_WRITE, 0, 4096) && !rw(UNIFIED_DESC_F_READ, 0, 4096),
	   "and is written and read");
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(by_nobody());
	waitpid(pid, &status, 0);
	if (!ok(status == 0, "nobody who names the region changes that"))
		diag("bits %#x", status >> 8);
	ok(!add_to(setup.id), "an administrator who names it adds one");
	ok(!remove_from(setup.id, 1) && !remove_from(setup.id, 0), "and removes both");
	fails_with(add_to(0), EPERM, "which breaks no seal: another target");
}

int main(void)
{
	path = strdup(drive(0));
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	refused();
	claimed();
	free_at_once();
	read_only(UNIFIED_TARGET_F_BLOCK);
	read_only(UNIFIED_TARGET_F_NVME);
	within_range(UNIFIED_TARGET_F_BLOCK);
	within_range(UNIFIED_TARGET_F_NVME);
	kinds();
	nobody();
	many();
	sealed();
	from_setup();
	return done();
}
