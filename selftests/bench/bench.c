// SPDX-License-Identifier: GPL-2.0
/*
 * main() of every path: reads the arguments, warms up, counts, and prints one
 * line of JSON, all figures per operation. What is executed is counted by the
 * plugin (count.c), which leaves it in a file; interrupts and context switches
 * are the kernel's own counters; system calls are counted by the path.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "marker.h"

#define HUGE_PAGE (2UL * 1024 * 1024)

void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", path.name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

int must(int result, const char *what)
{
	if (result < 0)
		die("%s: %s", what, strerror(errno));
	return result;
}

void allocate_buffers(struct bench *b)
{
	size_t size = ((size_t)b->qd * b->bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);

	b->buffers = aligned_alloc(HUGE_PAGE, size);
	if (!b->buffers)
		die("no memory for %zu bytes", size);
	madvise(b->buffers, size, MADV_HUGEPAGE);
	memset(b->buffers, 0x5a, size);
}

/* --- what is asked ----------------------------------------------------------- */

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (!value || *end)
		die("'%s' is no number above 0", text);
	return value;
}

static void parse(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = { { "op", required_argument, NULL, 'o' },
						 { "bytes", required_argument, NULL, 'b' },
						 { "qd", required_argument, NULL, 'q' },
						 { "batch", required_argument, NULL, 'w' },
						 { "count", required_argument, NULL, 'c' },
						 { "with", required_argument, NULL, 'v' },
						 { "vcpu", required_argument, NULL, 'p' },
						 {} };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			b->write = !strcmp(optarg, "write");
			if (!b->write && strcmp(optarg, "read"))
				die("--op is read or write");
			break;
		case 'b':
			b->bytes = number(optarg);
			break;
		case 'q':
			b->qd = number(optarg);
			break;
		case 'w':
			b->batch = number(optarg);
			break;
		case 'c':
			b->ops = number(optarg);
			break;
		case 'v':
			b->with = optarg;
			break;
		case 'p':
			b->vcpu = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind < argc)
		die("'%s' is no option", argv[optind]);
}

static void look_at_drive(struct bench *b)
{
	int fd = must(open(DRIVE, O_RDONLY | O_CLOEXEC), DRIVE), lba_size;
	uint64_t size;

	must(ioctl(fd, BLKGETSIZE64, &size), "its size");
	must(ioctl(fd, BLKSSZGET, &lba_size), "its block size");
	close(fd);
	b->lba_shift = __builtin_ctz(lba_size);
	b->block_mask = 1;
	while (b->block_mask * 2 * b->bytes <= size)
		b->block_mask *= 2;
	b->block_mask--;
}

/* --- what is counted --------------------------------------------------------- */

struct context {
	uint64_t irqs, switches;
};

struct counts {
	uint64_t user, kernel, rep_moved, rep_stored;
};

static struct context context(void)
{
	FILE *file = fopen("/proc/stat", "r");
	struct context now = {};
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		sscanf(line, "intr %lu", &now.irqs);
		sscanf(line, "ctxt %lu", &now.switches);
	}
	if (!now.irqs || !now.switches)
		die("/proc/stat does not count interrupts and context switches");
	free(line);
	fclose(file);
	return now;
}

/* What the plugin has just written of one vCPU, or the sum of all. */
static struct counts counts(int of_vcpu)
{
	const char *name = getenv("BENCH_COUNTS") ?: "/vm/counts";
	struct counts sum = {}, c;
	FILE *file;
	int vcpu;

	file = fopen(name, "r");
	if (!file)
		die("%s: %s; is this a VM with the plugin?", name, strerror(errno));
	while (fscanf(file, "%*u %d %lu %lu %lu %lu", &vcpu, &c.user, &c.kernel, &c.rep_moved,
		      &c.rep_stored) == 5) {
		if (of_vcpu >= 0 && of_vcpu != vcpu)
			continue;
		sum.user += c.user;
		sum.kernel += c.kernel;
		sum.rep_moved += c.rep_moved;
		sum.rep_stored += c.rep_stored;
	}
	fclose(file);
	if (!sum.kernel)
		die("%s has no counts", name);
	return sum;
}

static void report(const struct bench *b, const struct counts *counted,
		   const struct context *before, const struct context *after)
{
	double ops = b->ops;

	printf("{\"path\":\"%s%s%s\",\"op\":\"%s\",\"bytes\":%u,\"qd\":%u,", path.name,
	       b->with ? "_" : "", b->with ?: "", b->write ? "write" : "read", b->bytes, b->qd);
	printf("\"user\":%.1f,\"kernel\":%.1f,\"rep_bytes\":%.1f,\"copied_bytes\":%.1f,",
	       counted->user / ops, counted->kernel / ops,
	       (counted->rep_moved + counted->rep_stored) / ops, counted->rep_moved / ops);
	printf("\"irqs\":%.3f,\"csw\":%.3f,\"syscalls\":%.3f}\n",
	       (after->irqs - before->irqs) / ops, (after->switches - before->switches) / ops,
	       b->syscalls / ops);
}

int main(int argc, char **argv)
{
	struct bench b = { .bytes = 4096, .qd = 32, .batch = 32, .ops = 4096, .vcpu = -1 };
	struct context before, after;
	struct counts counted;

	parse(&b, argc, argv);
	look_at_drive(&b);
	path.setup(&b);
	path.run(&b, 8 * b.qd);
	b.syscalls = 0;

	before = context();
	marker(MARKER_BEGIN, 0);
	path.run(&b, b.ops);
	marker(MARKER_END, 0);
	after = context();

	counted = counts(b.vcpu);
	report(&b, &counted, &before, &after);
	return 0;
}
