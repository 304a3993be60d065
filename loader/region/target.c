// SPDX-License-Identifier: GPL-2.0
/*
 * Targets, see target.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files.h"
#include "holders.h"
#include "signature.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

const char *target_kind(const struct unified_io_target *t)
{
	return t->kind == UNIFIED_TARGET_NVME ? "nvme" : "block";
}

const char *target_access(const struct unified_io_target *t)
{
	switch (t->access) {
	case UNIFIED_TARGET_READ:
		return "read";
	case UNIFIED_TARGET_WRITE:
		return "write";
	default:
		return "read-write";
	}
}

static uint64_t disk_size(const char *name)
{
	char path[320], sectors[32] = "";

	snprintf(path, sizeof(path), "/sys/class/block/%s/size", name);
	file_line(path, sectors, sizeof(sectors));
	return strtoull(sectors, NULL, 10) * 512;
}

uint64_t target_size(const struct unified_io_target *t)
{
	return disk_size(t->name);
}

/*
 * The disk or partition that a device node stands for, by its name in sysfs; that
 * of an NVMe character device, too. 0 or -errno.
 */
static int disk_name(const char *path, char *name, size_t size)
{
	char link[64], to[512], *base;
	struct stat st;
	ssize_t n;

	if (stat(path, &st))
		return -errno;
	if (!S_ISBLK(st.st_mode) && !S_ISCHR(st.st_mode))
		return -ENODEV;
	snprintf(link, sizeof(link), "/sys/dev/%s/%u:%u", S_ISBLK(st.st_mode) ? "block" : "char",
		 major(st.st_rdev), minor(st.st_rdev));
	n = readlink(link, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = '\0';
	base = strrchr(to, '/');
	if (!base)
		return -ENODEV;
	base++;
	if (S_ISBLK(st.st_mode))
		snprintf(name, size, "%s", base);
	else if (!strncmp(base, "ng", 2))
		snprintf(name, size, "nvme%s", base + 2);
	else
		return -ENODEV;
	return 0;
}

static int fail_no_device(const char *path)
{
	struct stat st;

	if (!stat(path, &st) && S_ISREG(st.st_mode))
		return fail_because(-ENODEV,
				    "'%s' is a file. Make it a device: losetup -f --show %s", path,
				    path);
	return fail_because(-ENODEV,
			    "'%s' is no block device and no NVMe character device as /dev/ng0n1",
			    path);
}

static int fail_read_only(const char *path, const struct unified_io_target *t)
{
	if (t->access == UNIFIED_TARGET_READ)
		return fail_because(-EROFS, "'%s' cannot be opened for reading: run as root", path);
	return fail_because(-EROFS, "'%s' is read-only. See: blockdev --getro %s, lsblk", path,
			    path);
}

static int fail_range(const char *path, const char *name, const struct unified_io_target *t)
{
	char start[32], size[32];

	return fail_because(-ERANGE, "'%s' has %s: no range begins at %s and is that long", path,
			    human(disk_size(name), size, sizeof(size)),
			    human(t->start, start, sizeof(start)));
}

static int fail_kind(const char *path, const struct unified_io_target *t)
{
	if (t->flags & UNIFIED_TARGET_F_NVME)
		return fail_because(-EOPNOTSUPP,
				    "'%s' cannot be driven by NVMe commands: it is no NVMe disk, a "
				    "partition, or a multipath head. Take --block instead",
				    path);
	return fail_because(-EOPNOTSUPP,
			    "'%s' demands segments larger than a page, which a region has not",
			    path);
}

static int fail_add(int module, int err, const char *path, const char *name,
		    const struct unified_io_target *t)
{
	char why[600];

	switch (err) {
	case -ENODEV:
	case -ENXIO:
		return fail_because(err, "'%s' is going, or has no medium", path);
	case -ENOENT:
		return fail_because(err, "there is no region %u. See: unifiedctl region list",
				    t->region);
	case -EPERM:
		return fail(err, "cannot add '%s' to region %u: run as root", path, t->region);
	case -EACCES:
	case -EROFS:
		return fail_read_only(path, t);
	case -EBUSY:
		holders_explain(module, name, why, sizeof(why));
		return fail_because(err, "'%s' is in use: %s", path, why);
	case -EINVAL:
		return fail_because(
			err,
			"start and length are to be whole blocks of '%s'. See: blockdev "
			"--getss %s",
			path, path);
	case -ERANGE:
		return fail_range(path, name, t);
	case -EOPNOTSUPP:
		return fail_kind(path, t);
	case -EMEDIUMTYPE:
		return fail_because(
			err,
			"the blocks of '%s' have metadata, which NVMe commands would have to "
			"carry. Take --block, or format it without: nvme format",
			path);
	case -EPROTO:
		return fail_because(
			err,
			"the NVMe driver of this kernel is not the one that the module was "
			"built for: build it again, or take --block for '%s'",
			path);
	case -ENOSPC:
		return fail_because(
			err,
			"the region has %d targets and takes no more: unifiedctl target remove",
			UNIFIED_IO_MAX_TARGETS);
	default:
		return fail(err, "cannot add '%s'", path);
	}
}

static int open_device(const char *path, uint32_t access)
{
	int mode = access == UNIFIED_TARGET_READ    ? O_RDONLY
		   : access == UNIFIED_TARGET_WRITE ? O_WRONLY
						    : O_RDWR;
	int fd = open(path, mode | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int target_fail(int module, int err, const char *path, const struct unified_io_target *t)
{
	char name[256] = "";

	disk_name(path, name, sizeof(name));
	return fail_add(module, err, path, name, t);
}

static int find_disk(const char *path, char *name, size_t size)
{
	int ret = disk_name(path, name, size);

	if (ret == -ENODEV)
		return fail_no_device(path);
	return ret ? fail(ret, "cannot find '%s'", path) : EXIT_OK;
}

/* Has somebody claimed it, so that the module could not? */
static bool is_claimed(const char *node)
{
	int fd = open(node, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return errno == EBUSY;
	close(fd);
	return false;
}

static int check_signature(int module, const char *path, const char *name)
{
	const struct unified_io_target t = { .access = UNIFIED_TARGET_READ };
	char node[300], what[1024];
	struct stat st;
	int ret;

	/* What an NVMe character device has is read from its disk. */
	if (!stat(path, &st) && S_ISCHR(st.st_mode))
		snprintf(node, sizeof(node), "/dev/%s", name);
	else
		snprintf(node, sizeof(node), "%s", path);
	ret = signature_find(node, name, what, sizeof(what));
	if (!ret)
		return EXIT_OK;
	/* Who uses it is told first, as without this check. */
	if (is_claimed(node))
		ret = -EBUSY;
	switch (ret) {
	case 1:
		return fail_because(-EEXIST, "'%s' has %s: --force overwrites it", path, what);
	case -EBUSY:
	case -ENODEV:
	case -ENXIO:
		return fail_add(module, ret, path, name, &t);
	default:
		return fail(ret,
			    "'%s' cannot be read, to see whether it has a filesystem or the like, "
			    "which --force overwrites unseen",
			    node);
	}
}

int target_add(int module, const char *path, bool force, struct unified_io_target *t)
{
	char name[256];
	int fd, ret;

	ret = find_disk(path, name, sizeof(name));
	if (ret)
		return ret;
	fd = open_device(path, t->access);
	if (fd < 0)
		return fail_add(module, fd, path, name, t);
	if (!force && t->access & UNIFIED_TARGET_WRITE)
		ret = check_signature(module, path, name);
	if (!ret) {
		t->fd = fd;
		ret = ioctl(module, UNIFIED_IO_ADD_TARGET, t) ? -errno : 0;
		ret = ret ? fail_add(module, ret, path, name, t) : EXIT_OK;
	}
	/* The module has opened it for itself. */
	close(fd);
	return ret;
}

int target_may_overwrite(int module, const char *path)
{
	char name[256];

	return find_disk(path, name, sizeof(name)) ?: check_signature(module, path, name);
}

int target_add_all(int module, const char *const *paths, unsigned int nr,
		   const struct unified_io_target *wanted, bool force, struct unified_io_target *t)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		t[i] = *wanted;
		ret = target_add(module, paths[i], force, &t[i]);
		if (ret)
			return ret;
		if (t[i].lba_size != t[0].lba_size)
			return fail(
				0,
				"'%s' has blocks of %u bytes and '%s' of %u: targets that are used "
				"together have blocks of one size",
				paths[0], t[0].lba_size, paths[i], t[i].lba_size);
	}
	return EXIT_OK;
}

void target_remove_all(int module)
{
	struct unified_io_target t = {}, found;

	for (; !ioctl(module, UNIFIED_IO_GET_TARGET, &t); t.index++) {
		found = (struct unified_io_target){ .index = t.index };
		ioctl(module, UNIFIED_IO_REMOVE_TARGET, &found);
	}
}
