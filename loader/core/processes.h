/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Other processes: what they have open, as far as that can be seen from here, and those
 * that a command runs.
 */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <stdbool.h>
#include <stddef.h>

/* Call seen for each process but this one, until it returns true: then it is true. */
bool processes_any(bool (*seen)(int pid, void *arg), void *arg);

/* Of its program, or "?". */
void process_name(int pid, char *name, size_t size);

/* Is it so of a file of the process? dir is "fd" or "fdinfo" of /proc/PID. */
bool process_has(int pid, const char *dir, bool (*is_it)(const char *path, const void *arg),
		 const void *arg);

/*
 * Become another program, command[0] as a shell would find it, with all that has
 * no close-on-exec. Returns if that cannot be: an exit status, and fail() has said why.
 */
int process_become(char **command);

/*
 * Run it, and wait until it ends, after interrupt_setup_undo(); who interrupts this
 * process means it, and it is ended; who insists has it killed. Its exit status.
 */
int process_run(char **command);

#endif
