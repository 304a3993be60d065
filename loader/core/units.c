// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes, ids, numbers and times, see units.h.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "units.h"

static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };

const char *human(uint64_t bytes, char *text, size_t size)
{
	unsigned int u = 0;

	while (u < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		u++;
	}
	snprintf(text, size, "%" PRIu64 " %s", bytes, units[u]);
	return text;
}

const char *about(double bytes, char *text, size_t size)
{
	unsigned int u = 0;

	while (u < 4 && bytes >= 1024) {
		bytes /= 1024;
		u++;
	}
	snprintf(text, size, u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
	return text;
}

uint64_t microseconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static unsigned int suffix_shift(char suffix)
{
	switch (toupper((unsigned char)suffix)) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	case 'T':
		return 40;
	default:
		return 0;
	}
}

int parse_size(const char *text, uint64_t *bytes)
{
	unsigned int shift;
	uint64_t n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)text[0]) || errno)
		return -EINVAL;
	shift = suffix_shift(*end);
	if (end[shift ? 1 : 0] || (n << shift) >> shift != n)
		return -EINVAL;
	*bytes = n << shift;
	return 0;
}

int parse_id(const char *text, uint32_t *id)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || !n || n > INT32_MAX)
		return -EINVAL;
	*id = n;
	return 0;
}

static int add_range(unsigned int *list, unsigned int nr, unsigned int max, unsigned long first,
		     unsigned long last)
{
	unsigned long n;
	unsigned int i;

	if (last < first || last > INT32_MAX)
		return -EINVAL;
	for (n = first; n <= last; n++) {
		for (i = 0; i < nr; i++)
			if (list[i] == n)
				return -EINVAL;
		if (nr == max)
			return -EINVAL;
		list[nr++] = n;
	}
	return nr;
}

int parse_list(const char *text, unsigned int *list, unsigned int max)
{
	unsigned long first, last;
	int nr = 0;
	char *end;

	do {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		first = last = strtoul(text, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return -EINVAL;
			last = strtoul(end + 1, &end, 10);
		}
		nr = add_range(list, nr, max, first, last);
		text = end + 1;
	} while (nr > 0 && *end == ',');
	return nr > 0 && !*end ? nr : -EINVAL;
}
