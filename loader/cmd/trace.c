// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl trace: operations and what is decided about them, as they happen.
 *
 * The lines of trace_pipe are taken apart by what kernel/trace.h prints:
 *
 *	COMM-PID [CPU] TIME: unified_EVENT: KEY=VALUE ...
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "json.h"
#include "nvme.h"
#include "options.h"
#include "tracefs.h"
#include "unifiedctl.h"
#include "units.h"

#define COMM_WIDTH 16 /* of trace_pipe */
#define MAX_PAIRS  16

struct pair {
	const char *key;
	const char *value;
};

struct event {
	char comm[COMM_WIDTH + 1];
	int pid;
	int cpu;
	const char *time;
	const char *name; /* without "unified_" */
	struct pair pairs[MAX_PAIRS];
	unsigned int nr;
};

/* --- a line ------------------------------------------------------------------- */

static void parse_pairs(struct event *e, char *text)
{
	char *word, *rest = text, *equals;

	while ((word = strtok_r(NULL, " ", &rest)) && e->nr < MAX_PAIRS) {
		equals = strchr(word, '=');
		if (!equals)
			continue;
		*equals = '\0';
		e->pairs[e->nr++] = (struct pair){ word, equals + 1 };
	}
}

/* False: it is no event of the module. Cuts the line to pieces. */
static bool parse_line(char *line, struct event *e)
{
	char *at, *rest = NULL;

	*e = (struct event){};
	if (strlen(line) < COMM_WIDTH)
		return false;
	/* A name may have spaces and anything else: only its width is known. */
	memcpy(e->comm, line, COMM_WIDTH);
	if (sscanf(line + COMM_WIDTH, "-%d [%d]", &e->pid, &e->cpu) != 2)
		return false;
	at = strchr(line + COMM_WIDTH, ']');
	e->time = at ? strtok_r(at + 1, " :", &rest) : NULL;
	e->name = e->time ? strtok_r(NULL, " :", &rest) : NULL;
	if (!e->name || strncmp(e->name, "unified_", 8))
		return false;
	e->name += 8;
	parse_pairs(e, rest);
	return true;
}

static const char *value_of(const struct event *e, const char *key)
{
	unsigned int i;

	for (i = 0; i < e->nr; i++)
		if (!strcmp(e->pairs[i].key, key))
			return e->pairs[i].value;
	return "";
}

static uint64_t number_of(const struct event *e, const char *key)
{
	return strtoull(value_of(e, key), NULL, 0);
}

/* --- JSON --------------------------------------------------------------------- */

static bool is_number(const char *text)
{
	char *end;

	strtoll(text, &end, 0);
	return (isdigit((unsigned char)*text) || *text == '-') && !*end;
}

static void json_pair(const struct pair *p)
{
	/* A policy may be called 1. */
	if (!is_number(p->value) || !strcmp(p->key, "policy") || !strcmp(p->key, "hook"))
		json_str(p->key, p->value);
	else if (*p->value == '-')
		json_s64(p->key, strtoll(p->value, NULL, 0));
	else
		json_u64(p->key, strtoull(p->value, NULL, 0));
}

static void json_event(const struct event *e)
{
	unsigned int i;

	json_object(NULL);
	json_str("time", e->time);
	json_u64("cpu", e->cpu);
	json_str("comm", e->comm + strspn(e->comm, " "));
	json_u64("pid", e->pid);
	json_str("event", e->name);
	for (i = 0; i < e->nr; i++)
		json_pair(&e->pairs[i]);
	json_end();
}

/* --- for people --------------------------------------------------------------- */

static const char *operation_name(const struct event *e)
{
	static const char *const names[] = { "", "flush", "zeroes", "discard", "compare" };
	uint64_t op = number_of(e, "op"), flags = number_of(e, "flags");

	if (number_of(e, "type") == UNIFIED_REGION_F_BPF)
		return "process";
	if (op >= sizeof(names) / sizeof(*names))
		return "unknown";
	if (op)
		return names[op];
	if (flags & UNIFIED_DESC_F_WRITE)
		return flags & UNIFIED_DESC_F_FUA ? "write, FUA" : "write";
	return "read";
}

static void print_submit(const struct event *e)
{
	uint64_t frags = number_of(e, "frags");

	printf("%s, %s bytes at %s", operation_name(e), value_of(e, "len"), value_of(e, "addr"));
	if (frags)
		printf(" in %" PRIu64 " pieces", frags);
	if (number_of(e, "type") & UNIFIED_REGION_F_NVME)
		printf(", lba %s, targets %s", value_of(e, "lba"), value_of(e, "targets"));
}

static void print_verdict(const struct event *e)
{
	/* enum unified_verdict of unified_kfuncs.h, which is for BPF. */
	static const char *const words[] = { "continue", "drop", "issue", "to user", "retry" };
	long long verdict = strtoll(value_of(e, "verdict"), NULL, 0);

	printf("%s, %s: ", value_of(e, "policy"), value_of(e, "hook"));
	if (verdict >= 0 && verdict < (long long)(sizeof(words) / sizeof(*words)))
		fputs(words[verdict], stdout);
	else if (verdict > 1 << 16)
		printf("at %lld bytes", verdict - (1 << 16));
	else if (verdict < 0 && verdict > -4096)
		printf("refuse: %s", strerror(-verdict));
	else
		printf("%lld, which is no verdict", verdict);
	printf(", lba %s, targets %s", value_of(e, "lba"), value_of(e, "targets"));
}

static void print_complete(const struct event *e)
{
	long long res = strtoll(value_of(e, "res"), NULL, 0);
	uint64_t status = number_of(e, "status");
	const char *words = nvme_status_words(status);

	if (!res)
		printf("%s bytes", value_of(e, "len"));
	else
		printf("%s", strerror(-res));
	if (status)
		printf(", NVMe status %s: %s", value_of(e, "status"), words ?: "unknown");
	if (number_of(e, "tries") > 1)
		printf(", %s tries", value_of(e, "tries"));
}

static void print_event(const struct event *e)
{
	static bool begun;

	if (!begun)
		printf("%-14s %-6s %-10s %s\n", "TIME", "REGION", "USER_DATA", "WHAT");
	begun = true;
	printf("%-14s %-6s %-10s %-8s ", e->time, value_of(e, "region"), value_of(e, "user_data"),
	       e->name);
	if (!strcmp(e->name, "submit"))
		print_submit(e);
	else if (!strcmp(e->name, "verdict"))
		print_verdict(e);
	else
		print_complete(e);
	putchar('\n');
}

static void show_lost(unsigned long events)
{
	if (!json_output) {
		printf("%lu events came too fast to be read\n", events);
		return;
	}
	json_object(NULL);
	json_u64("lost", events);
	json_end();
}

static void show_line(char *line)
{
	struct event e;
	int cpu;
	unsigned long lost;

	if (sscanf(line, "CPU:%d [LOST %lu EVENTS]", &cpu, &lost) == 2) {
		show_lost(lost);
		return;
	}
	if (!parse_line(line, &e))
		return;
	if (json_output)
		json_event(&e);
	else
		print_event(&e);
}

/* --- the pipe ------------------------------------------------------------------ */

/* What is there, to its last whole line. 1: there was something. 0, -errno. */
static int show_some(int pipe)
{
	static char text[16384];
	static size_t have;
	char *line, *end;
	ssize_t n = read(pipe, text + have, sizeof(text) - 1 - have);

	if (n <= 0)
		return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
	have += n;
	text[have] = '\0';
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		show_line(line);
	}
	have -= line - text;
	memmove(text, line, have);
	/* No line is that long. */
	if (have == sizeof(text) - 1)
		have = 0;
	fflush(stdout);
	return 1;
}

static bool region_lives(int module, uint32_t region)
{
	struct unified_io_region_info info;

	return !module_next_region(module, region, &info) && info.id == region;
}

static int show_all(int module, uint32_t region, int pipe)
{
	struct pollfd p = { .fd = pipe, .events = POLLIN };
	bool lives = true;
	int ret = 0;

	while (!interrupted && !ferror(stdout)) {
		poll(&p, 1, lives ? 500 : 0);
		ret = show_some(pipe);
		if (ret < 0)
			return fail(ret, "cannot read the trace");
		/* What it did until its end has been read by then. */
		if (!ret && !lives)
			break;
		lives = !region || region_lives(module, region);
	}
	if (!lives && !json_output)
		printf("region %u is gone\n", region);
	return EXIT_OK;
}

struct trace_options {
	uint32_t region; /* 0: all */
};

static int trace_monitor(void *values)
{
	const struct trace_options *opt = values;
	struct unified_io_region_info info;
	int module, pipe = -1, ret = EXIT_OK;

	module = module_open();
	if (module < 0)
		return module_fail(module);
	if (opt->region)
		ret = module_find_region(module, opt->region, &info);
	json_sequence();
	/* From here on nothing may end it before the instance is removed. */
	interrupt_setup();
	if (!ret)
		ret = tracefs_open(opt->region, &pipe);
	if (!ret) {
		ret = show_all(module, opt->region, pipe);
		tracefs_close(pipe);
	}
	close(module);
	return ret;
}

const struct cli_object trace_object = {
	.name = "trace",
	.help = "operations and verdicts as they happen, until Ctrl-C",
	.alone = "monitor",
	.verbs =
		(const struct cli_verb[]){
			{ "monitor", "a line for each, of all regions or of one until it ends", 1,
			  trace_monitor },
			{} },
	.options = (const struct cli_option[]){ { "REGION", NULL, "the id of one; otherwise all",
						  CLI_ID, .flags = CLI_ARGUMENT, .verbs = 1,
						  CLI_AT(struct trace_options, region),
						  .hint = "@region" },
						{} },
	.size = sizeof(struct trace_options),
};
