// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz [--seconds N] [--seed N] [--keep DIR] [--seeds FILE] DEVICE ...
 * fuzz --run FILE DEVICE ...
 *
 * Runs programs of random steps (steps.h) against the module, each in a process of its
 * own, with two threads that share its regions, one that writes all over them, and an
 * end that may be SIGKILL at any time. On a kernel with KCOV what a program reached
 * decides whether it is kept and changed on; elsewhere they are changed at random.
 *
 * Those of the seeds come first. What reaches something new goes to DIR/kept, which can
 * be the seeds of another time. A program is in DIR/now while it runs, so when the
 * machine dies it is known which it was; "--run FILE" repeats those of a file. Ends with
 * status 1 if a process cannot be killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "steps.h"

#define THREADS	    2
#define CORPUS_MAX  4096
#define COVER_WORDS (64 * 1024)
#define MAP_BITS    (1 << 20)
#define SLOW_MS	    20000
#define STUCK_MS    60000

/* <linux/kcov.h>, which has nothing that is not here. */
#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)

struct program {
	uint16_t len[THREADS];
	uint8_t steps[THREADS][PROGRAM_MAX];
};

static struct program corpus[CORPUS_MAX];
static unsigned int nr_corpus;
static uint64_t random_state;

/* Which places of the kernel were reached, a bit each, and by the last program first. */
static uint8_t places[MAP_BITS / 8];
static unsigned int nr_places, nr_fresh;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* --- programs ---------------------------------------------------------------------- */

static void change(uint8_t *steps, uint16_t *len)
{
	unsigned int n = random_number() % 8 + 1, at, i;

	while (n--) {
		at = *len ? random_number() % *len : 0;
		switch (random_number() % 5) {
		case 0: /* longer */
			for (i = 0; i < 16 && *len < PROGRAM_MAX; i++)
				steps[(*len)++] = random_number();
			break;
		case 1: /* one byte out */
			if (*len)
				memmove(steps + at, steps + at + 1, --*len - at);
			break;
		case 2: /* one in */
			if (*len < PROGRAM_MAX) {
				memmove(steps + at + 1, steps + at, (*len)++ - at);
				steps[at] = random_number();
			}
			break;
		case 3:
			steps[at] = random_number();
			break;
		default: /* a small number */
			steps[at] = random_number() % 24;
		}
	}
}

static struct program next_program(void)
{
	struct program p = {}, *other;
	unsigned int i;

	if (nr_corpus)
		p = corpus[random_number() % nr_corpus];
	for (i = 0; i < THREADS; i++) {
		/* A half of another. */
		if (nr_corpus && !(random_number() % 4)) {
			other = &corpus[random_number() % nr_corpus];
			p.len[i] = other->len[i];
			memcpy(p.steps[i], other->steps[i], PROGRAM_MAX);
		}
		change(p.steps[i], &p.len[i]);
		while (p.len[i] < 32)
			change(p.steps[i], &p.len[i]);
	}
	return p;
}

/*
 * A program is a line of a file: the steps of each thread, a byte as two hexadecimal
 * digits, and "-" for none.
 */
static bool parse_program(char *line, struct program *p)
{
	unsigned int i, n;
	char *word;

	*p = (struct program){};
	for (i = 0; i < THREADS; i++) {
		word = strtok(i ? NULL : line, " \n");
		if (!word)
			return false;
		if (!strcmp(word, "-"))
			continue;
		for (n = 0; n < PROGRAM_MAX && sscanf(word, "%2hhx", &p->steps[i][n]) == 1; n++)
			word += 2;
		p->len[i] = n;
		if (*word)
			return false;
	}
	return true;
}

/* How many; -1 with errno. */
static int read_programs(const char *path, struct program *to, unsigned int max)
{
	static char line[2 * THREADS * PROGRAM_MAX + 16];
	FILE *file = fopen(path, "re");
	unsigned int n = 0;
	bool good = true;

	if (!file)
		return -1;
	while (good && n < max && fgets(line, sizeof(line), file))
		if (*line != '#')
			good = parse_program(line, &to[n++]);
	fclose(file);
	errno = EINVAL;
	return good ? (int)n : -1;
}

static void write_program(const char *dir, const char *name, const char *mode,
			  const struct program *p)
{
	char path[256];
	unsigned int i, n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, mode);
	if (!file) {
		fprintf(stderr, "fuzz: %s: %s\n", path, strerror(errno));
		return;
	}
	for (i = 0; i < THREADS; i++) {
		for (n = 0; n < p->len[i]; n++)
			fprintf(file, "%02x", p->steps[i][n]);
		fprintf(file, "%s%s", n ? "" : "-", i + 1 < THREADS ? " " : "\n");
	}
	fclose(file);
}

static void remove_program(const char *dir, const char *name)
{
	char path[256];

	if (dir && snprintf(path, sizeof(path), "%s/%s", dir, name) > 0)
		unlink(path);
}

/* --- what was reached -------------------------------------------------------------- */

/*
 * What KCOV writes for each thread of a program. It is this process's, so it is there
 * when the other was killed. fd is -1 where the kernel has no KCOV.
 */
static struct cover {
	int fd;
	unsigned long *words; /* how many follow, and addresses */
} covers[THREADS];

static void cover_open(struct cover *c)
{
	c->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return;
	c->words = MAP_FAILED;
	if (!ioctl(c->fd, KCOV_INIT_TRACE, COVER_WORDS))
		c->words = mmap(NULL, COVER_WORDS * sizeof(*c->words), PROT_READ | PROT_WRITE,
				MAP_SHARED, c->fd, 0);
	if (c->words == MAP_FAILED) {
		close(c->fd);
		c->fd = -1;
	}
}

static void cover_read(const struct cover *c)
{
	unsigned long i, n, bit;

	if (c->fd < 0)
		return;
	n = __atomic_exchange_n(c->words, 0, __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < COVER_WORDS; i++) {
		bit = (c->words[i] * 0x9e3779b97f4a7c15ULL) >> 44;
		nr_fresh += !(places[bit / 8] >> bit % 8 & 1);
		places[bit / 8] |= 1 << bit % 8;
	}
}

/* --- a process --------------------------------------------------------------------- */

static struct steps_seen *seen;
static const struct program *running;
static volatile int stop;

static void *thread(void *arg)
{
	size_t nr = (size_t)arg;

	if (covers[nr].fd >= 0)
		ioctl(covers[nr].fd, KCOV_ENABLE, 0);
	steps_run(running->steps[nr], running->len[nr]);
	return NULL;
}

static void *scribbler(void *arg)
{
	steps_scribble(&stop, (uintptr_t)arg);
	return NULL;
}

static void child(const struct program *p)
{
	pthread_t threads[THREADS + 1];
	size_t i;

	running = p;
	steps_begin();
	pthread_create(&threads[THREADS], NULL, scribbler, (void *)(random_number() | 1));
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, thread, (void *)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	stop = 1;
	pthread_join(threads[THREADS], NULL);
	_exit(0);
}

enum end {
	ENDED,
	KILLED,
	SLOW,
	CRASHED,
	STUCK,
	NR_ENDS
};

static bool gone_within(pid_t pid, unsigned int ms, int *status)
{
	unsigned int i;

	for (i = 0; i < ms; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		usleep(1000);
	}
	return false;
}

/* Its regions go a moment after it, and then the next has the devices. */
static bool module_is_idle(void)
{
	static int idle = -1;
	int i, users = -1;
	FILE *file;

	for (i = 0; i < 30000; i++) {
		file = fopen("/sys/module/unified_io_region/refcnt", "re");
		if (!file || fscanf(file, "%d", &users) != 1)
			users = -1;
		if (file)
			fclose(file);
		if (idle < 0)
			idle = users;
		if (users <= idle)
			return true;
		usleep(1000);
	}
	return false;
}

/* @ms: kill it then; 0: when it is too slow. */
static enum end run(const struct program *p, unsigned int ms)
{
	uint64_t faults = seen->faults;
	enum end end = ENDED;
	int status = 0;
	size_t i;
	pid_t pid;

	pid = fork();
	if (!pid)
		child(p);
	if (pid < 0) {
		perror("fuzz: fork");
		exit(2);
	}
	if (!gone_within(pid, ms ?: SLOW_MS, &status)) {
		end = ms ? KILLED : SLOW;
		kill(pid, SIGKILL);
		if (!gone_within(pid, STUCK_MS, &status))
			return STUCK;
	} else if (status && seen->faults == faults) {
		end = CRASHED;
		fprintf(stderr, "a program ended with %s %d\n",
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	nr_fresh = 0;
	for (i = 0; i < THREADS; i++)
		cover_read(&covers[i]);
	nr_places += nr_fresh;
	if (!module_is_idle())
		return STUCK;
	if (steps_renew()) {
		fprintf(stderr, "fuzz: a policy cannot be registered again: %s\n", strerror(errno));
		exit(2);
	}
	return end;
}

/* --- all of them ------------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static unsigned long runs, ends[NR_ENDS];

static void report(FILE *to)
{
	fprintf(to,
		"%lu programs, %lu of them killed early, %lu slow, %lu crashed; %u kept, %u places "
		"reached\n",
		runs, ends[KILLED], ends[SLOW], ends[CRASHED], nr_corpus, nr_places);
	fprintf(to,
		"regions %" PRIu64 ", targets %" PRIu64 ", attached %" PRIu64 ", mapped %" PRIu64
		", done by ioctl %" PRIu64 ", by uring_cmd %" PRIu64 ", gathered %" PRIu64
		", kfuncs %" PRIu64 ", hooks %" PRIu64 "\n",
		seen->regions, seen->targets, seen->policies, seen->mappings, seen->by_ioctl,
		seen->by_uring, seen->gathered, seen->by_bpf, seen->hooks);
}

static int fuzz(unsigned int how_long, unsigned int nr_seeds, const char *keep)
{
	double end = seconds() + how_long, next = seconds() + 60;
	struct program p;
	bool seed;
	enum end how;

	for (nr_corpus = 0; seconds() < end || runs < nr_seeds; runs++) {
		seed = runs < nr_seeds;
		/* A seed has its place in the corpus behind where the kept ones are. */
		p = seed ? corpus[runs] : next_program();
		if (keep)
			write_program(keep, "now", "we", &p);
		/* One in eight is killed early. */
		how = run(&p, seed || random_number() % 8 ? 0 : random_number() % 100 + 1);
		ends[how]++;
		if (how == STUCK) {
			printf("something does not end, of the program in %s/now\n", keep ?: ".");
			return 1;
		}
		if (keep && (how == SLOW || how == CRASHED))
			write_program(keep, how == SLOW ? "slow" : "crashed", "ae", &p);
		if (nr_corpus < CORPUS_MAX && (nr_fresh || (covers[0].fd < 0 && seed))) {
			corpus[nr_corpus++] = p;
			if (keep)
				write_program(keep, "kept", "ae", &p);
		}
		if (seconds() > next) {
			next += 60;
			report(stderr);
		}
	}
	report(stdout);
	remove_program(keep, "now");
	return 0;
}

static int run_all(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (run(&corpus[i], 0) == STUCK)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seconds", required_argument, NULL, 's' },
						 { "seed", required_argument, NULL, 'r' },
						 { "keep", required_argument, NULL, 'k' },
						 { "seeds", required_argument, NULL, 'd' },
						 { "run", required_argument, NULL, 'x' },
						 {} };
	const char *keep = NULL, *file = NULL;
	unsigned int how_long = 10;
	bool once = false;
	int option, i, nr = 0, ret;

	random_state = time(NULL) | 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (option) {
		case 's':
			how_long = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			random_state = strtoull(optarg, NULL, 10) | 1;
			break;
		case 'k':
			keep = optarg;
			break;
		case 'x':
			once = true;
			/* fallthrough */
		case 'd':
			file = optarg;
			break;
		default:
			return 2;
		}
	fprintf(stderr, "seed %" PRIu64 "\n", random_state);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ret = seen == MAP_FAILED
		      ? -errno
		      : steps_open((const char *const *)argv + optind, argc - optind, seen);
	if (ret) {
		fprintf(stderr, "fuzz: %s\n", strerror(-ret));
		return 2;
	}
	for (i = 0; i < THREADS; i++)
		cover_open(&covers[i]);
	module_is_idle();
	if (file)
		nr = read_programs(file, corpus, CORPUS_MAX);
	if (nr < 0) {
		fprintf(stderr, "fuzz: %s: %s\n", file, strerror(errno));
		return 2;
	}
	return once ? run_all(nr) : fuzz(how_long, nr, keep);
}
