/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a fuzzer does with the module: a program is bytes, and any bytes are a program.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stddef.h>
#include <stdint.h>

#define PROGRAM_MAX 512

/* What worked, of all programs: shared memory. */
struct steps_seen {
	uint64_t regions, targets, policies, mappings;
	uint64_t by_ioctl, by_uring; /* completions without an error */
	uint64_t gathered;	     /* submitted */
	uint64_t by_bpf, hooks;	     /* calls of kfuncs, and of hooks */
	uint64_t faults;	     /* asked for: it may be a page of the program's own */
};

/* Devices and policies, once, for all programs. 0 or -errno. */
int steps_open(const char *const *devices, unsigned int nr, struct steps_seen *seen);
/* Between programs: register policies that were ejected again. 0 or -errno. */
int steps_renew(void);
/* In a process for each program: no region yet. */
void steps_begin(void);
/* Of any thread, several at once with the same regions. */
void steps_run(const uint8_t *program, size_t len);
/* Change memory that is mapped, until *stop is not 0. */
void steps_scribble(const volatile int *stop, uint64_t seed);

#endif
