// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl policy: the commands on policies that are registered. Loading and
 * replacing them is policy_load.c, trying one out policy_try.c.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json.h"
#include "options.h"
#include "policies.h"
#include "policy.h"
#include "policy_object.h"
#include "processes.h"
#include "unifiedctl.h"
#include "units.h"

/* --- list and show --------------------------------------------------------- */

static void json_members(const struct policy *p)
{
	uint32_t i;

	json_str("name", p->info.name);
	json_u64("id", p->info.id);
	json_u64("map", p->info.map_id);
	if (p->link_id)
		json_u64("link", p->link_id);
	else
		json_null("link");
	if (p->pin[0])
		json_str("pin", p->pin);
	else
		json_null("pin");
	json_s64("priority", p->info.priority);
	json_array("regions");
	for (i = 0; i < p->info.nr_regions && i < 16; i++)
		json_u64(NULL, p->info.regions[i]);
	json_end();
	json_array("enforced");
	for (i = 0; i < p->info.nr_regions && i < 16; i++)
		if (p->info.enforced & 1U << i)
			json_u64(NULL, p->info.regions[i]);
	json_end();
	json_u64("errors", p->info.errors);
	json_bool("ejected", p->info.ejected);
	if (p->info.ejected)
		json_str("reason", p->info.reason);
}

static int print_row(const struct policy *p, void *arg)
{
	int *count = arg;

	if (json_output) {
		json_object(NULL);
		json_members(p);
		json_end();
		return 0;
	}
	if (!(*count)++)
		printf("%-32s %6s %6s %8s  %s\n", "NAME", "MAP", "LINK", "REGIONS", "PIN");
	printf("%-32s %6u %6u %8u  %s%s\n", p->info.name, p->info.map_id, p->link_id,
	       p->info.nr_regions, p->pin[0] ? p->pin : "-", p->info.ejected ? "  ejected" : "");
	return 0;
}

static int policy_list(void *values)
{
	int fd, count = 0, ret;

	(void)values;
	/* Ask before the first bracket: what cannot begin is an error, and no list. */
	fd = module_open();
	if (fd < 0)
		return policies_fail(fd);
	close(fd);
	if (json_output)
		json_array(NULL);
	ret = policies_for_each(print_row, &count);
	if (ret)
		return policies_fail(ret);
	if (json_output)
		json_end();
	else if (!count)
		puts("no policy is registered");
	return EXIT_OK;
}

static void print_policy(const struct policy *p)
{
	uint32_t i;

	printf("policy %s\n  map %u, link %u, priority %d\n  pin      %s\n  regions ", p->info.name,
	       p->info.map_id, p->link_id, p->info.priority, p->pin[0] ? p->pin : "none");
	for (i = 0; i < p->info.nr_regions && i < 16; i++)
		printf(" %u%s", p->info.regions[i],
		       p->info.enforced & 1U << i ? " (enforced)" : "");
	printf("%s\n", p->info.nr_regions > 16 ? " ..." : i ? "" : " none");
	if (p->info.ejected)
		printf("  ejected  %s\n", p->info.reason);
	else
		printf("  errors   %u\n", p->info.errors);
}

static int policy_show(void *values)
{
	const struct policy_options *opt = values;
	struct policy p;
	int ret;

	ret = policies_get(opt->name, &p);
	if (ret)
		return ret;
	if (!json_output) {
		print_policy(&p);
		return policy_show_variables(&p);
	}
	json_object(NULL);
	json_members(&p);
	ret = policy_show_variables(&p);
	/* What failed has ended it. */
	if (!ret)
		json_end();
	return ret;
}

/* --- attach and detach ----------------------------------------------------- */

static int fail_attach(int err, const char *doing, const struct unified_io_bpf *bpf)
{
	switch (err) {
	case -EEXIST:
		return fail_because(err, "'%s' is attached to region %u already", bpf->name,
				    bpf->region);
	case -ESTALE:
		return fail_because(err, "'%s' was ejected: unload it and load it again",
				    bpf->name);
	case -EXDEV:
		return fail_because(err, "'%s' was loaded for another region, and is for no other",
				    bpf->name);
	case -ENOSPC:
		return fail_because(err, "region %u has %u policies: detach one that is not needed",
				    bpf->region, UNIFIED_IO_MAX_POLICIES);
	case -EPERM:
		return fail_because(err, "it takes CAP_SYS_ADMIN to %s policies by a region's id",
				    doing);
	case -ENOENT:
		return fail_because(
			err,
			"no policy '%s', no region %u, or the one is not attached to the other. "
			"See: unifiedctl policy list; unifiedctl region list",
			bpf->name, bpf->region);
	default:
		return fail(err, "cannot %s '%s'", doing, bpf->name);
	}
}

static int attach(unsigned long cmd, const char *doing, const struct policy_options *opt)
{
	struct unified_io_bpf bpf = {
		.region = opt->region,
		.flags = opt->enforce ? UNIFIED_IO_BPF_ENFORCE : 0,
	};
	int fd, ret;

	if (strlen(opt->name) >= sizeof(bpf.name))
		return policies_fail_unknown(opt->name);
	snprintf(bpf.name, sizeof(bpf.name), "%s", opt->name);
	fd = module_open();
	if (fd < 0)
		return policies_fail(fd);
	ret = ioctl(fd, cmd, &bpf) ? -errno : 0;
	close(fd);
	if (ret)
		return fail_attach(ret, doing, &bpf);
	if (json_output) {
		json_object(NULL);
		json_str(doing, bpf.name);
		json_u64("region", bpf.region);
		if (cmd == UNIFIED_IO_ATTACH_BPF)
			json_bool("enforced", bpf.flags);
		json_end();
	}
	return EXIT_OK;
}

static int policy_attach(void *values)
{
	return attach(UNIFIED_IO_ATTACH_BPF, "attach", values);
}

static int policy_detach(void *values)
{
	return attach(UNIFIED_IO_DETACH_BPF, "detach", values);
}

/* --- unload ---------------------------------------------------------------- */

/* Also if its link is held elsewhere, or if it was registered without one. */
static int unload(const struct policy *p)
{
	uint32_t key = 0;
	int fd, ret;

	if (p->link_id) {
		fd = bpf_link_get_fd_by_id(p->link_id);
		if (fd < 0)
			return -errno;
		ret = bpf_link_detach(fd) ? -errno : 0;
	} else {
		fd = bpf_map_get_fd_by_id(p->info.map_id);
		if (fd < 0)
			return -errno;
		ret = bpf_map_delete_elem(fd, &key) ? -errno : 0;
	}
	close(fd);
	if (!ret && p->pin[0] && unlink(p->pin) && errno != ENOENT)
		ret = -errno;
	return ret;
}

static bool tell_user(int pid, void *arg)
{
	const struct policy *p = arg;
	char name[64];

	if (!policies_has(pid, p))
		return false;
	process_name(pid, name, sizeof(name));
	if (json_output) {
		json_object(NULL);
		json_u64("pid", pid);
		json_str("name", name);
		json_end();
		return false;
	}
	fprintf(stderr,
		"unifiedctl: policy '%s' was in use by process %d (%s), which has it no more\n",
		p->info.name, pid, name);
	return false;
}

/* They still hold what is unloaded: so they can be found afterwards. */
static void tell_unloaded(struct policy *p)
{
	if (json_output) {
		json_object(NULL);
		json_str("unloaded", p->info.name);
		json_array("users");
	}
	processes_any(tell_user, p);
	if (json_output) {
		json_end();
		json_end();
	}
}

static int policy_unload(void *values)
{
	const struct policy_options *opt = values;
	struct policy p;
	int ret;

	ret = policies_get(opt->name, &p);
	if (ret)
		return ret;
	ret = unload(&p);
	/* Somebody else was faster. */
	if (ret == -ENOENT || ret == -ENOLINK)
		return policies_fail_unknown(opt->name);
	if (ret)
		return fail(ret, "cannot unload '%s'", opt->name);
	tell_unloaded(&p);
	return EXIT_OK;
}

/* --- the words ------------------------------------------------------------- */

enum {
	LOAD = 1 << 0,
	REPLACE = 1 << 1,
	LIST = 1 << 2,
	SHOW = 1 << 3,
	ATTACH = 1 << 4,
	DETACH = 1 << 5,
	TRY = 1 << 6,
	UNLOAD = 1 << 7,
	SET = 1 << 8,
	HELP = 1 << 9,
};

static const struct cli_verb verbs[] = {
	{ "load", "load and register policies, and pin them under " PIN_DIR, LOAD, policy_load },
	{ "replace", "let other versions take the places of policies of the same names", REPLACE,
	  policy_replace },
	{ "list", "what is registered, whoever loaded it", LIST, policy_list },
	{ "show", "where a policy is attached, how it fares, its knobs and counters", SHOW,
	  policy_show },
	{ "set", "give knobs of a policy other values while it runs", SET, policy_set },
	{ "help", "what a policy does, and which knobs it has", HELP, policy_help },
	{ "attach", "let a policy decide for a region", ATTACH, policy_attach },
	{ "detach", "let it decide there no more", DETACH, policy_detach },
	{ "try", "run data through a policy, and print what it makes of it", TRY, policy_try },
	{ "unload", "end a policy and remove its pin", UNLOAD, policy_unload },
	{}
};

#define MEMBER(name) CLI_AT(struct policy_options, name)

static const struct cli_option options[] = {
	{ "POLICY", NULL,
	  "FILE.bpf.o, or one that comes with unifiedctl; [,KNOB=VALUE ...] behind it", CLI_TEXT,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED, .verbs = LOAD, MEMBER(name),
	  .words = policy_builtin, .hint = "@object" },
	{ "FILE", NULL, "FILE.bpf.o; [,KNOB=VALUE ...] behind it", CLI_TEXT,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED, .verbs = REPLACE, MEMBER(name), .hint = "@object" },
	{ "POLICY", NULL, "FILE.bpf.o, or one that comes with unifiedctl", CLI_TEXT,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED, .verbs = HELP, MEMBER(name),
	  .words = policy_builtin, .hint = "@object" },
	{ "NAME", NULL, "of a policy that is loaded", CLI_TEXT,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED,
	  .verbs = SHOW | SET | ATTACH | DETACH | TRY | UNLOAD, MEMBER(name), .hint = "@policy" },
	{ "REGION", NULL, "the id of a region", CLI_ID, .flags = CLI_ARGUMENT | CLI_REQUIRED,
	  .verbs = ATTACH | DETACH, MEMBER(region), .hint = "@region" },
	{ "FILE", NULL, "the data; otherwise that of standard input", CLI_TEXT,
	  .flags = CLI_ARGUMENT, .verbs = TRY, MEMBER(file), .hint = "@file" },
	{ "KNOB=VALUE", NULL, "a knob or a counter, and what it is to be", CLI_TEXT,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED | CLI_REPEATED, .verbs = SET, MEMBER(settings),
	  CLI_COUNT_AT(struct policy_options, nr_settings) },
	{ "keep", NULL, "the values of variables of the same names and types", .verbs = REPLACE,
	  MEMBER(keep) },
	{ "enforce", NULL, "ask it after all others; only an administrator detaches it",
	  .verbs = ATTACH, MEMBER(enforce) },
	{}
};

const struct cli_object policy_object = {
	.name = "policy",
	.help = "BPF policies of the module",
	.alone = "list",
	.verbs = verbs,
	.options = options,
	.size = sizeof(struct policy_options),
};
