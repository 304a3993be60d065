/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that are read whole: small ones, as /proc and /sys have them, and data.
 */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>

/* The first line, without its newline. 0, or -errno, and line is as it was. */
int file_line(const char *path, char *line, size_t size);

/* All of a file, as a string that the caller frees. NULL: errno. */
char *file_text(const char *path);

/*
 * All that there is to read, in memory that the caller frees, with a 0 behind it.
 * 0 or -errno; -EFBIG: more than max.
 */
int file_data(int fd, size_t max, char **data, size_t *len);

#endif
