// SPDX-License-Identifier: GPL-2.0
/*
 * Files that data comes from and goes to, see io_file.h.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"
#include "io_file.h"

ssize_t read_all(int fd, void *data, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t part = read(fd, (char *)data + done, n - done);

		if (!part)
			break;
		if (part > 0)
			done += part;
		else if (errno != EINTR || interrupted)
			return -errno;
	}
	return done;
}

int write_all(int fd, const void *data, size_t n, size_t *written)
{
	*written = 0;
	while (*written < n) {
		ssize_t part = write(fd, (const char *)data + *written, n - *written);

		if (part > 0)
			*written += part;
		else if (errno != EINTR || interrupted)
			return -errno;
	}
	return 0;
}

uint64_t input_size(int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR), end;
	struct stat st;

	if (at < 0 || fstat(fd, &st) || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return UINT64_MAX;
	end = lseek(fd, 0, SEEK_END);
	lseek(fd, at, SEEK_SET);
	return end > at ? end - at : 0;
}

static void hexdump_line(struct hexdump *h, const unsigned char *line)
{
	int i;

	fprintf(h->to, "%08" PRIx64 " ", h->at);
	for (i = 0; i < 16; i++)
		fprintf(h->to, i == 8 ? "  %02x" : " %02x", line[i]);
	fputs("  |", h->to);
	for (i = 0; i < 16; i++)
		fputc(line[i] < 0x80 && isprint(line[i]) ? line[i] : '.', h->to);
	fputs("|\n", h->to);
}

void hexdump(struct hexdump *h, const void *data, size_t n)
{
	const unsigned char *line = data, *end = line + n;

	for (; line < end; line += 16, h->at += 16) {
		if (!h->begun || memcmp(line, h->last, 16)) {
			hexdump_line(h, line);
			h->starred = false;
		} else if (!h->starred) {
			fputs("*\n", h->to);
			h->starred = true;
		}
		memcpy(h->last, line, 16);
		h->begun = true;
	}
}

void hexdump_end(struct hexdump *h)
{
	if (h->begun)
		fprintf(h->to, "%08" PRIx64 "\n", h->at);
}
