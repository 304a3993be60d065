// SPDX-License-Identifier: GPL-2.0
/*
 * Who has a block device, see holders.h.
 *
 * The kernel does not tell who claimed a device. What claims one mostly leaves
 * a trace elsewhere: in the mounts, the swap areas, in sysfs, with the module,
 * or as an open descriptor. A disk cannot be claimed while one of its partitions
 * is, nor a partition while its disk is.
 */
#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files.h"
#include "holders.h"
#include "processes.h"
#include "unified_io.h"
#include "unifiedctl.h"

#define SYSFS "/sys/class/block"

struct search {
	int module;
	const char *name;
	dev_t number;
	bool guess; /* who has it open need not be who claimed it: asked last */
	char *text;
	size_t size;
};

static bool is_device(const char *path, const void *arg)
{
	const struct search *s = arg;
	struct stat st;

	return !stat(path, &st) && S_ISBLK(st.st_mode) && st.st_rdev == s->number;
}

static bool mounted(const struct search *s)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;
	bool found = false;

	while (f && !found && (m = getmntent(f))) {
		found = is_device(m->mnt_fsname, s);
		if (found)
			snprintf(s->text, s->size, "%s is mounted on %s: umount it first", s->name,
				 m->mnt_dir);
	}
	if (f)
		endmntent(f);
	return found;
}

static bool swapped(const struct search *s)
{
	FILE *f = fopen("/proc/swaps", "r");
	char line[512], path[256];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%255s", path) == 1 && is_device(path, s);
	if (f)
		fclose(f);
	if (found)
		snprintf(s->text, s->size, "it is used as swap: swapoff %s first", path);
	return found;
}

/* What the device mapper, md and bcache leave in sysfs. */
static bool stacked(const struct search *s)
{
	char path[512], name[256] = "";
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), SYSFS "/%s/holders", s->name);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			snprintf(name, sizeof(name), "%s", e->d_name);
	if (dir)
		closedir(dir);
	if (!*name)
		return false;
	/* A name that people gave, if there is one. */
	snprintf(path, sizeof(path), SYSFS "/%s/dm/name", name);
	file_line(path, name, sizeof(name));
	snprintf(s->text, s->size, "%s is a part of %s: take that apart first. See: lsblk", s->name,
		 name);
	return true;
}

static bool targeted(const struct search *s)
{
	struct unified_io_region_info r = { .id = 1 };

	for (; !module_next_region(s->module, r.id, &r); r.id++) {
		struct unified_io_target t = { .region = r.id };

		for (; !ioctl(s->module, UNIFIED_IO_GET_TARGET, &t); t.index++) {
			if (strcmp(t.name, s->name) || t.gone)
				continue;
			snprintf(s->text, s->size,
				 "%s is target %u of region %u, of process %u: "
				 "unifiedctl target remove %u %u",
				 s->name, t.index, r.id, r.owner_pid, r.id, t.index);
			return true;
		}
	}
	return false;
}

static bool has_open(int pid, void *arg)
{
	const struct search *s = arg;
	char name[64];

	if (!process_has(pid, "fd", is_device, s))
		return false;
	process_name(pid, name, sizeof(name));
	snprintf(s->text, s->size, "process %d (%s) has %s open", pid, name, s->name);
	return true;
}

static bool find(struct search *s, const char *name)
{
	char path[300], number[32];
	unsigned int major, minor;

	s->name = name;
	snprintf(path, sizeof(path), SYSFS "/%s/dev", name);
	if (file_line(path, number, sizeof(number)) || sscanf(number, "%u:%u", &major, &minor) != 2)
		return false;
	s->number = makedev(major, minor);
	if (s->guess)
		return processes_any(has_open, s);
	return mounted(s) || swapped(s) || stacked(s) || targeted(s);
}

static bool find_in_partitions(struct search *s, const char *disk)
{
	char path[512];
	bool found = false;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), SYSFS "/%s", disk);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		snprintf(path, sizeof(path), SYSFS "/%s/%s/partition", disk, e->d_name);
		found = !access(path, F_OK) && find(s, e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* The disk that a partition is on. */
static bool find_in_disk(struct search *s, const char *partition)
{
	char path[300], *dir, *slash;
	bool found = false;

	snprintf(path, sizeof(path), SYSFS "/%s/partition", partition);
	if (access(path, F_OK))
		return false;
	snprintf(path, sizeof(path), SYSFS "/%s/..", partition);
	dir = realpath(path, NULL);
	slash = dir ? strrchr(dir, '/') : NULL;
	if (slash)
		found = find(s, slash + 1);
	free(dir);
	return found;
}

static bool find_all(struct search *s, const char *name)
{
	return find(s, name) || find_in_partitions(s, name) || find_in_disk(s, name);
}

void holders_explain(int module, const char *name, char *text, size_t size)
{
	struct search s = { .module = module, .text = text, .size = size };

	if (find_all(&s, name))
		return;
	s.guess = true;
	if (!find_all(&s, name))
		snprintf(text, size,
			 "the kernel, or a process that is not seen from here, uses it for itself. "
			 "See: lsblk");
}
