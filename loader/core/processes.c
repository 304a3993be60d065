// SPDX-License-Identifier: GPL-2.0
/*
 * Other processes, see processes.h.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "interrupt.h"
#include "json.h"
#include "processes.h"
#include "unifiedctl.h"

bool processes_any(bool (*seen)(int pid, void *arg), void *arg)
{
	DIR *dir = opendir("/proc");
	bool found = false;
	struct dirent *e;

	while (dir && !found && (e = readdir(dir))) {
		int pid = atoi(e->d_name);

		found = pid > 0 && pid != getpid() && seen(pid, arg);
	}
	if (dir)
		closedir(dir);
	return found;
}

void process_name(int pid, char *name, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (file_line(path, name, size))
		snprintf(name, size, "?");
}

bool process_has(int pid, const char *dir, bool (*is_it)(const char *path, const void *arg),
		 const void *arg)
{
	bool found = false;
	struct dirent *e;
	char path[320];
	DIR *files;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, dir);
	files = opendir(path);
	while (files && !found && (e = readdir(files))) {
		snprintf(path, sizeof(path), "/proc/%d/%s/%s", pid, dir, e->d_name);
		found = e->d_name[0] != '.' && is_it(path, arg);
	}
	if (files)
		closedir(files);
	return found;
}

int process_become(char **command)
{
	fflush(stdout);
	interrupt_undo();
	execvp(command[0], command);
	return fail(-errno, "cannot run '%s'", command[0]);
}

int process_run(char **command)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return fail(-errno, "cannot run '%s'", command[0]);
	if (!pid) {
		process_become(command);
		fflush(stdout);
		_exit(EXIT_FAILED);
	}
	/* The output is the command's. */
	json_leave();
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return fail(-errno, "it is not known how '%s' ended", command[0]);
		/* Until it was waited for, the number is nobody else's. */
		if (interrupted)
			kill(pid, insisted ? SIGKILL : SIGTERM);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
