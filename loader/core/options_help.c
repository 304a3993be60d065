// SPDX-License-Identifier: GPL-2.0
/*
 * What can be said on the command line, from the tables of options.h: for people, for
 * a shell that completes words, and for the man pages.
 */
#include <ctype.h>
#include <string.h>

#include "options.h"
#include "unifiedctl.h"

/* With more of them, a synopsis only says that there are options. */
#define MAX_LISTED  6

#define HELP_COLUMN 28

/* Of any verb, if v is NULL. */
static const struct cli_option *next_option(const struct cli_object *object,
					    const struct cli_verb *v, const struct cli_option *o)
{
	for (o = o ? o + 1 : object->options; o && o->name; o++)
		if (!v || cli_takes(v, o))
			return o;
	return NULL;
}

static bool are_listed(const struct cli_object *object, const struct cli_verb *v)
{
	const struct cli_option *o = NULL;
	unsigned int nr = 0;

	while ((o = next_option(object, v, o)))
		nr += cli_is_option(o) && !(o->flags & CLI_REQUIRED);
	return nr <= MAX_LISTED;
}

/* With arguments a verb has to be said. */
static bool may_be_left_out(const struct cli_object *object, const struct cli_verb *v)
{
	const struct cli_option *o = NULL;

	if (!object->alone || strcmp(object->alone, v->name))
		return false;
	while ((o = next_option(object, v, o)))
		if (o->flags & CLI_ARGUMENT)
			return false;
	return true;
}

/* --- a synopsis ------------------------------------------------------------------- */

/* How the parts of a synopsis are written. */
struct style {
	void (*argument)(const struct cli_option *o);
	void (*option)(const struct cli_option *o);
	void (*some_options)(void);
	void (*command)(const struct cli_option *o);
};

/* Arguments, what has to be said, what may be said, and the command, in that order. */
static void synopsis(const struct cli_object *object, const struct cli_verb *v,
		     const struct style *style)
{
	bool listed = are_listed(object, v);
	const struct cli_option *o;

	for (o = NULL; (o = next_option(object, v, o));)
		if (o->flags & CLI_ARGUMENT)
			style->argument(o);
	for (o = NULL; (o = next_option(object, v, o));)
		if (cli_is_option(o) && o->flags & CLI_REQUIRED)
			style->option(o);
	for (o = NULL; listed && (o = next_option(object, v, o));)
		if (cli_is_option(o) && !(o->flags & CLI_REQUIRED))
			style->option(o);
	if (!listed)
		style->some_options();
	for (o = NULL; (o = next_option(object, v, o));)
		if (o->kind == CLI_COMMAND)
			style->command(o);
}

static const char *dots(const struct cli_option *o)
{
	return o->flags & CLI_REPEATED ? " ..." : "";
}

static void text_argument(const struct cli_option *o)
{
	printf(o->flags & CLI_REQUIRED ? " %s%s" : " [%s%s]", o->name, dots(o));
}

static void text_option(const struct cli_option *o)
{
	printf(o->flags & CLI_REQUIRED ? " --%s%s%s%s" : " [--%s%s%s]%s", o->name,
	       o->value ? " " : "", o->value ?: "", dots(o));
}

static void text_some_options(void)
{
	fputs(" [OPTION ...]", stdout);
}

static void text_command(const struct cli_option *o)
{
	printf(" [-- %s ...]", o->name);
}

static const struct style text_style = {
	.argument = text_argument,
	.option = text_option,
	.some_options = text_some_options,
	.command = text_command,
};

/* --- for people ------------------------------------------------------------------- */

static void print_help(const char *names, const char *help)
{
	if (strlen(names) < HELP_COLUMN)
		printf("  %-*s%s\n", HELP_COLUMN, names, help);
	else
		printf("  %s\n  %*s%s\n", names, HELP_COLUMN, "", help);
}

static void print_option(const struct cli_option *o)
{
	char names[80], letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(names, sizeof(names), "%s--%s%s%s%s", letter, o->name, o->value ? " " : "",
		 o->value ?: "", dots(o));
	print_help(names, o->help);
}

static void print_arguments(const struct cli_object *object, const struct cli_verb *v)
{
	const struct cli_option *o = NULL;
	const char *const *word;
	char names[80];

	while ((o = next_option(object, v, o))) {
		if (cli_is_option(o))
			continue;
		snprintf(names, sizeof(names), "%s%s%s", o->kind == CLI_COMMAND ? "-- " : "",
			 o->name, o->kind == CLI_COMMAND ? " ..." : dots(o));
		print_help(names, o->help);
		for (word = o->words; word && *word; word++)
			print_help("", *word);
	}
}

static void print_options(const struct cli_object *object, const struct cli_verb *v)
{
	const struct cli_option *o = NULL;

	while ((o = next_option(object, v, o)))
		if (cli_is_option(o))
			print_option(o);
}

static bool has_options(const struct cli_object *object)
{
	const struct cli_option *o = NULL;

	while ((o = next_option(object, NULL, o)))
		if (cli_is_option(o))
			return true;
	return false;
}

/* Of what can be told in a line there is no page. */
static void print_page(const struct cli_object *object)
{
	printf("See unifiedctl%s%s(8).\n", object->options ? "-" : "",
	       object->options ? object->name : "");
}

static void print_verb(const struct cli_object *object, const struct cli_verb *v, bool first)
{
	bool alone = may_be_left_out(object, v);

	printf("%s unifiedctl %s %s%s%s", first ? "Usage:" : "      ", object->name,
	       alone ? "[" : "", v->name, alone ? "]" : "");
	synopsis(object, v, &text_style);
	printf("\n           %s\n", v->help);
}

void cli_verb_usage(const struct cli_object *object, const struct cli_verb *v)
{
	print_verb(object, v, true);
	print_arguments(object, v);
	print_options(object, v);
	print_page(object);
}

void cli_object_usage(const struct cli_object *object)
{
	const struct cli_verb *v;

	for (v = object->verbs; v->name; v++)
		print_verb(object, v, v == object->verbs);
	if (object->alone && !may_be_left_out(object, cli_guess_verb(object, object->alone)))
		printf("Alone, %s is %s %s.\n", object->name, object->name, object->alone);
	if (has_options(object) && object->verbs[1].name)
		puts("Options, not each of every verb:");
	print_options(object, NULL);
	print_page(object);
}

static void verb_list(const struct cli_object *object, char *text, size_t size)
{
	const struct cli_verb *v;
	size_t at = 0;

	for (v = object->verbs; v->name && at < size; v++)
		at += snprintf(text + at, size - at, "%s%s", at ? " | " : "", v->name);
}

void cli_usage(FILE *to)
{
	const struct cli_option *o;
	char verbs[160];
	int i;

	fputs("Usage: unifiedctl OBJECT VERB [ARGUMENT ...] [--option ...]\n"
	      "       unifiedctl help [OBJECT [VERB]]\n\n",
	      to);
	for (i = 0; cli_objects[i]; i++) {
		verb_list(cli_objects[i], verbs, sizeof(verbs));
		fprintf(to, "  %-8s { %s }\n           %s\n", cli_objects[i]->name, verbs,
			cli_objects[i]->help);
	}
	fputs("\nObjects, verbs and options may be cut short. Anywhere:\n", to);
	for (o = cli_global_options; o->name; o++)
		fprintf(to, "  -%c, --%-10s %s\n", o->letter, o->name, o->help);
	fputs("\nExit status: 0 done, 1 failed, 2 wrong usage. See unifiedctl(8).\n", to);
}

/* --- for a shell -------------------------------------------------------------------- */

/* Words as they are; @KIND is for the shell to find. */
static void offer(const struct cli_option *o)
{
	const char *const *word;

	for (word = o->words; word && *word; word++)
		puts(*word);
	if (o->hint)
		puts(o->hint);
}

static void offer_options(const struct cli_object *object, const struct cli_verb *v)
{
	const struct cli_option *o = NULL;

	while ((o = next_option(object, v, o))) {
		if (cli_is_option(o))
			printf("--%s\n", o->name);
		else if (o->kind == CLI_COMMAND)
			puts("--");
	}
	for (o = cli_global_options; o->name; o++)
		printf("--%s\n", o->name);
}

static void offer_argument(const struct cli_object *object, const struct cli_verb *v,
			   unsigned int place)
{
	const struct cli_option *o = NULL;

	while ((o = next_option(object, v, o))) {
		if (!(o->flags & CLI_ARGUMENT))
			continue;
		if (!place-- || o->flags & CLI_REPEATED) {
			offer(o);
			return;
		}
	}
	offer_options(object, v);
}

/* words[nr] is to be completed, which stands behind a verb and others. */
static void complete_verb(const struct cli_object *object, const struct cli_verb *v, int nr,
			  char **words)
{
	const struct cli_option *o = NULL;
	unsigned int place = 0;
	int i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(words[i], "--")) {
			puts("@command");
			return;
		}
		o = NULL;
		if (words[i][0] != '-') {
			place++;
			continue;
		}
		if (!strncmp(words[i], "--", 2) && !strchr(words[i], '='))
			o = cli_guess_option(object, v, words[i] + 2);
		if (o && o->value && i + 1 < nr) {
			o = NULL;
			i++;
		}
	}
	if (o && o->value)
		offer(o);
	else if (words[nr][0] == '-')
		offer_options(object, v);
	else
		offer_argument(object, v, place);
}

static void offer_objects(void)
{
	int i;

	for (i = 0; cli_objects[i]; i++)
		puts(cli_objects[i]->name);
	puts("help");
}

static void offer_verbs(const struct cli_object *object)
{
	const struct cli_verb *v;

	for (v = object->verbs; v->name; v++)
		puts(v->name);
	if (!cli_guess_verb(object, "help"))
		puts("help");
}

int cli_complete(int argc, char **argv)
{
	const struct cli_option *global;
	const struct cli_object *object = NULL;
	const struct cli_verb *v;
	struct cli_globals unused;
	char *last;
	int i;

	/* What may stand anywhere is out of the way; but the last word is not finished. */
	if (argc > 1) {
		last = argv[argc - 1];
		argc = cli_take_globals(argc - 1, argv, &unused);
		argv[argc++] = last;
	}
	if (argc < 2) {
		offer_objects();
		for (global = cli_global_options; global->name; global++)
			printf("--%s\n", global->name);
		return EXIT_OK;
	}
	for (i = 0; cli_objects[i]; i++)
		if (!strcmp(argv[0], cli_objects[i]->name))
			object = cli_objects[i];
	if (!strcmp(argv[0], "help") && argc == 2)
		offer_objects();
	if (!object)
		return EXIT_OK;
	v = cli_guess_verb(object, argv[1]);
	if (argc == 2)
		offer_verbs(object);
	else if (v)
		complete_verb(object, v, argc - 3, argv + 2);
	return EXIT_OK;
}

/* --- for the man pages, in mdoc(7) ----------------------------------------------------- */

/* They have what stands for a value in small letters. */
static const char *small(const char *text)
{
	static char to[80];
	size_t i;

	for (i = 0; text[i] && i < sizeof(to) - 1; i++)
		to[i] = tolower((unsigned char)text[i]);
	to[i] = '\0';
	return to;
}

static void man_argument(const struct cli_option *o)
{
	printf(o->flags & CLI_REQUIRED ? ".Ar %s%s\n" : ".Op Ar %s%s\n", small(o->name), dots(o));
}

static void man_option(const struct cli_option *o)
{
	printf(o->flags & CLI_REQUIRED ? ".Fl -%s%s%s%s\n" : ".Op Fl -%s%s%s%s\n", o->name,
	       o->value ? " Ar " : "", o->value ? small(o->value) : "", dots(o));
}

static void man_some_options(void)
{
	puts(".Op Ar option ...");
}

static void man_command(const struct cli_option *o)
{
	printf(".Op Fl - Ar %s ...\n", small(o->name));
}

static const struct style man_style = {
	.argument = man_argument,
	.option = man_option,
	.some_options = man_some_options,
	.command = man_command,
};

static void man_verb(const struct cli_object *object, const struct cli_verb *v)
{
	bool alone = may_be_left_out(object, v);

	printf(".Nm unifiedctl\n.Op Fl j | p\n");
	printf(alone ? ".Cm %s\n.Op Cm %s\n" : ".Cm %s %s\n", object->name, v->name);
	synopsis(object, v, &man_style);
}

static void man_object(const struct cli_object *object)
{
	const struct cli_option *o = NULL;
	const struct cli_verb *v;

	for (v = object->verbs; v->name; v++)
		man_verb(object, v);
	/* What has to be in the list of options, in whatever order. */
	puts(".Sh OPTIONS");
	while ((o = next_option(object, NULL, o))) {
		if (!cli_is_option(o))
			continue;
		fputs(".It Fl ", stdout);
		if (o->letter)
			printf("%c , ", o->letter);
		printf("-%s%s%s\n", o->name, o->value ? " Ar " : "",
		       o->value ? small(o->value) : "");
	}
}

static void man_all(void)
{
	const struct cli_option *o;
	char verbs[160];
	int i;

	for (i = 0; cli_objects[i]; i++) {
		verb_list(cli_objects[i], verbs, sizeof(verbs));
		printf(".Nm\n.Op Fl j | p\n.Cm %s\n", cli_objects[i]->name);
		printf(cli_objects[i]->alone ? ".Op Cm %s\n" : ".Brq Cm %s\n", verbs);
		if (cli_objects[i]->options)
			puts(".Op Ar argument ...\n.Op Ar option ...");
	}
	puts(".Nm\n.Cm help\n.Op Ar object Op Ar verb\n.Sh OPTIONS");
	for (o = cli_global_options; o->name; o++)
		printf(".It Fl %c , -%s\n", o->letter, o->name);
}

int cli_man(int argc, char **argv)
{
	const struct cli_object *object;

	if (!argc) {
		man_all();
		return EXIT_OK;
	}
	object = cli_find_object(argv[0]);
	if (!object)
		return EXIT_USAGE;
	man_object(object);
	return EXIT_OK;
}
