/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fields of the kernel's own structures that BPF programs read, and which of
 * them the running kernel has.
 */
#ifndef LOADER_PRIVATE_FIELDS_H
#define LOADER_PRIVATE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/private_fields.h"

struct private_field {
	const char *name;  /* structure and member */
	const char *where; /* the kernel's file */
};

extern const struct private_field private_field_list[PRIVATE_FIELDS];

/*
 * Ask the kernel: a bit of *there for each of enum private_field_bit. 0 or -errno:
 * -EPERM for who may not load BPF programs.
 */
int private_fields_ask(uint32_t *there);

static inline bool private_field_is(uint32_t there, unsigned int bit)
{
	return there >> bit & 1;
}

/* The names of those that are not there, with commas; false: all are. */
bool private_fields_missing(uint32_t there, char *names, size_t size);

#endif
