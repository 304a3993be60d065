// SPDX-License-Identifier: GPL-2.0
/*
 * The state file, see nic_state.h.
 *
 * It is written beside its place and linked or renamed there. What is in it:
 * nic_state_lines.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "nic_state.h"
#include "nic_state_lines.h"

#define PREFIX	   "nic-"
#define UNFINISHED ".new-"

void nic_state_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, NIC_STATE_DIR "/" PREFIX "%s", name);
}

/* What somebody who was killed had written: with the lock nobody is writing. */
static void remove_unfinished(void)
{
	struct dirent *entry;
	DIR *dir = opendir(NIC_STATE_DIR);

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, UNFINISHED, strlen(UNFINISHED)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

int nic_state_lock(void)
{
	int fd, ret;

	if (mkdir(NIC_STATE_DIR, 0755) && errno != EEXIST)
		return -errno;
	fd = open(NIC_STATE_DIR "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	do
		ret = flock(fd, LOCK_EX) ? -errno : 0;
	while (ret == -EINTR);
	if (ret) {
		close(fd);
		return ret;
	}
	remove_unfinished();
	return fd;
}

/* --- owner ------------------------------------------------------------------ */

/*
 * In ticks since boot; 0: there is no such process, or nobody has seen its end yet. It is the
 * 22nd word, the second may have spaces, the third says what the process does.
 */
static unsigned long long start_of(pid_t pid)
{
	unsigned long long start = 0;
	char path[32], *stat, *p;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = file_text(path);
	p = stat ? strrchr(stat, ')') : NULL;
	if (p && p[1] == ' ' && strchr("ZXx", p[2]))
		p = NULL;
	for (i = 2; p && i < 22; i++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	if (p)
		start = strtoull(p, NULL, 10);
	free(stat);
	return start;
}

static void get_netns(struct nic_state *state)
{
	struct stat st = {};

	stat("/proc/self/ns/net", &st);
	state->netns.dev = st.st_dev;
	state->netns.ino = st.st_ino;
}

bool nic_state_is_here(const struct nic_state *state)
{
	struct nic_state here;

	get_netns(&here);
	return state->netns.dev == here.netns.dev && state->netns.ino == here.netns.ino;
}

int nic_state_get_name(const struct nic_state *state, char *name)
{
	if (!nic_state_is_here(state))
		return -EXDEV;
	if (if_indextoname(state->ifindex, name))
		return 0;
	return errno == ENXIO ? -ENODEV : -errno;
}

void nic_state_own(struct nic_state *state)
{
	state->pid = getpid();
	state->start = start_of(state->pid);
	get_netns(state);
}

bool nic_state_is_owned(const struct nic_state *state)
{
	return state->pid && start_of(state->pid) == state->start;
}

/* A file that makes no sense has been ours, for all that is known. */
bool nic_state_is_ours(const char *name)
{
	struct nic_state state;
	int ret = nic_state_read(name, &state);

	if (ret)
		return ret != -ENOENT;
	nic_state_free(&state);
	return state.pid == getpid() && nic_state_is_owned(&state);
}

/* --- the file --------------------------------------------------------------- */

/* create: not over another one. */
static int write_state(const struct nic_state *state, bool create)
{
	char path[64], temporary[80];
	int fd, ret;
	FILE *f;

	nic_state_path(state->name, path, sizeof(path));
	snprintf(temporary, sizeof(temporary), NIC_STATE_DIR "/" UNFINISHED "%s", state->name);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f) {
		ret = -errno;
		close(fd);
		goto out;
	}
	nic_state_put(f, state);
	ret = ferror(f) ? -EIO : 0;
	if (fclose(f) && !ret)
		ret = -errno;
	if (!ret && create)
		ret = link(temporary, path) ? -errno : 0;
	else if (!ret)
		ret = rename(temporary, path) ? -errno : 0;
out:
	unlink(temporary);
	return ret;
}

int nic_state_create(const struct nic_state *state)
{
	return write_state(state, true);
}

int nic_state_update(const struct nic_state *state)
{
	return write_state(state, false);
}

void nic_state_remove(const char *name)
{
	char path[64];

	nic_state_path(name, path, sizeof(path));
	unlink(path);
}

int nic_state_read(const char *name, struct nic_state *state)
{
	char path[64];
	unsigned int i;
	FILE *f;
	int ret;

	*state = (struct nic_state){};
	snprintf(state->name, sizeof(state->name), "%s", name);
	nic_state_path(name, path, sizeof(path));
	f = fopen(path, "re");
	if (!f)
		return -errno;
	ret = nic_state_take(f, state);
	fclose(f);
	if (ret)
		nic_state_free(state);
	/* What all rules have in common is kept once. */
	for (i = 0; i < state->nr_rules; i++) {
		state->rules[i].port = state->port;
		state->rules[i].context = state->context;
	}
	return ret;
}

void nic_state_free(struct nic_state *state)
{
	free(state->rss);
	state->rss = NULL;
}

int nic_state_for_each(int (*seen)(const char *name, void *arg), void *arg)
{
	struct dirent *e;
	int ret = 0;
	DIR *dir;

	dir = opendir(NIC_STATE_DIR);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (e = readdir(dir)))
		if (!strncmp(e->d_name, PREFIX, strlen(PREFIX)) &&
		    strlen(e->d_name) - strlen(PREFIX) < IF_NAMESIZE)
			ret = seen(e->d_name + strlen(PREFIX), arg);
	closedir(dir);
	return ret;
}

/* Takes the state of an interface out of all that are noted. */
static int take_if_same(const char *name, void *arg)
{
	struct nic_state *wanted = arg, state;

	if (nic_state_read(name, &state))
		return 0;
	if (state.ifindex == wanted->ifindex && nic_state_is_here(&state)) {
		*wanted = state;
		return 1;
	}
	nic_state_free(&state);
	return 0;
}

int nic_state_find(const char *name, struct nic_state *state)
{
	int ret = 0;

	*state = (struct nic_state){ .ifindex = if_nametoindex(name) };
	if (state->ifindex)
		ret = nic_state_for_each(take_if_same, state);
	return ret > 0 ? 0 : nic_state_read(name, state);
}
