// SPDX-License-Identifier: GPL-2.0
/*
 * An instance of the kernel's tracing, see tracefs.h.
 *
 * It is /sys/kernel/tracing/instances/unifiedctl-PID. That of a process which was
 * killed stays, and is removed by the next that comes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracefs.h"
#include "unifiedctl.h"

#define TRACEFS	  "/sys/kernel/tracing"
#define INSTANCES TRACEFS "/instances"
#define PREFIX	  "unifiedctl-"

static char instance[64];

static int write_file(const char *name, const char *text)
{
	char path[160];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void remove_stale(void)
{
	DIR *dir = opendir(INSTANCES);
	struct dirent *e;
	char path[320];
	int pid;

	while (dir && (e = readdir(dir))) {
		if (sscanf(e->d_name, PREFIX "%d", &pid) != 1 || !kill(pid, 0) || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), INSTANCES "/%s", e->d_name);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
}

static int fail_tracefs(int err, const char *what)
{
	if (err == -EPERM || err == -EACCES)
		return fail(err, "cannot %s: run as root, where the kernel is not locked down",
			    what);
	return fail(err, "cannot %s", what);
}

/* One of another mount namespace may lack it. */
static int mount_tracefs(void)
{
	if (!access(INSTANCES, F_OK))
		return EXIT_OK;
	if (errno == EACCES)
		return fail_tracefs(-EACCES, "look into " TRACEFS);
	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		return fail_tracefs(-errno, "mount tracefs on " TRACEFS);
	return EXIT_OK;
}

static int switch_on(uint32_t region, int *pipe)
{
	char text[160];
	int ret;

	snprintf(text, sizeof(text), "region == %u", region);
	ret = region ? write_file("events/unified/filter", text) : 0;
	/* Without them, a line is easier to read: for people and for cmd/trace.c. */
	if (!ret)
		ret = write_file("options/irq-info", "0");
	if (!ret)
		ret = write_file("events/unified/enable", "1");
	if (ret == -ENOENT)
		return fail_because(ret, "the module has no trace points here: %s",
				    module_advice(ret));
	if (ret)
		return fail_tracefs(ret, "switch the trace points on");
	snprintf(text, sizeof(text), "%s/trace_pipe", instance);
	*pipe = open(text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return *pipe < 0 ? fail_tracefs(-errno, "read the trace") : EXIT_OK;
}

int tracefs_open(uint32_t region, int *pipe)
{
	int ret;

	ret = mount_tracefs();
	if (ret)
		return ret;
	remove_stale();
	snprintf(instance, sizeof(instance), INSTANCES "/" PREFIX "%d", getpid());
	if (mkdir(instance, 0700))
		return fail_tracefs(-errno, "make an instance of tracing");
	ret = switch_on(region, pipe);
	if (ret)
		rmdir(instance);
	return ret;
}

void tracefs_close(int pipe)
{
	close(pipe);
	rmdir(instance);
}
