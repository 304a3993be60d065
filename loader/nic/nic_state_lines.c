// SPDX-License-Identifier: GPL-2.0
/*
 * The lines of a state file, see nic_state_lines.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/ethtool_netlink.h>
#include <stdlib.h>
#include <string.h>

#include "nic_state_lines.h"

#define VERSION 2
/* An RSS table of the largest NIC that we know has 4096 entries. */
#define MAX_RSS 65536

/* --- writing ---------------------------------------------------------------- */

static void put_numbers(FILE *f, const char *word, const uint32_t *numbers, unsigned int nr)
{
	unsigned int i;

	fputs(word, f);
	for (i = 0; i < nr; i++)
		fprintf(f, " %" PRIu32, numbers[i]);
	fputc('\n', f);
}

void nic_state_put(FILE *f, const struct nic_state *s)
{
	unsigned int i;

	fprintf(f, "version %d\n", VERSION);
	fprintf(f, "ifindex %u\n", s->ifindex);
	fprintf(f, "netns %llu %llu\n", s->netns.dev, s->netns.ino);
	fprintf(f, "owner %d %llu\n", s->pid, s->start);
	put_numbers(f, "queues", s->queues, s->nr_queues);
	fprintf(f, "port %u\n", s->port);
	fprintf(f, "families %d %d\n", s->ipv4, s->ipv6);
	if (s->has_split && s->split == ETHTOOL_TCP_DATA_SPLIT_UNKNOWN)
		fputs("split-auto\n", f);
	else if (s->has_split)
		fprintf(f, "split %d\n", s->split == ETHTOOL_TCP_DATA_SPLIT_ENABLED);
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
	W_SPLIT_AUTO,
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
	[W_SPLIT_AUTO] = { "split-auto", 0 },
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
		s->split = numbers[0] ? ETHTOOL_TCP_DATA_SPLIT_ENABLED
				      : ETHTOOL_TCP_DATA_SPLIT_DISABLED;
		return 0;
	case W_SPLIT_AUTO:
		s->has_split = true;
		s->split = ETHTOOL_TCP_DATA_SPLIT_UNKNOWN;
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

int nic_state_take(FILE *f, struct nic_state *state)
{
	unsigned long long *numbers = calloc(MAX_RSS, sizeof(*numbers));
	int ret = numbers ? read_lines(f, state, numbers) : -ENOMEM;

	free(numbers);
	return ret;
}
