// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl nic: interfaces are set up for zero-copy receive by hand, and made
 * what they were before, also after a crash. What they are: nic_show.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "json.h"
#include "nic.h"
#include "nic_setup.h"
#include "nic_show.h"
#include "nic_state.h"
#include "options.h"
#include "processes.h"
#include "unifiedctl.h"
#include "units.h"

/* --- setup ------------------------------------------------------------------ */

static int run_and_restore(struct nic_setup *setup, char **command)
{
	int status, ret;

	if (nic_setup_note(setup))
		fprintf(stderr, "unifiedctl: %s\n", nic_setup_note(setup));
	status = process_run(command);
	ret = nic_restore(setup);
	return status ? status : ret;
}

static int start_threads(struct nic_setup *setup, const struct nic_options *opt)
{
	unsigned int i;
	pid_t pid;
	int ret = 0;

	for (i = 0; !ret && i < opt->nr_queues; i++)
		ret = nic_setup_thread(setup, opt->queues[i], &pid);
	return ret;
}

/* Said once it is true; setup is gone by then. */
static void report_setup(const char *name, const char *note, const struct nic_options *opt)
{
	if (json_output) {
		json_object(NULL);
		json_str("name", name);
		json_numbers("queues", opt->queues, opt->nr_queues);
		json_u64("port", opt->port);
		if (*note)
			json_str("note", note);
		else
			json_null("note");
		json_end();
		return;
	}
	printf("%s: set up, until unifiedctl nic restore %s\n", name, name);
	if (*note)
		printf("%s\n", note);
}

static int nic_setup_command(void *values)
{
	const struct nic_options *opt = values;
	bool both = opt->ipv4 == opt->ipv6;
	char name[IF_NAMESIZE], note[256] = "";
	struct nic_setup *setup;
	int ret;

	if (opt->command)
		interrupt_setup_undo();
	ret = nic_setup(&setup, opt->name, opt->queues, opt->nr_queues, opt->port,
			both || opt->ipv4, both || opt->ipv6);
	if (ret)
		return ret;
	if (opt->threaded && start_threads(setup, opt)) {
		nic_restore(setup);
		return EXIT_FAILED;
	}
	if (opt->command)
		return run_and_restore(setup, opt->command);
	snprintf(name, sizeof(name), "%s", nic_setup_name(setup));
	if (nic_setup_note(setup))
		snprintf(note, sizeof(note), "%s", nic_setup_note(setup));
	ret = nic_keep(setup);
	if (!ret)
		report_setup(name, note, opt);
	return ret;
}

/* --- restore ---------------------------------------------------------------- */

static void json_report(const struct nic_report *report, int err)
{
	unsigned int i;

	json_object(NULL);
	json_str("name", report->name);
	json_array("restored");
	for (i = 0; i < report->nr_done; i++)
		json_str(NULL, report->done[i]);
	json_end();
	json_bool("gone", err == -ENODEV);
	if (err && err != -ENODEV) {
		json_str("error", report->why);
		json_s64("errno", -err);
	}
	json_end();
}

static void print_report(const struct nic_report *report, int err)
{
	unsigned int i;

	for (i = 0; i < report->nr_done; i++)
		printf("%s: %s\n", report->name, report->done[i]);
	if (err == -ENODEV)
		printf("%s, and so has what was noted of it\n", report->why);
	else if (!err && !report->nr_done)
		printf("%s: is what it was\n", report->name);
}

/* Returns an exit status. That there is no interface any more is as good as restored. */
static int restore(const char *name, bool force)
{
	struct nic_report report = {};
	int ret = nic_restore_saved(name, force, &report);

	if (json_output) {
		json_report(&report, ret);
	} else {
		print_report(&report, ret);
		if (ret && ret != -ENODEV)
			return fail(0, "%s", report.why);
	}
	return ret && ret != -ENODEV ? EXIT_FAILED : EXIT_OK;
}

struct names {
	char (*list)[IF_NAMESIZE];
	unsigned int nr;
};

/* The directory is not walked while files in it are removed. */
static int add_name(const char *name, void *arg)
{
	struct names *names = arg;
	char (*list)[IF_NAMESIZE] = realloc(names->list, (names->nr + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	snprintf(list[names->nr++], sizeof(*list), "%s", name);
	return 0;
}

static int restore_all(bool force)
{
	struct names names = {};
	int ret, status = EXIT_OK;
	unsigned int i;

	ret = nic_state_for_each(add_name, &names);
	if (ret) {
		free(names.list);
		return fail(ret, "cannot read " NIC_STATE_DIR);
	}
	if (json_output)
		json_array(NULL);
	for (i = 0; i < names.nr; i++)
		if (restore(names.list[i], force))
			status = EXIT_FAILED;
	if (json_output)
		json_end();
	else if (!names.nr)
		puts("no interface was set up");
	free(names.list);
	return status;
}

static int nic_restore_command(void *values)
{
	const struct nic_options *opt = values;
	int status;

	if (!opt->name)
		return restore_all(opt->force);
	/* It is the name of a file, too. */
	if (strlen(opt->name) >= IF_NAMESIZE || strchr(opt->name, '/'))
		return fail_usage("nic restore: '%s' is no name of an interface", opt->name);
	if (json_output)
		json_array(NULL);
	status = restore(opt->name, opt->force);
	if (json_output)
		json_end();
	return status;
}

enum {
	SHOW = 1 << 0,
	SETUP = 1 << 1,
	RESTORE = 1 << 2,
};

static const struct cli_verb verbs[] = {
	{ "show", "what interfaces are, who uses their queues, what they lack", SHOW, nic_show },
	{ "setup", "make queues receive one TCP port and nothing else, headers apart from data",
	  SETUP, nic_setup_command },
	{ "restore", "make interfaces what they were before they were set up", RESTORE,
	  nic_restore_command },
	{}
};

#define MEMBER(name) CLI_AT(struct nic_options, name)

static const struct cli_option options[] = {
	{ "IF", NULL, "an interface; otherwise all", CLI_TEXT, .flags = CLI_ARGUMENT,
	  .verbs = SHOW | RESTORE, MEMBER(name), .hint = "@interface" },
	{ "IF", NULL, "an interface", CLI_TEXT, .flags = CLI_ARGUMENT | CLI_REQUIRED,
	  .verbs = SETUP, MEMBER(name), .hint = "@interface" },
	{ "queues", "LIST", "which, as 1 or 1,3 or 0-3", CLI_LIST, .flags = CLI_REQUIRED,
	  .verbs = SETUP, MEMBER(queues), CLI_COUNT_AT(struct nic_options, nr_queues) },
	{ "port", "PORT", "the TCP port that comes there", CLI_NUMBER, .verbs = SETUP, MEMBER(port),
	  .min = 1, .max = UINT16_MAX },
	{ "ipv4", NULL, "of this family alone", .verbs = SETUP, MEMBER(ipv4) },
	{ "ipv6", NULL, "of this family alone", .verbs = SETUP, MEMBER(ipv6) },
	{ "threaded", NULL, "poll each queue by a thread of its own", .verbs = SETUP,
	  MEMBER(threaded) },
	{ "force", NULL, "also while who set it up is running", .verbs = RESTORE, MEMBER(force) },
	{ "COMMAND", NULL, "restore it when that has ended", CLI_COMMAND, .verbs = SETUP,
	  MEMBER(command) },
	{}
};

const struct cli_object nic_object = {
	.name = "nic",
	.help = "network interfaces, for zero-copy receive",
	.alone = "show",
	.verbs = verbs,
	.options = options,
	.size = sizeof(struct nic_options),
};
