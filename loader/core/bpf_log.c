// SPDX-License-Identifier: GPL-2.0
/*
 * What libbpf says, see bpf_log.h.
 */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf_log.h"
#include "unifiedctl.h"

static char *text;
static size_t text_len;

static int keep(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *line, *grown;
	int n;

	if (level > LIBBPF_WARN)
		return 0;
	n = vasprintf(&line, fmt, ap);
	if (n < 0)
		return 0;
	grown = realloc(text, text_len + n + 1);
	if (grown) {
		text = grown;
		memcpy(text + text_len, line, n + 1);
		text_len += n;
	}
	free(line);
	return n;
}

void bpf_log_keep(void)
{
	libbpf_set_print(keep);
}

void bpf_log_drop(void)
{
	free(text);
	text = NULL;
	text_len = 0;
}

int bpf_log_fail(int err, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (!text)
		return fail(err, "%s", what);
	if (json_output)
		return fail(err, "%s: %s", what, text);
	fputs(text, stderr);
	return fail(err, "%s, as said above", what);
}
