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
#include "policies.h"
#include "processes.h"
#include "unifiedctl.h"
#include "units.h"

static int fail_unknown(const char *name)
{
	return fail_because(-ENOENT, "no policy '%s' is registered. See: unifiedctl policy list",
			    name);
}

/* --- list and show --------------------------------------------------------- */

static void json_policy(const struct policy *p)
{
	uint32_t i;

	json_object(NULL);
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
	json_end();
}

static int print_row(const struct policy *p, void *arg)
{
	int *count = arg;

	if (json_output) {
		json_policy(p);
		return 0;
	}
	if (!(*count)++)
		printf("%-32s %6s %6s %8s  %s\n", "NAME", "MAP", "LINK", "REGIONS", "PIN");
	printf("%-32s %6u %6u %8u  %s%s\n", p->info.name, p->info.map_id, p->link_id,
	       p->info.nr_regions, p->pin[0] ? p->pin : "-", p->info.ejected ? "  ejected" : "");
	return 0;
}

static int policy_list(int argc, char **argv)
{
	int fd, count = 0, ret;

	(void)argv;
	if (argc)
		return fail_usage("policy list takes no arguments");
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

static int policy_show(int argc, char **argv)
{
	struct policy p;
	int ret;

	if (argc != 1)
		return fail_usage("policy show takes the name of one policy");
	ret = policies_find(argv[0], &p);
	if (ret < 0)
		return policies_fail(ret);
	if (!ret)
		return fail_unknown(argv[0]);
	if (json_output)
		json_policy(&p);
	else
		print_policy(&p);
	return EXIT_OK;
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

static int attach(unsigned long cmd, const char *doing, int argc, char **argv)
{
	struct unified_io_bpf bpf = {};
	uint32_t region;
	int fd, ret;

	if (argc == 3 && cmd == UNIFIED_IO_ATTACH_BPF && !strcmp(argv[2], "enforce"))
		bpf.flags = UNIFIED_IO_BPF_ENFORCE;
	else if (argc != 2)
		return fail_usage("policy %s takes the name of a policy and the id of a region%s",
				  doing,
				  cmd == UNIFIED_IO_ATTACH_BPF ? ", and the word enforce" : "");
	if (parse_id(argv[1], &region))
		return fail_usage("'%s' is no id. See: unifiedctl region list", argv[1]);
	if (strlen(argv[0]) >= sizeof(bpf.name))
		return fail_unknown(argv[0]);
	snprintf(bpf.name, sizeof(bpf.name), "%s", argv[0]);
	bpf.region = region;
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
		json_u64("region", region);
		if (cmd == UNIFIED_IO_ATTACH_BPF)
			json_bool("enforced", bpf.flags);
		json_end();
	}
	return EXIT_OK;
}

static int policy_attach(int argc, char **argv)
{
	return attach(UNIFIED_IO_ATTACH_BPF, "attach", argc, argv);
}

static int policy_detach(int argc, char **argv)
{
	return attach(UNIFIED_IO_DETACH_BPF, "detach", argc, argv);
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

/* What a process that holds the link, or the map, has in a file of its fdinfo. */
struct reference {
	const char *key;
	uint32_t id;
};

static bool is_reference(const char *path, const void *arg)
{
	const struct reference *ref = arg;
	FILE *f = fopen(path, "r");
	char line[128], key[16];
	bool found = false;
	uint32_t id;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%15[a-z_]: %u", key, &id) == 2 && !strcmp(key, ref->key) &&
			id == ref->id;
	if (f)
		fclose(f);
	return found;
}

static bool tell_user(int pid, void *arg)
{
	const struct policy *p = arg;
	struct reference ref = { "link_id", p->link_id };
	char name[64];

	if (!p->link_id)
		ref = (struct reference){ "map_id", p->info.map_id };
	if (!process_has(pid, "fdinfo", is_reference, &ref))
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

static int policy_unload(int argc, char **argv)
{
	struct policy p;
	int ret;

	if (argc != 1)
		return fail_usage("policy unload takes the name of one policy");
	ret = policies_find(argv[0], &p);
	if (ret < 0)
		return policies_fail(ret);
	ret = ret ? unload(&p) : -ENOENT;
	/* None, or somebody else was faster. */
	if (ret == -ENOENT || ret == -ENOLINK)
		return fail_unknown(argv[0]);
	if (ret)
		return fail(ret, "cannot unload '%s'", argv[0]);
	tell_unloaded(&p);
	return EXIT_OK;
}

static const struct command commands[] = {
	{ "load",
	  "{ FILE.bpf.o | pass | count | filter | transform | shard | mirror | retry | ratelimit }",
	  "load and register policies, and pin them under " PIN_DIR, policy_load },
	{ "replace", "FILE.bpf.o",
	  "let other versions take the places of policies of the same names", policy_replace },
	{ "list", "", "what is registered, whoever loaded it", policy_list },
	{ "show", "NAME", "where a policy is attached and how it fares", policy_show },
	{ "attach", "NAME REGION [enforce]", "let a policy decide for a region", policy_attach },
	{ "detach", "NAME REGION", "let it decide there no more", policy_detach },
	{ "try", "NAME [FILE]", "run data through a policy, and print what it makes of it",
	  policy_try },
	{ "unload", "NAME", "end a policy and remove its pin", policy_unload },
	{}
};

int cmd_policy(int argc, char **argv)
{
	return run_command("policy", commands, argc, argv);
}
