// SPDX-License-Identifier: GPL-2.0
/*
 * The JSON writer of json.h. One document at a time, no deeper than
 * JSON_DEPTH; it ends with a newline when its outermost value does.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "json.h"

#define JSON_DEPTH 16

static bool pretty, sequence, printed;
static int depth;
static struct {
	char close;
	bool filled;
} level[JSON_DEPTH];

void json_setup(bool want_pretty)
{
	pretty = want_pretty;
}

void json_sequence(void)
{
	sequence = true;
}

void json_leave(void)
{
	sequence = false;
	printed = true;
}

static void json_newline(void)
{
	if (pretty)
		printf("\n%*s", depth * 2, "");
}

/* The length of the UTF-8 character at the beginning of s; 0: this is none. */
static int utf8_length(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int len = *s < 0x80 ? 1 : *s < 0xc0 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf8 ? 4 : 0;
	uint32_t c = *s & (0xff >> (len + 1));
	int i;

	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	/* Longer than need be, a surrogate, or beyond the last. */
	if (len > 1 && (c < least[len] || (c >> 11) == 0x1b || c > 0x10ffff))
		return 0;
	return len;
}

/* Names of files and processes are any bytes; JSON is UTF-8. */
static void json_quoted(const char *s)
{
	int len;

	putchar('"');
	for (; *s; s += len ?: 1) {
		unsigned char c = *s;

		len = utf8_length((const unsigned char *)s);
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c == '\n')
			fputs("\\n", stdout);
		else if (c == '\t')
			fputs("\\t", stdout);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else if (!len)
			fputs("\\ufffd", stdout);
		else
			fwrite(s, 1, len, stdout);
	}
	putchar('"');
}

/* What stands before any value: a comma if it is not the first, and its key. */
static void json_lead(const char *key)
{
	if (!depth)
		return;
	if (level[depth - 1].filled)
		putchar(',');
	level[depth - 1].filled = true;
	json_newline();
	if (key) {
		json_quoted(key);
		fputs(pretty ? ": " : ":", stdout);
	}
}

static void json_open(const char *key, char open, char close)
{
	json_lead(key);
	assert(depth < JSON_DEPTH);
	putchar(open);
	level[depth].close = close;
	level[depth].filled = false;
	depth++;
}

void json_object(const char *key)
{
	json_open(key, '{', '}');
}

void json_array(const char *key)
{
	json_open(key, '[', ']');
}

void json_end(void)
{
	assert(depth > 0);
	depth--;
	if (level[depth].filled)
		json_newline();
	putchar(level[depth].close);
	if (depth)
		return;
	putchar('\n');
	printed = true;
}

void json_str(const char *key, const char *value)
{
	json_lead(key);
	json_quoted(value);
}

void json_u64(const char *key, uint64_t value)
{
	json_lead(key);
	printf("%" PRIu64, value);
}

void json_s64(const char *key, int64_t value)
{
	json_lead(key);
	printf("%" PRId64, value);
}

void json_bool(const char *key, bool value)
{
	json_lead(key);
	fputs(value ? "true" : "false", stdout);
}

void json_null(const char *key)
{
	json_lead(key);
	fputs("null", stdout);
}

void json_numbers(const char *key, const unsigned int *numbers, unsigned int nr)
{
	unsigned int i;

	json_array(key);
	for (i = 0; i < nr; i++)
		json_u64(NULL, numbers[i]);
	json_end();
}

bool json_error(const char *text, int err)
{
	bool own = !depth || level[depth - 1].close == ']';

	if (!depth && printed && !sequence)
		return false;
	if (own)
		json_object(NULL);
	json_str("error", text);
	if (err)
		json_s64("errno", -err);
	while (depth)
		json_end();
	return true;
}
