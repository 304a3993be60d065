/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the checks of unifiedctl doctor share. doctor_kernel.c has those of the kernel
 * and the module, doctor.c all others, and says what the states mean.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

enum doctor_state {
	OK,
	LIMITED,
	MISSING,
};

void doctor_say(enum doctor_state state, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void doctor_kernel(void);
/* all: a line for each thing that the module was compared with when it was built. */
void doctor_module(bool all);
void doctor_io_uring(void);

#endif
