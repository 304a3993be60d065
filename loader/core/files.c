// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are read whole, see files.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

int file_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	int ret = 0;

	if (!f)
		return -errno;
	if (fgets(line, size, f))
		line[strcspn(line, "\n")] = '\0';
	else
		ret = ferror(f) ? -EIO : -ENODATA;
	fclose(f);
	return ret;
}

/* Room for twice as much as there is. */
static int make_room(char **data, size_t len, size_t *room)
{
	char *more;

	if (len + 1 < *room)
		return 0;
	*room = *room ? 2 * *room : 4096;
	more = realloc(*data, *room);
	if (!more)
		return -ENOMEM;
	*data = more;
	return 0;
}

int file_data(int fd, size_t max, char **data, size_t *len)
{
	size_t room = 0, have = 0;
	char *all = NULL;
	ssize_t n = 0;
	int ret;

	do {
		have += n;
		ret = have > max ? -EFBIG : make_room(&all, have, &room);
		if (ret)
			break;
		n = read(fd, all + have, room - have - 1);
		if (n < 0)
			ret = -errno;
	} while (n > 0);
	if (ret) {
		free(all);
		return ret;
	}
	all[have] = '\0';
	*data = all;
	*len = have;
	return 0;
}

char *file_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	char *text = NULL;
	size_t len;

	if (fd < 0)
		return NULL;
	ret = file_data(fd, SIZE_MAX, &text, &len);
	close(fd);
	errno = -ret;
	return text;
}
