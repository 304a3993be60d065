/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sizes, ids, numbers and times, as people write and read them.
 */
#ifndef UNITS_H
#define UNITS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* "64 MiB", "100000 B": exact. */
const char *human(uint64_t bytes, char *text, size_t size);
/* "95.4 MiB": to be looked at. */
const char *about(double bytes, char *text, size_t size);

uint64_t microseconds_of(clockid_t clock);

/* "4096", "64K", "1G", "0x1000". 0, or -EINVAL. */
int parse_size(const char *text, uint64_t *bytes);
/* The id of a region. 0, or -EINVAL. */
int parse_id(const char *text, uint32_t *id);
/* "1", "1,3", "0-3,6": distinct numbers. How many, or -EINVAL. */
int parse_list(const char *text, unsigned int *list, unsigned int max);

#endif
