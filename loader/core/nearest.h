/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The name that was meant by one that there is not.
 */
#ifndef NEAREST_H
#define NEAREST_H

/* Of so many names, the one that differs in the fewest letters. NULL: it is like none. */
const char *nearest_name(const char *const *names, unsigned int nr, const char *word);

#endif
