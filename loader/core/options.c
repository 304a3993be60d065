// SPDX-License-Identifier: GPL-2.0
/*
 * The words of a command line become values, as the tables of options.h say.
 */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "options.h"
#include "unifiedctl.h"
#include "units.h"

#define MAX_NAMES 64
#define MAX_WORD  64 /* of those that are compared with names */

const struct cli_option cli_global_options[] = {
	{ .name = "json", .letter = 'j', .help = "print JSON" },
	{ .name = "pretty", .letter = 'p', .help = "print JSON to be read by people" },
	{ .name = "help", .letter = 'h', .help = "what may be said here" },
	{ .name = "version", .letter = 'V', .help = "the versions of program, module and kernel" },
	{}
};

/* --- names, and what is meant by one that is none ------------------------------- */

struct names {
	const char *of[MAX_NAMES];
	unsigned int nr;
};

enum {
	NO_NAME = -1,
	SEVERAL_NAMES = -2,
};

static void add_name(struct names *names, const char *name)
{
	assert(names->nr < MAX_NAMES);
	names->of[names->nr++] = name;
}

/* The place of the name that it is, or that only it begins. */
static int pick(const struct names *names, const char *word)
{
	size_t len = strlen(word);
	int found = NO_NAME;
	unsigned int i;

	for (i = 0; i < names->nr; i++) {
		if (strncmp(names->of[i], word, len))
			continue;
		if (!names->of[i][len])
			return i;
		found = found == NO_NAME ? (int)i : SEVERAL_NAMES;
	}
	return *word ? found : NO_NAME;
}

/* "list, load": those that begin so. */
static void join(const struct names *names, const char *word, const char *dashes, char *text,
		 size_t size)
{
	size_t len = strlen(word), at = 0;
	unsigned int i;

	*text = '\0';
	for (i = 0; i < names->nr && at < size; i++)
		if (!strncmp(names->of[i], word, len))
			at += snprintf(text + at, size - at, "%s%s%s", at ? ", " : "", dashes,
				       names->of[i]);
}

/* Where: "io read", or nothing. What: "option", whose names have dashes. */
static int fail_name(const char *where, const char *what, const char *dashes,
		     const struct names *names, const char *word)
{
	const char *like = nearest_name(names->of, names->nr, word), *colon = *where ? ": " : "";
	char text[1024], help[80];

	/* Behind a verb, "help" would be an argument. */
	snprintf(help, sizeof(help), "%s%s%s", where, *where ? " " : "",
		 *dashes ? "--help" : "help");

	if (pick(names, word) == SEVERAL_NAMES) {
		join(names, word, dashes, text, sizeof(text));
		return fail_usage("%s%s'%s%s' may be one of %s", where, colon, dashes, word, text);
	}
	if (like)
		return fail_usage("%s%sno %s '%s%s'. Is '%s%s' meant? Try: unifiedctl %s", where,
				  colon, what, dashes, word, dashes, like, help);
	if (*dashes)
		return fail_usage("%s%sno %s '%s%s'. Try: unifiedctl %s", where, colon, what,
				  dashes, word, help);
	join(names, "", "", text, sizeof(text));
	return fail_usage("%s%sno %s '%s', only %s. Try: unifiedctl %s", where, colon, what, word,
			  text, help);
}

static struct names verb_names(const struct cli_object *object)
{
	struct names names = {};
	const struct cli_verb *v;

	for (v = object->verbs; v->name; v++)
		add_name(&names, v->name);
	return names;
}

static struct names object_names(void)
{
	struct names names = {};
	int i;

	for (i = 0; cli_objects[i]; i++)
		add_name(&names, cli_objects[i]->name);
	return names;
}

const struct cli_object *cli_guess_object(const char *word)
{
	struct names names = object_names();
	int i = pick(&names, word);

	return i >= 0 ? cli_objects[i] : NULL;
}

const struct cli_object *cli_find_object(const char *word)
{
	const struct cli_object *object = cli_guess_object(word);
	struct names names = object_names();

	if (!object)
		fail_name("", "object", "", &names, word);
	return object;
}

const struct cli_verb *cli_guess_verb(const struct cli_object *object, const char *word)
{
	struct names names = verb_names(object);
	int i = pick(&names, word);

	return i >= 0 ? &object->verbs[i] : NULL;
}

const struct cli_verb *cli_find_verb(const struct cli_object *object, const char *word)
{
	const struct cli_verb *v = cli_guess_verb(object, word);
	struct names names = verb_names(object);

	if (!v)
		fail_name(object->name, "verb", "", &names, word);
	return v;
}

/* Their places in the table are those of the names, and behind them are the global ones. */
struct choice {
	const struct cli_option *of[MAX_NAMES];
	struct names names;
};

static void choose(const struct cli_object *object, const struct cli_verb *v, struct choice *c)
{
	const struct cli_option *o;

	*c = (struct choice){};
	for (o = object->options; o && o->name; o++) {
		if (!cli_takes(v, o) || !cli_is_option(o))
			continue;
		c->of[c->names.nr] = o;
		add_name(&c->names, o->name);
	}
	for (o = cli_global_options; o->name; o++)
		add_name(&c->names, o->name);
}

const struct cli_option *cli_guess_option(const struct cli_object *object, const struct cli_verb *v,
					  const char *name)
{
	struct choice c;
	int i;

	choose(object, v, &c);
	i = pick(&c.names, name);
	return i >= 0 ? c.of[i] : NULL;
}

/* --- a value ---------------------------------------------------------------------- */

struct parse {
	const struct cli_object *object;
	const struct cli_verb *v;
	void *values;
	uint64_t seen;	/* bits, of options by their places in the table */
	char where[64]; /* "io read" */
};

static void *member(const struct parse *p, size_t at)
{
	return (char *)p->values + at;
}

/* "--lba", or "REGION". */
static const char *name_of(const struct cli_option *o, char *text, size_t size)
{
	snprintf(text, size, "%s%s", o->flags & CLI_ARGUMENT ? "" : "--", o->name);
	return text;
}

int cli_parse_number(const struct cli_option *o, const char *name, const char *text,
		     uint64_t *value)
{
	uint64_t max = o->max ?: UINT64_MAX, n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < o->min || n > max)
		return fail_usage("%s '%s': a number is meant, from %llu to %llu", name, text,
				  (unsigned long long)o->min, (unsigned long long)max);
	*value = n;
	return EXIT_OK;
}

int cli_parse_bytes(const struct cli_option *o, const char *name, const char *text, uint64_t *value)
{
	char from[32], to[32];
	uint64_t n = 0;

	if (o->words && !strcmp(text, o->words[0])) {
		*value = CLI_ALL;
		return EXIT_OK;
	}
	if (!parse_size(text, &n) && n >= o->min && n <= (o->max ?: CLI_ALL - 1) &&
	    !(o->kind == CLI_POWER && n & (n - 1))) {
		*value = n;
		return EXIT_OK;
	}
	if (!o->max)
		return fail_usage("%s '%s': a number is meant, as 4096, 64K or 1G%s%s%s", name,
				  text, o->min ? ", and not 0" : "", o->words ? ", or " : "",
				  o->words ? o->words[0] : "");
	return fail_usage("%s '%s': %s is meant, from %s to %s", name, text,
			  o->kind == CLI_POWER ? "a power of two" : "a size",
			  human(o->min, from, sizeof(from)), human(o->max, to, sizeof(to)));
}

/* Into a member of either size. */
static int parse_number(const struct cli_option *o, const char *name, const char *text, void *value)
{
	uint64_t n;
	int ret = cli_parse_number(o, name, text, &n);

	if (ret)
		return ret;
	if (o->size == sizeof(uint32_t))
		*(uint32_t *)value = n;
	else
		*(uint64_t *)value = n;
	return EXIT_OK;
}

static int parse_word(const struct cli_option *o, const char *name, const char *text,
		      unsigned int *value)
{
	struct names names = {};
	char all[256];
	unsigned int i;

	for (i = 0; o->words[i]; i++) {
		if (!strcmp(text, o->words[i])) {
			*value = i;
			return EXIT_OK;
		}
		add_name(&names, o->words[i]);
	}
	join(&names, "", "", all, sizeof(all));
	return fail_usage("%s '%s': one of %s is meant", name, text, all);
}

static int parse_numbers(struct parse *p, const struct cli_option *o, const char *name,
			 const char *text)
{
	unsigned int max = o->size / sizeof(unsigned int);
	int n = parse_list(text, member(p, o->at), max);

	if (n <= 0)
		return fail_usage("%s '%s': up to %u numbers are meant, as 1 or 0,2-3", name, text,
				  max);
	*(unsigned int *)member(p, o->count_at) = n;
	return EXIT_OK;
}

static int parse_text(struct parse *p, const struct cli_option *o, const char *text)
{
	const char **value = member(p, o->at);
	unsigned int *nr, max = o->size / sizeof(*value);

	if (!(o->flags & CLI_REPEATED)) {
		*value = text;
		return EXIT_OK;
	}
	nr = member(p, o->count_at);
	if (*nr == max)
		return fail_usage("%s: there are more than %u of %s%s", p->where, max,
				  o->flags & CLI_ARGUMENT ? "" : "--", o->name);
	value[(*nr)++] = text;
	return EXIT_OK;
}

static int parse_value(struct parse *p, const struct cli_option *o, const char *text)
{
	void *value = member(p, o->at);
	uint64_t bit = 1ULL << (o - p->object->options);
	char name[MAX_WORD];

	name_of(o, name, sizeof(name));
	if (p->seen & bit && o->value && !(o->flags & CLI_REPEATED))
		return fail_usage("%s: %s is said twice", p->where, name);
	p->seen |= bit;
	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)value = true;
		return EXIT_OK;
	case CLI_TEXT:
		return parse_text(p, o, text);
	case CLI_NUMBER:
		return parse_number(o, name, text, value);
	case CLI_SIZE:
	case CLI_POWER:
		return cli_parse_bytes(o, name, text, value);
	case CLI_ID:
		if (!parse_id(text, value))
			return EXIT_OK;
		return fail_usage("'%s' is no id. See: unifiedctl region list", text);
	case CLI_WORD:
		return parse_word(o, name, text, value);
	case CLI_LIST:
		return parse_numbers(p, o, name, text);
	case CLI_OWN:
		return o->parse(p->values, text);
	case CLI_COMMAND:
		break;
	}
	return fail_usage("%s: what is '%s'?", p->where, text);
}

/* A table is wrong if a value does not fit its member. */
static bool fits(const struct cli_option *o)
{
	static const size_t sizes[] = {
		[CLI_FLAG] = sizeof(bool),	 [CLI_TEXT] = sizeof(char *),
		[CLI_NUMBER] = sizeof(uint64_t), [CLI_SIZE] = sizeof(uint64_t),
		[CLI_POWER] = sizeof(uint64_t),	 [CLI_ID] = sizeof(uint32_t),
		[CLI_WORD] = sizeof(int),	 [CLI_COMMAND] = sizeof(char **),
	};

	if (o->flags & CLI_REPEATED || o->kind == CLI_LIST)
		return o->count_at;
	if (o->kind == CLI_NUMBER && o->size == sizeof(uint32_t))
		return o->max && o->max <= UINT32_MAX;
	return o->kind == CLI_OWN ? o->parse != NULL : o->size == sizes[o->kind];
}

/* --- all of them --------------------------------------------------------------------- */

/* What getopt says of an option is its place and this, or its letter. */
#define FIRST_OPTION 256

/* "j:k" of the letters; the rest of the words come one by one, in their order. */
static void letters_of(const struct cli_option *o, char **to)
{
	if (!o->letter)
		return;
	*(*to)++ = o->letter;
	if (o->value)
		*(*to)++ = ':';
}

static void getopt_tables(const struct choice *c, struct option *longs, char *letters)
{
	const struct cli_option *o;
	unsigned int i, globals = 0;

	*letters++ = '-';
	*letters++ = ':';
	for (i = 0; i < c->names.nr; i++) {
		o = c->of[i] ?: &cli_global_options[globals++];
		longs[i] = (struct option){ .name = o->name,
					    .has_arg = o->value ? required_argument : no_argument,
					    .val = o->letter ?: (int)(FIRST_OPTION + i) };
		letters_of(o, &letters);
	}
	longs[i] = (struct option){};
	*letters = '\0';
}

static const struct cli_option *argument(const struct parse *p, unsigned int place)
{
	const struct cli_option *o;

	for (o = p->object->options; o && o->name; o++) {
		if (!cli_takes(p->v, o) || !(o->flags & CLI_ARGUMENT))
			continue;
		if (!place-- || o->flags & CLI_REPEATED)
			return o;
	}
	return NULL;
}

static int parse_argument(struct parse *p, unsigned int place, const char *text)
{
	const struct cli_option *o = argument(p, place);

	if (o)
		return parse_value(p, o, text);
	if (!place)
		return fail_usage("%s takes no arguments: what is '%s'? Try: unifiedctl %s --help",
				  p->where, text, p->where);
	return fail_usage("%s: there are too many arguments, from '%s' on. Try: "
			  "unifiedctl %s --help",
			  p->where, text, p->where);
}

static bool take_global(int said, struct cli_globals *g)
{
	switch (said) {
	case 'j':
		g->json = json_output = true;
		return true;
	case 'p':
		g->json = json_output = g->pretty = true;
		return true;
	case 'h':
		g->help = true;
		return true;
	case 'V':
		g->version = true;
		return true;
	default:
		return false;
	}
}

/* Of the verb's own. */
static const struct cli_option *option_of(const struct choice *c, int said)
{
	unsigned int i;

	if (said >= FIRST_OPTION)
		return c->of[said - FIRST_OPTION];
	for (i = 0; i < c->names.nr; i++)
		if (c->of[i] && c->of[i]->letter == said)
			return c->of[i];
	return NULL;
}

/* getopt did not like the word that it has just read. */
static int fail_word(const struct parse *p, const struct choice *c, int said, const char *word)
{
	size_t len = strcspn(word, "=");
	struct cli_globals unused;
	char name[MAX_WORD + 1];

	if (said == ':')
		return fail_usage("%s: '%s' takes a value. Try: unifiedctl %s --help", p->where,
				  word, p->where);
	/* A letter that is none; it may be in the middle of a word, which is still to come. */
	if (optopt && !option_of(c, optopt) && !take_global(optopt, &unused))
		return fail_usage("%s: no option '-%c'. Try: unifiedctl %s --help", p->where,
				  optopt, p->where);
	if (optopt)
		return fail_usage("%s: '%.*s' takes no value", p->where, (int)len, word);
	snprintf(name, sizeof(name), "%.*s", (int)(len - 2), word + 2);
	return fail_name(p->where, "option", "--", &c->names, name);
}

static int check_required(const struct parse *p)
{
	const struct cli_option *o;

	for (o = p->object->options; o && o->name; o++) {
		if (!cli_takes(p->v, o) || !(o->flags & CLI_REQUIRED) ||
		    p->seen & 1ULL << (o - p->object->options))
			continue;
		if (o->flags & CLI_ARGUMENT)
			return fail_usage("%s: %s is missing: %s. Try: unifiedctl %s --help",
					  p->where, o->name, o->help, p->where);
		return fail_usage("%s: --%s %s is missing: %s", p->where, o->name, o->value,
				  o->help);
	}
	return EXIT_OK;
}

/* What is behind "--": the command to run, or arguments that begin with a dash. */
static int parse_rest(struct parse *p, unsigned int place, int nr, char **words, bool dashes)
{
	const struct cli_option *o;
	int i, ret = EXIT_OK;

	for (o = p->object->options; o && o->name; o++) {
		if (o->kind != CLI_COMMAND || !cli_takes(p->v, o) || !dashes)
			continue;
		if (!nr)
			return fail_usage("%s: which command, after '--'?", p->where);
		*(char ***)member(p, o->at) = words;
		return EXIT_OK;
	}
	for (i = 0; i < nr && !ret; i++)
		ret = parse_argument(p, place + i, words[i]);
	return ret;
}

int cli_parse(const struct cli_object *object, const struct cli_verb *v, int argc, char **argv,
	      void *values, struct cli_globals *g)
{
	struct parse p = { .object = object, .v = v, .values = values };
	struct option longs[MAX_NAMES + 1];
	char letters[2 * MAX_NAMES + 3];
	const struct cli_option *o;
	unsigned int place = 0;
	struct choice c;
	int said, ret;

	for (o = object->options; o && o->name; o++)
		assert(fits(o) && o - object->options < 64);
	snprintf(p.where, sizeof(p.where), "%s %s", object->name, v->name);
	choose(object, v, &c);
	getopt_tables(&c, longs, letters);
	/* argv[-1] is the verb: getopt begins behind it. 0: it begins anew. */
	argc++;
	argv--;
	opterr = 0;
	optind = 0;
	while ((said = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (said == '?' || said == ':')
			return fail_word(&p, &c, said, argv[optind - 1]);
		if (said == 1)
			ret = parse_argument(&p, place++, optarg);
		else if (take_global(said, g))
			continue;
		else
			ret = parse_value(&p, option_of(&c, said), optarg);
		if (ret)
			return ret;
	}
	ret = parse_rest(&p, place, argc - optind, argv + optind,
			 optind > 1 && !strcmp(argv[optind - 1], "--"));
	return ret || g->help || g->version ? ret : check_required(&p);
}

/* --- -j, -p, -h and -V, anywhere ------------------------------------------------------ */

/* "-j", "-jp", "--json". */
static bool is_global(const char *word, struct cli_globals *g)
{
	const struct cli_option *o;

	if (!strncmp(word, "--", 2)) {
		for (o = cli_global_options; o->name; o++)
			if (!strcmp(word + 2, o->name))
				return take_global(o->letter, g);
		return false;
	}
	if (word[0] != '-' || !word[1] || strspn(word + 1, "jphV") != strlen(word + 1))
		return false;
	while (*++word)
		take_global(*word, g);
	return true;
}

int cli_take_globals(int argc, char **argv, struct cli_globals *g)
{
	int i, left = 0;

	for (i = 0; i < argc; i++) {
		/* What follows belongs to another command. */
		if (!strcmp(argv[i], "--")) {
			while (i < argc)
				argv[left++] = argv[i++];
			break;
		}
		if (!is_global(argv[i], g))
			argv[left++] = argv[i];
	}
	argv[left] = NULL;
	return left;
}
