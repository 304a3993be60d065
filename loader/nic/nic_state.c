// SPDX-License-Identifier: GPL-2.0
/*
 * The state file, see nic_state.h.
 *
 * It is written beside its place and linked or renamed there. Each line is a
 * word and numbers; a line that is not understood makes the whole file useless,
 * since half of a restored interface is worse than one that is known to be not.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "nic_state.h"

#define PREFIX	"nic-"
#define VERSION 2
/* An RSS table of the largest NIC that we know has 4096 entries. */
#define MAX_RSS	   65536
#define UNFINISHED ".new-"

void nic_state_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, NIC_STATE_DIR "/" PREFIX "%s", name);
}

/* What somebody who was killed had written: with the lock nobody is writing. */
static void remove_unfinished(void)
{
	struct dirent *entry;
	DIR *dir = opendir(NIC_STATE_DIR);

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, UNFINISHED, strlen(UNFINISHED)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

int nic_state_lock(void)
{
	int fd, ret;

	if (mkdir(NIC_STATE_DIR, 0755) && errno != EEXIST)
		return -errno;
	fd = open(NIC_STATE_DIR "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	do
		ret = flock(fd, LOCK_EX) ? -errno : 0;
	while (ret == -EINTR);
	if (ret) {
		close(fd);
		return ret;
	}
	remove_unfinished();
	return fd;
}

/* --- owner ------------------------------------------------------------------ */

/*
 * In ticks since boot; 0: there is no such process, or nobody has seen its end yet. It is the
 * 22nd word, the second may have spaces, the third says what the process does.
 */
static unsigned long long start_of(pid_t pid)
{
	unsigned long long start = 0;
	char path[32], *stat, *p;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = file_text(path);
	p = stat ? strrchr(stat, ')') : NULL;
	if (p && p[1] == ' ' && strchr("ZXx", p[2]))
		p = NULL;
	for (i = 2; p && i < 22; i++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	if (p)
		start = strtoull(p, NULL, 10);
	free(stat);
	return start;
}

static void get_netns(struct nic_state *state)
{
	struct stat st = {};

	stat("/proc/self/ns/net", &st);
	state->netns.dev = st.st_dev;
	state->netns.ino = st.st_ino;
}

bool nic_state_is_here(const struct nic_state *state)
{
	struct nic_state here;

	get_netns(&here);
	return state->netns.dev == here.netns.dev && state->netns.ino == here.netns.ino;
}

int nic_state_get_name(const struct nic_state *state, char *name)
{
	if (!nic_state_is_here(state))
		return -EXDEV;
	if (if_indextoname(state->ifindex, name))
		return 0;
	return errno == ENXIO ? -ENODEV : -errno;
}

void nic_state_own(struct nic_state *state)
{
	state->pid = getpid();
	state->start = start_of(state->pid);
	get_netns(state);
}

bool nic_state_is_owned(const struct nic_state *state)
{
	return state->pid && start_of(state->pid) == state->start;
}

/* A file that makes no sense has been ours, for all that is known. */
bool nic_state_is_ours(const char *name)
{
	struct nic_state state;
	int ret = nic_state_read(name, &state);

	if (ret)
		return ret != -ENOENT;
	nic_state_free(&state);
	return state.pid == getpid() && nic_state_is_owned(&state);
}

/* --- writing ---------------------------------------------------------------- */

static void put_numbers(FILE *f, const char *word, const uint32_t *numbers, unsigned int nr)
{
	unsigned int i;

	fputs(word, f);
	for (i = 0; i < nr; i++)
		fprintf(f, " %" PRIu32, numbers[i]);
	fputc('\n', f);
}

static void put(FILE *f, const struct nic_state *s)
{
	unsigned int i;

	fprintf(f, "version %d\n", VERSION);
	fprintf(f, "ifindex %u\n", s->ifindex);
	fprintf(f, "netns %llu %llu\n", s->netns.dev, s->netns.ino);
	fprintf(f, "owner %d %llu\n", s->pid, s->start);
	put_numbers(f, "queues", s->queues, s->nr_queues);
	fprintf(f, "port %u\n", s->port);
	fprintf(f, "families %d %d\n", s->ipv4, s->ipv6);
	if (s->has_split)
		fprintf(f, "split %d\n", s->split);
	if (s->has_threshold)
		fprintf(f, "threshold %u\n", s->threshold);
	if (s->has_channels)
		fprintf(f, "channels %u %u\n", s->rx, s->combined);
	if (s->has_ntuple)
		fprintf(f, "ntuple-off %u\n", s->nr_others);
	if (s->has_rss) {
		fprintf(f, "rss-default %d\n", s->rss_default);
		put_numbers(f, "rss", s->rss, s->nr_rss);
	}
	if (s->context)
		fprintf(f, "context %u\n", s->context);
	for (i = 0; i < s->nr_rules; i++)
		fprintf(f, "rule %d %u %u\n", s->rules[i].ipv6 ? 6 : 4, s->rules[i].queue,
			s->rules[i].location);
	if (s->nr_threaded)
		put_numbers(f, "threaded", s->threaded, s->nr_threaded);
	fputs("end\n", f);
}

/* create: not over another one. */
static int write_state(const struct nic_state *state, bool create)
{
	char path[64], temporary[80];
	int fd, ret;
	FILE *f;

	nic_state_path(state->name, path, sizeof(path));
	snprintf(temporary, sizeof(temporary), NIC_STATE_DIR "/" UNFINISHED "%s", state->name);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f) {
		ret = -errno;
		close(fd);
		goto out;
	}
	put(f, state);
	ret = ferror(f) ? -EIO : 0;
	if (fclose(f) && !ret)
		ret = -errno;
	if (!ret && create)
		ret = link(temporary, path) ? -errno : 0;
	else if (!ret)
		ret = rename(temporary, path) ? -errno : 0;
out:
	unlink(temporary);
	return ret;
}

int nic_state_create(const struct nic_state *state)
{
	return write_state(state, true);
}

int nic_state_update(const struct nic_state *state)
{
	return write_state(state, false);
}

void nic_state_remove(const char *name)
{
	char path[64];

	nic_state_path(name, path, sizeof(path));
	unlink(path);
}

/* --- reading ---------------------------------------------------------------- */

/* The numbers of a line. How many there are, or -EBADMSG. */
static int take_numbers(char *text, unsigned long long *numbers, int max)
{
	char *end;
	int n;

	for (n = 0; *text; n++) {
		if (n == max || *text != ' ' || text[1] < '0' || text[1] > '9')
			return -EBADMSG;
		errno = 0;
		numbers[n] = strtoull(text + 1, &end, 10);
		if (errno)
			return -EBADMSG;
		text = end;
	}
	return n;
}

static int take_queues(unsigned int *queues, unsigned int *nr_queues,
		       const unsigned long long *numbers, int n)
{
	int i;

	if (n < 1 || n > NIC_MAX_QUEUES)
		return -EBADMSG;
	for (i = 0; i < n; i++)
		queues[i] = numbers[i];
	*nr_queues = n;
	return 0;
}

static int take_rss(struct nic_state *s, const unsigned long long *numbers, int n)
{
	int i;

	free(s->rss);
	s->rss = calloc(n ? n : 1, sizeof(*s->rss));
	if (!s->rss)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		s->rss[i] = numbers[i];
	s->nr_rss = n;
	s->has_rss = true;
	return n ? 0 : -EBADMSG;
}

static int take_rule(struct nic_state *s, const unsigned long long *numbers)
{
	if (s->nr_rules == 2 || (numbers[0] != 4 && numbers[0] != 6))
		return -EBADMSG;
	s->rules[s->nr_rules++] = (struct nic_rule){
		.ipv6 = numbers[0] == 6,
		.queue = numbers[1],
		.location = numbers[2],
	};
	return 0;
}

enum word {
	W_VERSION,
	W_IFINDEX,
	W_NETNS,
	W_OWNER,
	W_QUEUES,
	W_PORT,
	W_FAMILIES,
	W_SPLIT,
	W_THRESHOLD,
	W_CHANNELS,
	W_NTUPLE,
	W_RSS_DEFAULT,
	W_RSS,
	W_CONTEXT,
	W_RULE,
	W_THREADED,
	W_END,
};

/* How many numbers follow a word; -1: any number of them. */
static const struct {
	const char *word;
	int numbers;
} words[] = {
	[W_VERSION] = { "version", 1 },
	[W_IFINDEX] = { "ifindex", 1 },
	[W_NETNS] = { "netns", 2 },
	[W_OWNER] = { "owner", 2 },
	[W_QUEUES] = { "queues", -1 },
	[W_PORT] = { "port", 1 },
	[W_FAMILIES] = { "families", 2 },
	[W_SPLIT] = { "split", 1 },
	[W_THRESHOLD] = { "threshold", 1 },
	[W_CHANNELS] = { "channels", 2 },
	[W_NTUPLE] = { "ntuple-off", 1 },
	[W_RSS_DEFAULT] = { "rss-default", 1 },
	[W_RSS] = { "rss", -1 },
	[W_CONTEXT] = { "context", 1 },
	[W_RULE] = { "rule", 3 },
	[W_THREADED] = { "threaded", -1 },
	[W_END] = { "end", 0 },
};

static int take(struct nic_state *s, enum word word, const unsigned long long *numbers, int n)
{
	switch (word) {
	case W_VERSION:
		return numbers[0] == VERSION ? 0 : -EBADMSG;
	case W_IFINDEX:
		s->ifindex = numbers[0];
		return 0;
	case W_NETNS:
		s->netns.dev = numbers[0];
		s->netns.ino = numbers[1];
		return 0;
	case W_OWNER:
		s->pid = numbers[0];
		s->start = numbers[1];
		return 0;
	case W_QUEUES:
		return take_queues(s->queues, &s->nr_queues, numbers, n);
	case W_PORT:
		s->port = numbers[0];
		return numbers[0] > UINT16_MAX ? -EBADMSG : 0;
	case W_FAMILIES:
		s->ipv4 = numbers[0];
		s->ipv6 = numbers[1];
		return 0;
	case W_SPLIT:
		s->has_split = true;
		s->split = numbers[0];
		return 0;
	case W_THRESHOLD:
		s->has_threshold = true;
		s->threshold = numbers[0];
		return 0;
	case W_CHANNELS:
		s->has_channels = true;
		s->rx = numbers[0];
		s->combined = numbers[1];
		return 0;
	case W_NTUPLE:
		s->has_ntuple = true;
		s->nr_others = numbers[0];
		return 0;
	case W_RSS_DEFAULT:
		s->rss_default = numbers[0];
		return 0;
	case W_RSS:
		return take_rss(s, numbers, n);
	case W_CONTEXT:
		s->context = numbers[0];
		return 0;
	case W_RULE:
		return take_rule(s, numbers);
	case W_THREADED:
		return take_queues(s->threaded, &s->nr_threaded, numbers, n);
	case W_END:
		return 0;
	}
	return -EBADMSG;
}

/* Returns the word, or -errno. */
static int take_line(struct nic_state *s, char *line, unsigned long long *numbers)
{
	size_t i, len = strcspn(line, " ");
	int n, ret;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strlen(words[i].word) != len || strncmp(line, words[i].word, len))
			continue;
		n = take_numbers(line + len, numbers, MAX_RSS);
		if (n < 0 || (words[i].numbers >= 0 && n != words[i].numbers))
			return -EBADMSG;
		ret = take(s, i, numbers, n);
		return ret ? ret : (int)i;
	}
	return -EBADMSG;
}

static int read_lines(FILE *f, struct nic_state *s, unsigned long long *numbers)
{
	char *line = NULL;
	size_t size = 0;
	int last = -1;

	while (last != W_END && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		last = take_line(s, line, numbers);
		if (last < 0)
			break;
	}
	free(line);
	if (last < 0)
		return last == -ENOMEM ? last : -EBADMSG;
	return last == W_END && s->ifindex && s->nr_queues ? 0 : -EBADMSG;
}

int nic_state_read(const char *name, struct nic_state *state)
{
	unsigned long long *numbers;
	char path[64];
	unsigned int i;
	FILE *f;
	int ret;

	*state = (struct nic_state){};
	snprintf(state->name, sizeof(state->name), "%s", name);
	nic_state_path(name, path, sizeof(path));
	f = fopen(path, "re");
	if (!f)
		return -errno;
	numbers = calloc(MAX_RSS, sizeof(*numbers));
	ret = numbers ? read_lines(f, state, numbers) : -ENOMEM;
	free(numbers);
	fclose(f);
	if (ret)
		nic_state_free(state);
	/* What all rules have in common is kept once. */
	for (i = 0; i < state->nr_rules; i++) {
		state->rules[i].port = state->port;
		state->rules[i].context = state->context;
	}
	return ret;
}

void nic_state_free(struct nic_state *state)
{
	free(state->rss);
	state->rss = NULL;
}

int nic_state_for_each(int (*seen)(const char *name, void *arg), void *arg)
{
	struct dirent *e;
	int ret = 0;
	DIR *dir;

	dir = opendir(NIC_STATE_DIR);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (e = readdir(dir)))
		if (!strncmp(e->d_name, PREFIX, strlen(PREFIX)) &&
		    strlen(e->d_name) - strlen(PREFIX) < IF_NAMESIZE)
			ret = seen(e->d_name + strlen(PREFIX), arg);
	closedir(dir);
	return ret;
}

/* Takes the state of an interface out of all that are noted. */
static int take_if_same(const char *name, void *arg)
{
	struct nic_state *wanted = arg, state;

	if (nic_state_read(name, &state))
		return 0;
	if (state.ifindex == wanted->ifindex && nic_state_is_here(&state)) {
		*wanted = state;
		return 1;
	}
	nic_state_free(&state);
	return 0;
}

int nic_state_find(const char *name, struct nic_state *state)
{
	int ret = 0;

	*state = (struct nic_state){ .ifindex = if_nametoindex(name) };
	if (state->ifindex)
		ret = nic_state_for_each(take_if_same, state);
	return ret > 0 ? 0 : nic_state_read(name, state);
}
