/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the steps of a program act on: devices and policies, which all programs share, and
 * regions and mappings, which the threads of one program share.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"
#include "steps.h"

#define REGIONS	 4
#define MAPPINGS 4
#define DEVICES	 4

struct bpf_link;
struct bpf_map;
struct fuzz_state;

struct mapping {
	unsigned char *at;
	size_t len;
};

extern atomic_int regions[REGIONS];
extern _Atomic(struct mapping *) mappings[MAPPINGS];
extern atomic_uint last_id;  /* of a region that was set up */
extern atomic_ulong data_at; /* where its data begins */
extern int devices[DEVICES];
extern unsigned int nr_devices;
extern struct steps_seen *seen;
extern struct fuzz_state *state; /* of progs/fuzz.bpf.c */
extern int call_prog;

#define count(what) __atomic_add_fetch(&seen->what, 1, __ATOMIC_RELAXED)

/* Registered for all programs, by the process that starts them. */
struct policy {
	const char *name;
	struct bpf_map *map;
	struct bpf_link *link;
};

extern struct policy policies[];

/* Not registered: for a program to register, or to put in the place of "a". */
extern struct policy spare[];

/* The one that the next byte says. */
int region(struct input *in);

/* A mapping that goes meanwhile ends the write, and not the program: see catch_gone(). */
void write_number(struct mapping *m, uint64_t offset, uint64_t value);

/* In a process for each program, before anything is written. */
void catch_gone(void);

#endif
