// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl stat: the ledgers of regions, in all or as rates, and which policies were
 * ejected.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "json.h"
#include "ledger.h"
#include "options.h"
#include "policies.h"
#include "unifiedctl.h"
#include "units.h"

#define LINES_PER_HEADING 20

/* One region at one moment. */
struct sample {
	uint32_t id;
	uint32_t pid;
	uint64_t at; /* microseconds, of whatever clock */
	struct unified_io_ledger ledger;
};

struct samples {
	struct sample *of;
	size_t nr;
	/* The module does not keep of which regions. */
	struct unified_io_policy_info *ejected;
	size_t nr_ejected;
};

static void free_samples(struct samples *s)
{
	free(s->of);
	free(s->ejected);
}

static int add_ejected(struct samples *s, const struct unified_io_policy_info *info)
{
	struct unified_io_policy_info *more;

	more = realloc(s->ejected, (s->nr_ejected + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->ejected = more;
	s->ejected[s->nr_ejected++] = *info;
	return 0;
}

static int take_ejected(int fd, struct samples *s)
{
	struct unified_io_policy_info info = {};
	int ret;

	while (!(ret = module_next_policy(fd, info.id + 1, &info))) {
		ret = info.ejected ? add_ejected(s, &info) : 0;
		if (ret)
			return ret;
	}
	return ret == -ENOENT ? 0 : ret;
}

static int add_sample(struct samples *s, const struct unified_io_region_info *r)
{
	struct sample *more = realloc(s->of, (s->nr + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	s->of = more;
	s->of[s->nr++] = (struct sample){
		.id = r->id,
		.pid = r->owner_pid,
		.at = microseconds_of(CLOCK_MONOTONIC),
		.ledger = r->ledger,
	};
	return 0;
}

static int take_regions(int fd, uint32_t id, struct samples *s)
{
	struct unified_io_region_info r = { .id = id ?: 1 };
	int ret;

	for (; !(ret = module_next_region(fd, r.id, &r)); r.id++) {
		if (id && r.id != id)
			return 0;
		ret = add_sample(s, &r);
		if (ret || id)
			return ret;
	}
	return ret == -ENOENT ? 0 : ret;
}

/* Of all regions, or of one if id is not 0. 0, or -errno. */
static int take_samples(int fd, uint32_t id, struct samples *s)
{
	int ret;

	*s = (struct samples){};
	ret = take_regions(fd, id, s);
	return ret ?: take_ejected(fd, s);
}

static const struct sample *find_sample(const struct samples *s, uint32_t id)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (s->of[i].id == id)
			return &s->of[i];
	return NULL;
}

/* --- policies that were ejected ----------------------------------------------- */

static bool is_ejected(const struct samples *s, uint32_t policy)
{
	size_t i;

	for (i = 0; i < s->nr_ejected; i++)
		if (s->ejected[i].id == policy)
			return true;
	return false;
}

/* Those that are not among the ones before. */
static void print_ejected(const struct samples *before, const struct samples *s)
{
	size_t i;

	for (i = 0; i < s->nr_ejected; i++)
		if (!is_ejected(before, s->ejected[i].id))
			policies_tell_ejected(stdout, &s->ejected[i]);
}

static void json_ejected(const struct samples *s)
{
	size_t i;

	json_array("ejected");
	for (i = 0; i < s->nr_ejected; i++)
		policies_json_ejected(&s->ejected[i]);
	json_end();
}

/* --- a table ------------------------------------------------------------------ */

static void print_heading(const char *per)
{
	static const char *const columns[] = { "OPERATIONS", "COMMANDS", "RETRIES", "READ",
					       "WRITTEN",    "COPIED",	 "FAILED" };
	char text[32];
	size_t i;

	printf("%-6s %-8s", "REGION", "PID");
	for (i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		snprintf(text, sizeof(text), "%s%s", columns[i], per);
		printf(" %12s", text);
	}
	putchar('\n');
}

static void print_row(const struct sample *s, const struct unified_io_ledger *l)
{
	char read[32], written[32], copied[32];

	printf("%-6u %-8u %12llu %12llu %12llu %12s %12s %12s %12llu\n", s->id, s->pid,
	       l->operations, l->commands, l->retries, about(l->bytes_read, read, sizeof(read)),
	       about(l->bytes_written, written, sizeof(written)),
	       about(l->bytes_bounced + l->bytes_copied, copied, sizeof(copied)),
	       l->failed + l->refused);
}

/* --- in all ------------------------------------------------------------------- */

static void json_sample(const struct samples *s, size_t i)
{
	json_object(NULL);
	json_u64("id", s->of[i].id);
	json_u64("pid", s->of[i].pid);
	ledger_json("ledger", &s->of[i].ledger);
	json_ejected(s);
	json_end();
}

static void print_all(const struct samples *s)
{
	size_t i;

	if (!s->nr)
		puts("there is no region");
	else
		print_heading("");
	for (i = 0; i < s->nr; i++)
		print_row(&s->of[i], &s->of[i].ledger);
}

static void json_all(const struct samples *s)
{
	size_t i;

	json_array(NULL);
	for (i = 0; i < s->nr; i++)
		json_sample(s, i);
	json_end();
}

static void print_one(const struct sample *s)
{
	printf("region %u, set up by process %u\n", s->id, s->pid);
	ledger_print(&s->ledger);
}

static int show_totals(int fd, uint32_t id)
{
	const struct samples none = {};
	struct samples s;
	int ret = take_samples(fd, id, &s);

	if (ret)
		return fail(ret, "cannot look at regions%s", ret == -EPERM ? ": run as root" : "");
	if (id && !s.nr)
		return fail_because(-ENOENT, "there is no region %u. See: unifiedctl region list",
				    id);
	if (!id && json_output)
		json_all(&s);
	else if (!id)
		print_all(&s);
	else if (json_output)
		json_sample(&s, 0);
	else
		print_one(&s.of[0]);
	if (!json_output)
		print_ejected(&none, &s);
	free_samples(&s);
	return EXIT_OK;
}

/* --- per second --------------------------------------------------------------------- */

/* What came between two samples of a region, per second. */
static struct unified_io_ledger rates_of(const struct sample *from, const struct sample *to)
{
	struct unified_io_ledger rates;
	const __u64 *a = (const __u64 *)&from->ledger, *b = (const __u64 *)&to->ledger;
	__u64 *rate = (__u64 *)&rates;
	uint64_t us = to->at > from->at ? to->at - from->at : 1;
	size_t i;

	for (i = 0; i < sizeof(rates) / sizeof(*rate); i++)
		rate[i] = (double)(b[i] - a[i]) * 1e6 / us + 0.5;
	return rates;
}

static void show_rates(const struct sample *from, const struct samples *s, size_t i)
{
	const struct sample *to = &s->of[i];
	struct unified_io_ledger rates = rates_of(from, to);

	if (!json_output) {
		print_row(to, &rates);
		return;
	}
	json_object(NULL);
	json_u64("time", microseconds_of(CLOCK_REALTIME) / 1000);
	json_u64("id", to->id);
	json_u64("pid", to->pid);
	json_u64("microseconds", to->at - from->at);
	ledger_json("rates", &rates);
	ledger_json("ledger", &to->ledger);
	json_ejected(s);
	json_end();
}

/* A region that is new has a row when it was seen twice. How many rows. */
static unsigned int show_interval(const struct samples *from, const struct samples *to,
				  unsigned int rows)
{
	size_t i;

	for (i = 0; i < to->nr; i++) {
		const struct sample *old = find_sample(from, to->of[i].id);

		if (!old)
			continue;
		if (!json_output && rows % LINES_PER_HEADING == 0 && (!rows || isatty(1)))
			print_heading("/s");
		show_rates(old, to, i);
		rows++;
	}
	if (!json_output)
		print_ejected(from, to);
	fflush(stdout);
	return rows;
}

/* Until then, or until Ctrl-C. */
static void sleep_until(uint64_t at)
{
	struct timespec t = { .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000 };

	while (!interrupted && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int monitor(int fd, uint32_t id, uint64_t interval)
{
	uint64_t next = microseconds_of(CLOCK_MONOTONIC);
	const struct samples none = {};
	struct samples from, to;
	unsigned int rows = 0;
	int ret;

	ret = take_samples(fd, id, &from);
	if (!ret && id && !from.nr)
		return fail_because(-ENOENT, "there is no region %u. See: unifiedctl region list",
				    id);
	if (!ret && !json_output)
		print_ejected(&none, &from);
	interrupt_setup();
	while (!ret && !interrupted && !ferror(stdout)) {
		next += interval;
		sleep_until(next);
		if (interrupted)
			break;
		ret = take_samples(fd, id, &to);
		if (ret)
			break;
		rows = show_interval(&from, &to, rows);
		free_samples(&from);
		from = to;
		if (!id || to.nr)
			continue;
		if (!json_output)
			printf("region %u is gone\n", id);
		break;
	}
	free_samples(&from);
	if (ret)
		return fail(ret, "cannot look at regions%s", ret == -EPERM ? ": run as root" : "");
	return EXIT_OK;
}

/* --- its options -------------------------------------------------------------- */

enum {
	SHOW = 1 << 0,
	MONITOR = 1 << 1,
};

struct stat_options {
	uint32_t region;   /* 0: all */
	uint64_t interval; /* microseconds */
};

static int parse_interval(void *values, const char *text)
{
	struct stat_options *opt = values;
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.01 && seconds <= 86400))
		return fail_usage("--interval '%s': seconds are meant, from 0.01 to 86400", text);
	opt->interval = seconds * 1e6;
	return EXIT_OK;
}

static int stat_show(void *values)
{
	const struct stat_options *opt = values;
	int fd = module_open(), ret;

	if (fd < 0)
		return module_fail(fd);
	ret = show_totals(fd, opt->region);
	close(fd);
	return ret;
}

static int stat_monitor(void *values)
{
	const struct stat_options *opt = values;
	int fd = module_open(), ret;

	if (fd < 0)
		return module_fail(fd);
	json_sequence();
	ret = monitor(fd, opt->region, opt->interval);
	close(fd);
	return ret;
}

const struct cli_object stat_object = {
	.name = "stat",
	.help = "what was done in regions, in all or per second",
	.alone = "show",
	.verbs =
		(const struct cli_verb[]){
			{ "show", "what was done since they were set up", SHOW, stat_show },
			{ "monitor", "what is done per second, until Ctrl-C or the region's end",
			  MONITOR, stat_monitor },
			{} },
	.options =
		(const struct cli_option[]){
			{ "REGION", NULL, "the id of one; otherwise all", CLI_ID,
			  .flags = CLI_ARGUMENT, .verbs = SHOW | MONITOR,
			  CLI_AT(struct stat_options, region), .hint = "@region" },
			{ "interval", "SECONDS", "from one row to the next (1)", CLI_OWN,
			  .verbs = MONITOR, .parse = parse_interval },
			{} },
	.defaults = &(const struct stat_options){ .interval = 1000000 },
	.size = sizeof(struct stat_options),
};
