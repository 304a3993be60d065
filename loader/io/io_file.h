/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that data comes from and goes to.
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Until there are n bytes or no more. How many, or -errno; -EINTR: interrupted. */
ssize_t read_all(int fd, void *data, size_t n);
/* 0 or -errno, with *written in any case. */
int write_all(int fd, const void *data, size_t n, size_t *written);

/* How much there is to read, or UINT64_MAX where that is not known before. */
uint64_t input_size(int fd);

/* Lines of 16 bytes; "*" stands for lines like the one before. */
struct hexdump {
	FILE *to;
	uint64_t at; /* what the next byte is numbered */
	unsigned char last[16];
	bool begun;
	bool starred;
};

/* n is a multiple of 16. */
void hexdump(struct hexdump *h, const void *data, size_t n);
void hexdump_end(struct hexdump *h);

#endif
