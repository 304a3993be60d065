// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines as they were before there was one grammar. For one release they are
 * put into the new form, which is told on standard error: then this file goes.
 *
 *	io write DEV lba 3 fua		io write DEV --lba 3 --fua
 *	region create size 1G		region create --size 1G
 *	target add 1 DEV read		target add 1 DEV --access read
 *	policy attach NAME 1 enforce	policy attach NAME 1 --enforce
 *	ingest --target A B		ingest run --target A --target B
 *	stat 1 watch 5			stat monitor 1 --interval 5
 *	trace 1				trace monitor 1
 *	doctor all			doctor check --all
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "unifiedctl.h"

struct line {
	const struct cli_object *object;
	int argc;
	char **argv;
	char **to; /* has room for three times as many */
	int nr;
	bool is_old;
};

static void add(struct line *l, const char *word)
{
	l->to[l->nr++] = (char *)word;
}

static void add_rest(struct line *l, int from)
{
	while (from < l->argc)
		add(l, l->argv[from++]);
}

/* --- objects that had no verbs ------------------------------------------------------ */

static bool is_watch(const char *word)
{
	return !strcmp(word, "watch") || !strcmp(word, "--watch");
}

/* stat [REGION] [watch [SECONDS]] */
static void stat_words(struct line *l)
{
	int at = isdigit((unsigned char)l->argv[0][0]) ? 1 : 0;
	bool watch = at < l->argc && is_watch(l->argv[at]);
	int end = watch ? at + 2 : at;

	if ((!at && !watch) || (end < l->argc && l->argv[end][0] != '-'))
		return;
	l->is_old = true;
	add(l, watch ? "monitor" : "show");
	if (at)
		add(l, l->argv[0]);
	at += watch;
	if (watch && at < l->argc) {
		add(l, "--interval");
		add(l, l->argv[at++]);
	}
	add_rest(l, at);
}

/* A verb was not said, as there was only one thing to do. */
static void verbless_words(struct line *l)
{
	const char *word = l->argv[0];

	if (!strcmp(l->object->name, "stat")) {
		stat_words(l);
	} else if (!strcmp(l->object->name, "ingest") && word[0] == '-') {
		l->is_old = true;
		add(l, "run");
		add_rest(l, 0);
	} else if (!strcmp(l->object->name, "trace") && isdigit((unsigned char)word[0])) {
		l->is_old = true;
		add(l, "monitor");
		add_rest(l, 0);
	} else if (!strcmp(l->object->name, "doctor") && !strcmp(word, "all")) {
		l->is_old = true;
		add(l, "check");
		add(l, "--all");
		add_rest(l, 1);
	}
}

/* --- options without their dashes ----------------------------------------------------- */

static const struct {
	const char *object;
	const char *verb; /* NULL: all */
} had_settings[] = {
	{ "io", NULL },
	{ "region", "create" },
	{ "target", "add" },
	{ "policy", "attach" },
};

/* Those that are not called so any more. */
static const struct {
	const char *object;
	const char *word, *value;
	const char *option, *new_value;
} renamed[] = {
	{ "region", "bpf", "any", "--any-bpf", NULL },
	{ "region", "targets", "sealed", "--seal-targets", NULL },
	{ "target", "read", NULL, "--access", "read" },
	{ "target", "write", NULL, "--access", "write" },
	{ "target", "read-write", NULL, "--access", "read-write" },
};

static bool has_settings(const struct line *l, const struct cli_verb *v)
{
	size_t i;

	for (i = 0; i < sizeof(had_settings) / sizeof(*had_settings); i++)
		if (!strcmp(l->object->name, had_settings[i].object) &&
		    (!had_settings[i].verb || !strcmp(v->name, had_settings[i].verb)))
			return true;
	return false;
}

/* How many words it was; 0: it is none of these. */
static int add_renamed(struct line *l, int at)
{
	const char *next = at + 1 < l->argc ? l->argv[at + 1] : "";
	size_t i;

	for (i = 0; i < sizeof(renamed) / sizeof(*renamed); i++) {
		if (strcmp(l->object->name, renamed[i].object) ||
		    strcmp(l->argv[at], renamed[i].word) ||
		    (renamed[i].value && strcmp(next, renamed[i].value)))
			continue;
		add(l, renamed[i].option);
		if (renamed[i].new_value)
			add(l, renamed[i].new_value);
		return renamed[i].value ? 2 : 1;
	}
	return 0;
}

static int add_setting(struct line *l, const struct cli_verb *v, int at)
{
	const struct cli_option *o;
	int used = add_renamed(l, at);
	char *option;

	if (used)
		return used;
	for (o = l->object->options; o->name; o++)
		if (cli_takes(v, o) && cli_is_option(o) && !strcmp(l->argv[at], o->name))
			break;
	if (!o->name || asprintf(&option, "--%s", o->name) < 0)
		return 0;
	add(l, option);
	if (!o->value || at + 1 == l->argc)
		return 1;
	add(l, l->argv[at + 1]);
	return 2;
}

/* Is this word an argument, after so many of them? */
static bool is_argument(const struct line *l, const struct cli_verb *v, const char *word,
			unsigned int seen)
{
	const struct cli_option *o;
	unsigned int nr = 0;

	for (o = l->object->options; o->name; o++) {
		if (!cli_takes(v, o) || !(o->flags & CLI_ARGUMENT))
			continue;
		/* A device was known by its slash. */
		if (o->flags & CLI_REPEATED)
			return strchr(word, '/');
		nr++;
	}
	return seen < nr;
}

/* An option in the new form, and its value. How many words it is. */
static int add_option(struct line *l, const struct cli_verb *v, int at)
{
	const char *word = l->argv[at];
	const struct cli_option *o = NULL;

	add(l, word);
	if (!strncmp(word, "--", 2) && !strchr(word, '='))
		o = cli_guess_option(l->object, v, word + 2);
	if (!o || !o->value || at + 1 == l->argc)
		return 1;
	add(l, l->argv[at + 1]);
	return 2;
}

static void settings_words(struct line *l, const struct cli_verb *v)
{
	unsigned int seen = 0;
	int at = 1, used;

	add(l, l->argv[0]);
	while (at < l->argc && strcmp(l->argv[at], "--")) {
		if (l->argv[at][0] == '-') {
			at += add_option(l, v, at);
			continue;
		}
		used = is_argument(l, v, l->argv[at], seen) ? 0 : add_setting(l, v, at);
		l->is_old |= used > 0;
		if (!used) {
			add(l, l->argv[at]);
			used = 1;
			seen++;
		}
		at += used;
	}
	add_rest(l, at);
}

static bool is_target(const struct line *l, const struct cli_verb *v, const char *word)
{
	const struct cli_option *o = NULL;
	char name[32];

	if (!strncmp(word, "--", 2)) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
		o = cli_guess_option(l->object, v, name);
	}
	return o && !strcmp(o->name, "target");
}

/* --target A B C */
static void targets_words(struct line *l, const struct cli_verb *v)
{
	bool targets = false;
	int at = 1;

	add(l, l->argv[0]);
	while (at < l->argc && strcmp(l->argv[at], "--")) {
		if (l->argv[at][0] == '-') {
			targets = is_target(l, v, l->argv[at]);
			at += add_option(l, v, at);
			continue;
		}
		if (targets) {
			add(l, "--target");
			l->is_old = true;
		}
		add(l, l->argv[at++]);
	}
	add_rest(l, at);
}

/* --- all of it ------------------------------------------------------------------------- */

static void tell(const struct line *l)
{
	int i;

	fprintf(stderr,
		"unifiedctl: the next release does not know this form any more; it is now: unifiedctl %s",
		l->object->name);
	for (i = 0; i < l->nr; i++) {
		size_t plain = 0;

		while (isalnum((unsigned char)l->to[i][plain]) ||
		       (l->to[i][plain] && strchr("_@%+=:,./-", l->to[i][plain])))
			plain++;
		fprintf(stderr, l->to[i][plain] || !plain ? " '%s'" : " %s", l->to[i]);
	}
	fputc('\n', stderr);
}

/* What was made of the words is what the next step begins with. */
static bool next_step(struct line *l)
{
	if (l->nr) {
		l->argv = l->to;
		l->argc = l->nr;
	}
	l->to = calloc(3 * l->argc + 3, sizeof(*l->to));
	l->nr = 0;
	return l->to;
}

char **old_words(const struct cli_object *object, int *argc, char **argv)
{
	struct line l = { .object = object, .argc = *argc, .argv = argv };
	const struct cli_verb *v;

	if (!*argc || !next_step(&l))
		return argv;
	verbless_words(&l);
	if (!next_step(&l))
		return argv;
	v = cli_guess_verb(object, l.argv[0]);
	if (v && has_settings(&l, v))
		settings_words(&l, v);
	else if (v && !strcmp(object->name, "ingest"))
		targets_words(&l, v);
	if (!l.is_old)
		return argv;
	if (!l.nr)
		add_rest(&l, 0);
	tell(&l);
	/* The words live as long as the process. */
	*argc = l.nr;
	return l.to;
}
