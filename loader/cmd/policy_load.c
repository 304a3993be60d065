// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl policy load and replace: policies of an object file, or of one that is
 * built into this program, are registered, and pinned so that they stay.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bpf_log.h"
#include "json.h"
#include "policies.h"
#include "policy.h"
#include "policy_object.h"
#include "unifiedctl.h"

static void print_loaded(const struct loaded_policy *loaded, int n)
{
	char path[PIN_PATH];
	int i;

	if (json_output)
		json_array(NULL);
	for (i = 0; i < n; i++) {
		if (!json_output) {
			printf("%s\n", loaded[i].name);
			continue;
		}
		json_object(NULL);
		json_str("name", loaded[i].name);
		if (loaded[i].pinned) {
			policies_pin_path(path, loaded[i].name);
			json_str("pin", path);
		}
		json_end();
	}
	if (json_output)
		json_end();
}

static int with_object(const char *what, int (*act)(struct loaded_policy *loaded, int n))
{
	struct loaded_policy loaded[POLICIES_PER_FILE] = {};
	struct bpf_object *obj;
	int n = 0, ret;

	bpf_log_keep();
	obj = policy_object_open(what);
	if (!obj)
		return fail(-errno, "cannot open '%s'", what);
	ret = policy_object_load(obj, what, loaded, &n);
	if (!ret)
		ret = act(loaded, n);
	if (!ret)
		print_loaded(loaded, n);
	bpf_object__close(obj);
	bpf_log_drop();
	return ret;
}

/* --- load ------------------------------------------------------------------ */

static int make_pin_dir(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/bpf", &fs) || fs.f_type != BPF_FS_MAGIC)
		return fail(0, "/sys/fs/bpf is no BPF file system: mount -t bpf bpf /sys/fs/bpf");
	if (mkdir(PIN_DIR, 0700) && errno != EEXIST)
		return fail(-errno, "cannot make " PIN_DIR);
	return EXIT_OK;
}

static int load_one(struct loaded_policy *l)
{
	struct bpf_link *link;
	char path[PIN_PATH];
	int ret;

	link = bpf_map__attach_struct_ops(l->map);
	if (!link)
		return policy_object_refused(-errno, l->name);
	policies_pin_path(path, l->name);
	ret = bpf_link__pin(link, path);
	/* One that outlived its policy, which was detached. */
	if (ret == -EEXIST && policies_pin_is_dead(path) && !unlink(path))
		ret = bpf_link__pin(link, path);
	bpf_link__destroy(link);
	if (ret == -EEXIST)
		return fail(
			0,
			"%s is taken by something else: remove it or give the policy another name",
			path);
	if (ret)
		return fail(ret, "cannot pin policy '%s' under " PIN_DIR, l->name);
	l->pinned = true;
	return EXIT_OK;
}

/* All of them or none. */
static int load_all(struct loaded_policy *loaded, int n)
{
	char path[PIN_PATH];
	int i, ret = EXIT_OK;

	for (i = 0; i < n && !ret; i++)
		ret = load_one(&loaded[i]);
	for (i = 0; i < n && ret; i++) {
		if (!loaded[i].pinned)
			continue;
		policies_pin_path(path, loaded[i].name);
		unlink(path);
	}
	return ret;
}

int policy_load(void *values)
{
	const struct policy_options *opt = values;
	int ret = make_pin_dir();

	return ret ?: with_object(opt->name, load_all);
}

/* --- replace --------------------------------------------------------------- */

static int replace_one(struct loaded_policy *l)
{
	struct bpf_link *link;
	struct policy p;
	int fd, ret;

	ret = policies_find(l->name, &p);
	if (ret < 0)
		return policies_fail(ret);
	if (!ret || !p.link_id)
		return fail(
			0,
			"no policy '%s' is registered by a link. Load it: unifiedctl policy load",
			l->name);
	/*
	 * libbpf writes the value of the map only on the way to a link of its own,
	 * which is refused, as the name is taken; what was written stays.
	 */
	link = bpf_map__attach_struct_ops(l->map);
	if (link) {
		bpf_link__destroy(link);
		return fail(0, "policy '%s' went away meanwhile", l->name);
	}
	if (errno != EEXIST)
		return fail(-errno, "'%s' was refused", l->name);
	fd = bpf_link_get_fd_by_id(p.link_id);
	if (fd < 0)
		return fail(-errno, "cannot get at the link of '%s'", l->name);
	ret = bpf_link_update(fd, bpf_map__fd(l->map), NULL) ? -errno : 0;
	close(fd);
	if (ret == -EINVAL)
		return fail(ret,
			    "'%s' has another priority or region than the one it would replace",
			    l->name);
	return ret ? fail(ret, "'%s' was refused", l->name) : EXIT_OK;
}

static int replace_all(struct loaded_policy *loaded, int n)
{
	int i, ret = EXIT_OK;
	struct policy p;

	/* First look whether all are there: what was replaced stays so. */
	for (i = 0; i < n && !ret; i++)
		ret = policies_get(loaded[i].name, &p);
	for (i = 0; i < n && !ret; i++)
		ret = replace_one(&loaded[i]);
	return ret;
}

int policy_replace(void *values)
{
	const struct policy_options *opt = values;

	return with_object(opt->name, replace_all);
}
