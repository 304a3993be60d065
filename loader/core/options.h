/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line: unifiedctl OBJECT VERB [ARGUMENT ...] [--option ...].
 *
 * Each object has a table of verbs and one of the arguments and options of these verbs.
 * Parsing, help, completion and what the man pages list are made from them; what
 * concerns several options at a time is checked by the command itself.
 *
 * A command gets a structure of its own with the values: a copy of its object's
 * defaults, in which each option has a member.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How a value is understood, and the type of its member. */
enum cli_kind {
	CLI_FLAG,    /* bool; there is no value */
	CLI_TEXT,    /* const char *; an array of them if it may be repeated */
	CLI_NUMBER,  /* uint64_t or uint32_t: decimal, from min to max */
	CLI_SIZE,    /* uint64_t: from min to max, as 4096, 64K or 1G */
	CLI_POWER,   /* the same, a power of two */
	CLI_ID,	     /* uint32_t: the id of a region */
	CLI_WORD,    /* unsigned int: the place among words */
	CLI_LIST,    /* unsigned int []: numbers, as 1 or 0,2-3 */
	CLI_OWN,     /* parse() knows */
	CLI_COMMAND, /* char **: the words behind "--", which end with NULL */
};

enum {
	CLI_ARGUMENT = 1 << 0, /* it has no name and is known by its place */
	CLI_REQUIRED = 1 << 1,
	CLI_REPEATED = 1 << 2, /* into an array, with the number in count_at */
};

struct cli_option {
	const char *name;  /* without its dashes; of an argument, what stands for it */
	const char *value; /* what stands for its value */
	const char *help;
	enum cli_kind kind;
	char letter;		  /* or 0 */
	unsigned int flags;	  /* CLI_ARGUMENT, ... */
	unsigned int verbs;	  /* bits of those that take it */
	size_t at, size;	  /* of the member: CLI_AT() */
	size_t count_at;	  /* of the number of elements, an unsigned int */
	uint64_t min, max;	  /* max 0: there is no limit */
	const char *const *words; /* CLI_WORD; of CLI_SIZE, one word for CLI_ALL */
	const char *hint;	  /* what completion offers, see packaging/completion */
	int (*parse)(void *values, const char *text); /* an exit status */
};

#define CLI_AT(type, member)	   .at = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define CLI_COUNT_AT(type, member) .count_at = offsetof(type, member)

/* The value of a CLI_SIZE for which its word was given. */
#define CLI_ALL (UINT64_MAX - 1)

struct cli_verb {
	const char *name;
	const char *help;
	unsigned int bit;	  /* in the verbs of options */
	int (*run)(void *values); /* an exit status */
};

struct cli_object {
	const char *name;
	const char *help;
	const char *alone;		  /* the verb, if none is said; or NULL */
	const struct cli_verb *verbs;	  /* up to one without a name */
	const struct cli_option *options; /* the same; NULL: none */
	const void *defaults;		  /* NULL: zeroes */
	size_t size;			  /* of the values */
};

/* main.c: all of them, up to NULL */
extern const struct cli_object *const cli_objects[];

/* Is it one that the verb takes? */
static inline bool cli_takes(const struct cli_verb *v, const struct cli_option *o)
{
	return o->verbs & v->bit;
}

/* It is known by its name, and not by its place. */
static inline bool cli_is_option(const struct cli_option *o)
{
	return !(o->flags & CLI_ARGUMENT) && o->kind != CLI_COMMAND;
}

/*
 * options.c: a name may be cut short as long as it fits one only. NULL: fail_usage()
 * has said which there are.
 */
const struct cli_object *cli_find_object(const char *word);
const struct cli_verb *cli_find_verb(const struct cli_object *object, const char *word);
/* The same without a word: NULL if there is none, or if it fits several. */
const struct cli_object *cli_guess_object(const char *word);
const struct cli_verb *cli_guess_verb(const struct cli_object *object, const char *word);
const struct cli_option *cli_guess_option(const struct cli_object *object, const struct cli_verb *v,
					  const char *name);

/* Take -j, -p, -h and -V out of the words, up to "--". How many words are left. */
struct cli_globals {
	bool json, pretty, help, version;
};
int cli_take_globals(int argc, char **argv, struct cli_globals *g);

/*
 * What stands behind a verb, into values. Global options that were cut short are in *g
 * as well. Returns an exit status.
 */
int cli_parse(const struct cli_object *object, const struct cli_verb *v, int argc, char **argv,
	      void *values, struct cli_globals *g);

/* For parse(): from min to max of an option, whose name is told. Exit statuses. */
int cli_parse_number(const struct cli_option *o, const char *name, const char *text,
		     uint64_t *value);
int cli_parse_bytes(const struct cli_option *o, const char *name, const char *text,
		    uint64_t *value);

/* options_help.c */
void cli_usage(FILE *to);
void cli_object_usage(const struct cli_object *object);
void cli_verb_usage(const struct cli_object *object, const struct cli_verb *v);
/* For the makers of this program: "help --complete WORD ..." and "help --man [OBJECT]". */
int cli_complete(int argc, char **argv);
int cli_man(int argc, char **argv);

extern const struct cli_option cli_global_options[];

/*
 * old_words.c: the words of an object as they were before there was one grammar, in the
 * new form. *argc words are at the address that is returned; says so if there were any.
 */
char **old_words(const struct cli_object *object, int *argc, char **argv);

#endif
