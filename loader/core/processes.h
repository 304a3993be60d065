/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Other processes, and what they have open, as far as that can be seen from here.
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

#endif
