// SPDX-License-Identifier: GPL-2.0
/*
 * How a command fails: a sentence on standard error, or what there is of it as JSON.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "unifiedctl.h"

bool json_output;

/* Why is what the error itself has to say, or NULL. */
static void report(int err, const char *why, const char *fmt, va_list ap)
{
	char *text;

	/* Of any length: it may be all that the verifier said. */
	if (vasprintf(&text, fmt, ap) < 0)
		return;
	if (!json_output || !json_error(text, err)) {
		fflush(stdout);
		fprintf(stderr, "unifiedctl: %s%s%s\n", text, why ? ": " : "", why ?: "");
	}
	free(text);
}

/* Say why a command failed. err is -errno, or 0 where fmt says it all. */
int fail(int err, const char *fmt, ...)
{
	char why[128];
	va_list ap;

	if (err)
		libbpf_strerror(err, why, sizeof(why));
	va_start(ap, fmt);
	report(err, err ? why : NULL, fmt, ap);
	va_end(ap);
	return EXIT_FAILED;
}

int fail_because(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(err, NULL, fmt, ap);
	va_end(ap);
	return EXIT_FAILED;
}

int fail_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(0, NULL, fmt, ap);
	va_end(ap);
	return EXIT_USAGE;
}

int output_error(void)
{
	static int err;

	if (err || (!fflush(stdout) && !ferror(stdout)))
		return err;
	err = -errno ?: -EIO;
	fprintf(stderr, "unifiedctl: standard output: %s\n", strerror(-err));
	return err;
}
