// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl: options, the table of objects, and how a command fails.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "unifiedctl.h"

bool json_output;

static const struct command objects[] = {
	{ "region", "{ list | show | create }", "regions of memory", cmd_region },
	{ "policy", "{ load | replace | list | show | attach | detach | try | unload }",
	  "BPF policies of the module", cmd_policy },
	{ "target", "{ add | list | remove }", "where the operations of a region go", cmd_target },
	{ "io", "{ read | write | flush | zeroes | discard | compare }",
	  "operations on devices, with a region of its own", cmd_io },
	{ "ingest", "--listen ADDR:PORT SOURCE --target DEV ... [OPTIONS]",
	  "TCP streams to devices, in the kernel", cmd_ingest },
	{ "nic", "{ show | setup | restore }", "network interfaces, for zero-copy receive",
	  cmd_nic },
	{ "stat", "[REGION] [watch [SECONDS]]", "what was done in regions, in all or per second",
	  cmd_stat },
	{ "trace", "[REGION]", "operations and verdicts as they happen, until Ctrl-C", cmd_trace },
	{ "doctor", "[all]", "is everything here that is needed, and if not, what to do",
	  cmd_doctor },
	{ "version", "", "versions of this program, the module and the kernel", cmd_version },
	{}
};

static void usage(FILE *to)
{
	const struct command *c;

	fputs("Usage: unifiedctl [OPTIONS] OBJECT { COMMAND | help }\n", to);
	for (c = objects; c->name; c++)
		fprintf(to, "       %-8s %-28s %s\n", c->name, c->args, c->help);
	fputs("\n"
	      "       OPTIONS := { -j | --json      print JSON\n"
	      "                  | -p | --pretty    print JSON to be read by people\n"
	      "                  | -h | --help }    this text, or the object's\n"
	      "\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage. See unifiedctl(8).\n",
	      to);
}

/* Why is what the error itself has to say, or NULL. */
static void report(int err, const char *why, const char *fmt, va_list ap)
{
	char *text;

	/* Of any length: it may be all that the verifier said. */
	if (vasprintf(&text, fmt, ap) < 0)
		return;
	if (!json_output || !json_error(text, err)) {
		fflush(stdout);
		fprintf(stderr, "unifiedctl: %s%s%s\n", text, why ? ": " : "", why ?: "");
	}
	free(text);
}

/* Say why a command failed. err is -errno, or 0 where fmt says it all. */
int fail(int err, const char *fmt, ...)
{
	char why[128];
	va_list ap;

	if (err)
		libbpf_strerror(err, why, sizeof(why));
	va_start(ap, fmt);
	report(err, err ? why : NULL, fmt, ap);
	va_end(ap);
	return EXIT_FAILED;
}

int fail_because(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(err, NULL, fmt, ap);
	va_end(ap);
	return EXIT_FAILED;
}

int fail_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(0, NULL, fmt, ap);
	va_end(ap);
	return EXIT_USAGE;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "-h") || !strcmp(word, "--help");
}

static void command_usage(const char *object, const struct command *table)
{
	const struct command *c;

	for (c = table; c->name; c++)
		printf("%s unifiedctl %s %s%s%s\n           %s\n", c == table ? "Usage:" : "      ",
		       object, c->name, *c->args ? " " : "", c->args, c->help);
	printf("See unifiedctl-%s(8).\n", object);
}

bool wants_help(int argc, char **argv)
{
	return argc && (is_help(argv[0]) || (argc > 1 && argv[1][0] == '-' && is_help(argv[1])));
}

int run_command(const char *object, const struct command *table, int argc, char **argv)
{
	const struct command *c;

	if (argc < 1)
		return fail_usage("%s: which command? Try: unifiedctl %s help", object, object);
	if (wants_help(argc, argv)) {
		command_usage(object, table);
		return EXIT_OK;
	}
	for (c = table; c->name; c++)
		if (!strcmp(argv[0], c->name))
			return c->run(argc - 1, argv + 1);
	return fail_usage("%s: no command '%s'. Try: unifiedctl %s help", object, argv[0], object);
}

/* Of one without commands. */
static void object_usage(const struct command *c)
{
	printf("Usage: unifiedctl %s%s%s\n           %s\n%sSee unifiedctl%s%s(8).\n", c->name,
	       *c->args ? " " : "", c->args, c->help, c->run == cmd_ingest ? ingest_usage : "",
	       *c->args ? "-" : "", *c->args ? c->name : "");
}

static int run_object(int argc, char **argv)
{
	const struct command *c;

	for (c = objects; c->name; c++)
		if (!strcmp(argv[0], c->name))
			break;
	if (!c->name)
		return fail_usage("no object '%s'. Try: unifiedctl help", argv[0]);
	if (*c->args != '{' && argc > 1 && is_help(argv[1])) {
		object_usage(c);
		return EXIT_OK;
	}
	if (!*c->args && argc > 1)
		return fail_usage("%s takes no arguments", c->name);
	return c->run(argc - 1, argv + 1);
}

/* -j and -p may stand anywhere: take them out of argv. */
static int take_options(int argc, char **argv)
{
	bool pretty = false;
	int i, left = 0;

	for (i = 0; i < argc; i++) {
		/* What follows belongs to another command. */
		if (!strcmp(argv[i], "--")) {
			while (i < argc)
				argv[left++] = argv[i++];
			break;
		}
		if (!strcmp(argv[i], "-j") || !strcmp(argv[i], "--json")) {
			json_output = true;
		} else if (!strcmp(argv[i], "-p") || !strcmp(argv[i], "--pretty")) {
			json_output = true;
			pretty = true;
		} else {
			argv[left++] = argv[i];
		}
	}
	json_setup(pretty);
	return left;
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
	argc = take_options(argc - 1, ++argv);
	if (argc < 1 && json_output)
		return fail_usage("what shall be done? Try: unifiedctl help");
	if (argc < 1) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[0])) {
		usage(stdout);
		return EXIT_OK;
	}
	status = run_object(argc, argv);
	/* Whoever reads the output must not take a part of it for all. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "unifiedctl: standard output: %s\n", strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}
