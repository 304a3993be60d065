// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl nic: interfaces are set up for zero-copy receive by hand, and made
 * what they were before, also after a crash. What they are: nic_show.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "nic.h"
#include "nic_setup.h"
#include "nic_show.h"
#include "nic_state.h"
#include "processes.h"
#include "unifiedctl.h"
#include "units.h"

/* --- setup ------------------------------------------------------------------ */

struct wish {
	unsigned int queues[NIC_MAX_QUEUES];
	unsigned int nr_queues, port;
	bool ipv4, ipv6, threaded;
	char **command;
};

static int parse_value(const char *name, const char *value, struct wish *wish)
{
	uint64_t port;
	int n;

	if (strcmp(name, "--queues") && strcmp(name, "--port"))
		return fail_usage("nic setup: no setting '%s'. Try: unifiedctl nic help", name);
	if (!value)
		return fail_usage("nic setup: '%s' takes a value", name);
	if (!strcmp(name, "--queues")) {
		n = parse_list(value, wish->queues, NIC_MAX_QUEUES);
		if (n < 0)
			return fail_usage("'%s' is no list of queues, as 1 or 1,3 or 0-3", value);
		wish->nr_queues = n;
		return EXIT_OK;
	}
	if (parse_size(value, &port) || !port || port > UINT16_MAX)
		return fail_usage("'%s' is no TCP port, from 1 to 65535", value);
	wish->port = port;
	return EXIT_OK;
}

static int parse_setup(int argc, char **argv, struct wish *wish)
{
	int i, ret;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			if (i + 1 == argc)
				return fail_usage("nic setup: which command, after '--'?");
			wish->command = argv + i + 1;
			break;
		}
		if (!strcmp(argv[i], "--ipv4")) {
			wish->ipv4 = true;
		} else if (!strcmp(argv[i], "--ipv6")) {
			wish->ipv6 = true;
		} else if (!strcmp(argv[i], "--threaded")) {
			wish->threaded = true;
		} else {
			ret = parse_value(argv[i], i + 1 < argc ? argv[i + 1] : NULL, wish);
			if (ret)
				return ret;
			i++;
		}
	}
	if (!wish->nr_queues)
		return fail_usage("nic setup: which queues? As: --queues 1");
	if (!wish->ipv4 && !wish->ipv6)
		wish->ipv4 = wish->ipv6 = true;
	return EXIT_OK;
}

static int run_and_restore(struct nic_setup *setup, char **command)
{
	int status, ret;

	if (nic_setup_note(setup))
		fprintf(stderr, "unifiedctl: %s\n", nic_setup_note(setup));
	status = process_run(command);
	ret = nic_restore(setup);
	return status ? status : ret;
}

static int start_threads(struct nic_setup *setup, const struct wish *wish)
{
	unsigned int i;
	pid_t pid;
	int ret = 0;

	for (i = 0; !ret && i < wish->nr_queues; i++)
		ret = nic_setup_thread(setup, wish->queues[i], &pid);
	return ret;
}

/* Said once it is true; setup is gone by then. */
static void report_setup(const char *name, const char *note, const struct wish *wish)
{
	if (json_output) {
		json_object(NULL);
		json_str("name", name);
		json_numbers("queues", wish->queues, wish->nr_queues);
		json_u64("port", wish->port);
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

static int nic_setup_command(int argc, char **argv)
{
	char name[IF_NAMESIZE], note[256] = "";
	struct nic_setup *setup;
	struct wish wish = {};
	int ret;

	if (argc < 1 || argv[0][0] == '-')
		return fail_usage("nic setup: which interface? See: unifiedctl nic show");
	ret = parse_setup(argc - 1, argv + 1, &wish);
	if (ret)
		return ret;
	ret = nic_setup(&setup, argv[0], wish.queues, wish.nr_queues, wish.port, wish.ipv4,
			wish.ipv6);
	if (ret)
		return ret;
	if (wish.threaded && start_threads(setup, &wish)) {
		nic_restore(setup);
		return EXIT_FAILED;
	}
	if (wish.command)
		return run_and_restore(setup, wish.command);
	snprintf(name, sizeof(name), "%s", nic_setup_name(setup));
	if (nic_setup_note(setup))
		snprintf(note, sizeof(note), "%s", nic_setup_note(setup));
	ret = nic_keep(setup);
	if (!ret)
		report_setup(name, note, &wish);
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

static int nic_restore_command(int argc, char **argv)
{
	const char *name = NULL;
	bool force = false;
	int i, status;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--force"))
			force = true;
		else if (argv[i][0] == '-' || name || strlen(argv[i]) >= IF_NAMESIZE ||
			 strchr(argv[i], '/'))
			return fail_usage(
				"nic restore takes the name of one interface, and --force");
		else
			name = argv[i];
	}
	if (!name)
		return restore_all(force);
	if (json_output)
		json_array(NULL);
	status = restore(name, force);
	if (json_output)
		json_end();
	return status;
}

static const struct command commands[] = {
	{ "show", "[IF]", "what interfaces are, who uses their queues, what they lack", nic_show },
	{ "setup", "IF --queues LIST [--port PORT] [--ipv4 | --ipv6] [--threaded] [-- COMMAND ...]",
	  "make queues receive one TCP port and nothing else, headers apart from data",
	  nic_setup_command },
	{ "restore", "[IF] [--force]", "make interfaces what they were before they were set up",
	  nic_restore_command },
	{}
};

int cmd_nic(int argc, char **argv)
{
	return run_command("nic", commands, argc, argv);
}
