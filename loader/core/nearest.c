// SPDX-License-Identifier: GPL-2.0
/*
 * The name that was meant by one that there is not, see nearest.h.
 */
#include <limits.h>
#include <string.h>

#include "nearest.h"

#define MAX_WORD 64 /* longer ones are like none */

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* How many letters are to be changed, added, removed or swapped with the next one. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int rows[3][MAX_WORD + 1], *row = rows[0], *before = rows[1], *two = rows[2];
	size_t i, k, n = strlen(b);

	if (strlen(a) > MAX_WORD || n > MAX_WORD)
		return UINT_MAX;
	for (k = 0; k <= n; k++)
		row[k] = k;
	for (i = 1; a[i - 1]; i++) {
		unsigned int *unused = two;

		two = before;
		before = row;
		row = unused;
		row[0] = i;
		for (k = 1; k <= n; k++) {
			row[k] = before[k - 1] + (a[i - 1] != b[k - 1]);
			row[k] = least(row[k], least(before[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				row[k] = least(row[k], two[k - 2] + 1);
		}
	}
	return row[n];
}

const char *nearest_name(const char *const *names, unsigned int nr, const char *word)
{
	unsigned int best = 2 + strlen(word) / 4, i, d;
	const char *found = NULL;

	for (i = 0; i < nr; i++) {
		d = distance(word, names[i]);
		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
