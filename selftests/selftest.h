/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test in C: a program that prints TAP and exits 0, 1, or 77 where it cannot
 * run here.
 *
 *	int main(void)
 *	{
 *		int fd = open(...);
 *
 *		if (fd < 0)
 *			skip_all("this kernel has no such device");
 *		ok(ioctl(fd, ...) == 0, "the ioctl works");
 *		return done();
 *	}
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_SKIP 77

static int test_count, test_failures;

/* One check. Say what should hold; on failure add what was there with diag(). */
__attribute__((format(printf, 2, 3), unused)) static bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	if (!good)
		test_failures++;
	printf("%sok %d - ", good ? "" : "not ", ++test_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return good;
}

__attribute__((format(printf, 1, 2), unused)) static void diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* got is what a call returned: 0 or more, or -1 with errno. */
__attribute__((unused)) static bool fails_with(long got, int error, const char *what)
{
	int seen = got < 0 ? errno : 0;

	if (ok(seen == error, "%s: %s", what, strerror(error)))
		return true;
	diag("got %s", seen ? strerror(seen) : "success");
	return false;
}

__attribute__((format(printf, 1, 2), unused, noreturn)) static void skip_all(const char *fmt, ...)
{
	va_list ap;

	printf("1..0 # SKIP ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(EXIT_SKIP);
}

__attribute__((unused)) static int done(void)
{
	printf("1..%d\n", test_count);
	return test_failures || !test_count;
}

#endif
