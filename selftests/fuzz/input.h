/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program as its steps read it: bytes, and numbers made of them. Where the bytes end,
 * all is 0. Most numbers are near something that a check is about.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdint.h>

#define PAGE 4096UL

struct input {
	const uint8_t *at, *end;
};

static inline uint8_t byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline uint64_t raw(struct input *in, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | byte(in);
	return value;
}

static inline uint64_t number(struct input *in)
{
	uint8_t kind = byte(in);

	if (kind < 128)
		return kind;
	switch (kind & 7) {
	case 0:
		return 1ULL << (byte(in) & 63);
	case 1:
		return (1ULL << (byte(in) & 63)) - 1;
	case 2:
		return ~0ULL - byte(in);
	case 3:
		return byte(in) * PAGE;
	case 4:
		return byte(in) * 65536UL;
	case 5:
		return byte(in) * 512UL;
	case 6:
		return raw(in, 4);
	default:
		return raw(in, 8);
	}
}

#endif
