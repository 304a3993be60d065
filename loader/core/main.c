// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl: the table of objects, and which of their verbs is run.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "options.h"
#include "unifiedctl.h"

const struct cli_object *const cli_objects[] = {
	&region_object, &policy_object,	 &target_object, &io_object,
	&ingest_object, &nic_object,	 &stat_object,	 &trace_object,
	&doctor_object, &version_object, NULL,
};

static bool is_help(const char *word)
{
	return !strcmp(word, "help");
}

/* "help", "help OBJECT", "help OBJECT VERB", and with --help the same without it. */
static int show_help(int argc, char **argv)
{
	const struct cli_object *object;
	const struct cli_verb *v;

	if (!argc) {
		cli_usage(stdout);
		return EXIT_OK;
	}
	object = cli_find_object(argv[0]);
	if (!object)
		return EXIT_USAGE;
	if (argc == 1 || is_help(argv[1]) || argv[1][0] == '-') {
		cli_object_usage(object);
		return EXIT_OK;
	}
	v = cli_find_verb(object, argv[1]);
	if (!v)
		return EXIT_USAGE;
	cli_verb_usage(object, v);
	return EXIT_OK;
}

static void use_globals(const struct cli_globals *g)
{
	json_output |= g->json;
	if (g->pretty)
		json_setup(true);
}

static int run_verb(const struct cli_object *object, const struct cli_verb *v, int argc,
		    char **argv)
{
	struct cli_globals more = {};
	void *values = calloc(1, object->size ?: 1);
	int ret;

	if (!values)
		return fail(-ENOMEM, "cannot begin");
	if (object->defaults)
		memcpy(values, object->defaults, object->size);
	ret = cli_parse(object, v, argc, argv, values, &more);
	use_globals(&more);
	if (!ret && more.version)
		ret = version_object.verbs->run(NULL);
	else if (!ret && more.help)
		cli_verb_usage(object, v);
	else if (!ret)
		ret = v->run(values);
	free(values);
	return ret;
}

static int run_object(int argc, char **argv)
{
	const struct cli_object *object = cli_find_object(argv[0]);
	const struct cli_verb *v;

	if (!object)
		return EXIT_USAGE;
	argc--;
	argv = old_words(object, &argc, argv + 1);
	/* Without a verb the words are options: "doctor --all". */
	if (argc && argv[0][0] != '-') {
		v = cli_find_verb(object, argv[0]);
		argc--;
		argv++;
	} else if (object->alone) {
		v = cli_find_verb(object, object->alone);
	} else {
		return fail_usage("%s: which verb? Try: unifiedctl %s help", object->name,
				  object->name);
	}
	return v ? run_verb(object, v, argc, argv) : EXIT_USAGE;
}

/* "policy help NAME" is a verb of its own; without a name it asks about words, as elsewhere. */
static bool asks_help(int argc, char **argv)
{
	const struct cli_object *object;

	if (argc < 2 || !is_help(argv[1]))
		return false;
	object = argc > 2 ? cli_guess_object(argv[0]) : NULL;
	return !object || !cli_guess_verb(object, argv[1]);
}

static int run_words(int argc, char **argv)
{
	struct cli_globals g = {};

	/* These ask about words, and have none of their own. */
	if (argc > 1 && is_help(argv[0]) && !strcmp(argv[1], "--complete"))
		return cli_complete(argc - 2, argv + 2);
	if (argc > 1 && is_help(argv[0]) && !strcmp(argv[1], "--man"))
		return cli_man(argc - 2, argv + 2);
	argc = cli_take_globals(argc, argv, &g);
	use_globals(&g);
	if (g.version)
		return version_object.verbs->run(NULL);
	if (argc && is_help(argv[0]))
		return show_help(argc - 1, argv + 1);
	if (g.help || asks_help(argc, argv))
		return show_help(argc, argv);
	if (argc)
		return run_object(argc, argv);
	if (json_output)
		return fail_usage("what shall be done? Try: unifiedctl help");
	cli_usage(stderr);
	return EXIT_USAGE;
}

static int quiet_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

int main(int argc, char **argv)
{
	int status;

	libbpf_set_print(quiet_libbpf);
	status = run_words(argc - 1, argv + 1);
	/* Whoever reads the output must not take a part of it for all. */
	return output_error() ? EXIT_FAILED : status;
}
