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

static bool pretty;
static int depth;
static struct {
	char close;
	bool filled;
} level[JSON_DEPTH];

void json_setup(bool want_pretty)
{
	pretty = want_pretty;
}

static void json_newline(void)
{
	if (pretty)
		printf("\n%*s", depth * 2, "");
}

static void json_quoted(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c == '\n')
			fputs("\\n", stdout);
		else if (c == '\t')
			fputs("\\t", stdout);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
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
	if (!depth)
		putchar('\n');
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
