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
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "marker.h"

#define HUGE_PAGE (2UL * 1024 * 1024)

/* Of a packet of TCP with timestamps over IPv4, in an Ethernet frame. */
#define INGEST_HEADER (14 + 20 + 32)

#define TICK_TRIES    9
#define TICK_SPINS    10000000

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
			b->op = optarg;
			b->write = strcmp(optarg, "read");
			if (b->write && strcmp(optarg, "write") && strcmp(optarg, "ingest"))
				die("--op is read, write or ingest");
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
	if (!strcmp(b->op, "ingest")) {
		b->mss = b->bytes;
		b->bytes = INGEST_WRITE;
	}
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
	uint64_t irqs, ticks, switches;
};

struct counts {
	uint64_t user, kernel, rep_moved, rep_stored;
};

static FILE *must_open(const char *name)
{
	FILE *file = fopen(name, "r");

	if (!file)
		die("%s: %s", name, strerror(errno));
	return file;
}

static void context_of_all(struct context *now)
{
	FILE *file = must_open("/proc/stat");
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		sscanf(line, "intr %lu", &now->irqs);
		sscanf(line, "ctxt %lu", &now->switches);
	}
	free(line);
	fclose(file);
}

/* A line has the interrupt's name, and how many of them each vCPU had. */
static void irqs_of(int vcpu, struct context *now)
{
	FILE *file = must_open("/proc/interrupts");
	char *line = NULL, *at, *end;
	size_t size = 0;
	uint64_t n;
	int i;

	while (getline(&line, &size, file) > 0) {
		at = strchr(line, ':');
		for (i = 0, n = 0, end = at; at && i <= vcpu; i++) {
			at = end + !i;
			n = strtoul(at, &end, 10);
			if (end == at)
				at = NULL;
		}
		if (!at)
			continue;
		now->irqs += n;
		if (strstr(line, "LOC:"))
			now->ticks = n;
	}
	free(line);
	fclose(file);
}

static void switches_of(int vcpu, struct context *now)
{
	FILE *file = must_open("/sys/kernel/debug/sched/debug");
	char *line = NULL;
	size_t size = 0;
	int cpu = -1;

	while (getline(&line, &size, file) > 0) {
		sscanf(line, "cpu#%d,", &cpu);
		if (cpu == vcpu && sscanf(line, " .nr_switches : %lu", &now->switches) == 1)
			break;
	}
	free(line);
	fclose(file);
}

static struct context context(int vcpu)
{
	struct context now = {};

	if (vcpu < 0) {
		context_of_all(&now);
	} else {
		irqs_of(vcpu, &now);
		switches_of(vcpu, &now);
	}
	if (!now.irqs || !now.switches)
		die("the kernel does not count interrupts and context switches");
	return now;
}

/* What the plugin has just written of one vCPU, or the sum of all. */
static struct counts counts(int of_vcpu)
{
	FILE *file = must_open(getenv("BENCH_COUNTS") ?: "/vm/counts");
	struct counts sum = {}, c;
	int vcpu;

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
		die("the plugin has counted nothing; is this a VM with it?");
	return sum;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* All that the kernel does for each while a program only counts. */
static double ticks_while_counting(int vcpu)
{
	struct context before, after;
	volatile unsigned int i;

	before = context(vcpu);
	marker(MARKER_BEGIN, 1);
	for (i = 0; i < TICK_SPINS; i++)
		;
	marker(MARKER_END, 1);
	after = context(vcpu);
	if (after.ticks == before.ticks)
		die("vCPU %d has no ticks", vcpu);
	return (double)counts(vcpu).kernel / (after.ticks - before.ticks);
}

/*
 * Where a vCPU's clock is the host's, there are more ticks the slower the host
 * is. What one takes: the median, as something else may come in between.
 */
static double tick_cost(int vcpu)
{
	double cost[TICK_TRIES];
	int i;

	if (vcpu < 0)
		return 0;
	for (i = 0; i < TICK_TRIES; i++)
		cost[i] = ticks_while_counting(vcpu);
	qsort(cost, TICK_TRIES, sizeof(*cost), compare);
	return cost[TICK_TRIES / 2];
}

static void pin(const struct bench *b)
{
	cpu_set_t set;

	if (b->vcpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(b->vcpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set), "pinning to a vCPU");
}

/* Functions of modules and BPF programs go when the path does. */
static void keep_symbols(void)
{
	if (!access("/vm/profile", R_OK) && system("cp /proc/kallsyms /vm/symbols"))
		die("cannot keep the symbols");
}

/* All that is counted, from one marker to the other. */
struct measured {
	struct context before, after;
	struct arrivals came, were;
	struct counts counted;
	double tick_cost;
};

static void report(const struct bench *b, const struct measured *m)
{
	uint64_t dma = m->came.bytes - m->were.bytes, packets = m->came.packets - m->were.packets;
	double ops = dma ? (double)(dma - packets * INGEST_HEADER) / INGEST_OP : b->ops;
	double ticks = (m->after.ticks - m->before.ticks) * m->tick_cost;
	const struct counts *c = &m->counted;

	printf("{\"path\":\"%s%s%s\",\"op\":\"%s\",\"bytes\":%u,\"qd\":%u,", path.name,
	       b->with ? "_" : "", b->with ?: "", b->op, b->mss ?: b->bytes, b->mss ? 1 : b->qd);
	printf("\"user\":%.1f,\"kernel\":%.1f,\"rep_bytes\":%.1f,\"copied_bytes\":%.1f,",
	       c->user / ops, (c->kernel - ticks) / ops,
	       ((double)c->rep_moved + c->rep_stored - dma) / ops,
	       ((double)c->rep_moved - dma) / ops);
	printf("\"irqs\":%.3f,\"csw\":%.3f,\"syscalls\":%.6f,\"ops\":%.0f",
	       (m->after.irqs - m->before.irqs) / ops,
	       (m->after.switches - m->before.switches) / ops, b->syscalls / ops, ops);
	if (b->vcpu >= 0)
		printf(",\"tick_insns\":%.1f", ticks / ops);
	if (packets)
		printf(",\"packets_per_poll\":%.1f",
		       (double)packets / (m->came.polls - m->were.polls));
	printf("}\n");
}

int main(int argc, char **argv)
{
	struct bench b = {
		.op = "read", .bytes = 4096, .qd = 32, .batch = 32, .vcpu = path.vcpu ?: -1
	};
	struct measured m = {};

	parse(&b, argc, argv);
	if (!b.ops)
		b.ops = b.mss ? 32768 : 4096;
	look_at_drive(&b);
	pin(&b);
	/* Before anything else goes on there. */
	m.tick_cost = tick_cost(b.vcpu);
	path.setup(&b);
	path.run(&b, b.mss ? 8192 : 8 * b.qd);
	b.syscalls = 0;

	m.before = context(b.vcpu);
	if (path.look)
		path.look(&b, &m.were);
	marker(MARKER_BEGIN, 0);
	path.run(&b, b.ops);
	marker(MARKER_END, 0);
	if (path.look)
		path.look(&b, &m.came);
	m.after = context(b.vcpu);

	m.counted = counts(b.vcpu);
	keep_symbols();
	if (path.finish)
		path.finish(&b);
	report(&b, &m);
	return 0;
}
