// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl policy load and replace: policies of an object file, or of one that is
 * built into this program, are registered, and pinned so that they stay; or they take
 * the places, and on demand the values of the variables, of others.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bpf_log.h"
#include "json.h"
#include "knobs.h"
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

/* An object whose policies are loaded, or will be. */
struct job {
	struct bpf_object *obj;
	char *what; /* it was opened by */
	const char *knobs;
	struct loaded_policy loaded[POLICIES_PER_FILE];
	int n;
	/* Those whose values are kept; none, or as many as there are policies. */
	struct policy_variables from[POLICIES_PER_FILE];
	uint32_t from_map[POLICIES_PER_FILE];
	int nr_from;
};

/* Before is called when all policies were found, after when they were loaded. */
static int run_job(struct job *job, int (*before)(struct job *job), int (*after)(struct job *job))
{
	int ret;

	job->obj = policy_object_open(job->what);
	if (!job->obj)
		return fail(-errno, "cannot open '%s'", job->what);
	ret = policy_object_find(job->obj, job->what, job->loaded, &job->n);
	if (!ret)
		ret = knobs_set(job->obj, job->what, job->knobs);
	if (!ret && before)
		ret = before(job);
	if (!ret)
		ret = policy_object_load(job->obj, job->what, job->loaded, job->n);
	if (!ret)
		ret = after(job);
	if (!ret)
		print_loaded(job->loaded, job->n);
	return ret;
}

static int with_object(const char *words, int (*before)(struct job *job),
		       int (*after)(struct job *job))
{
	struct job job = {};
	int ret;

	job.what = knobs_split(words, &job.knobs);
	if (!job.what)
		return fail(-ENOMEM, "cannot open '%s'", words);
	bpf_log_keep();
	ret = run_job(&job, before, after);
	while (job.nr_from)
		policy_variables_close(&job.from[--job.nr_from]);
	bpf_object__close(job.obj);
	bpf_log_drop();
	free(job.what);
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
static int load_all(struct job *job)
{
	char path[PIN_PATH];
	int i, ret = EXIT_OK;

	for (i = 0; i < job->n && !ret; i++)
		ret = load_one(&job->loaded[i]);
	for (i = 0; i < job->n && ret; i++) {
		if (!job->loaded[i].pinned)
			continue;
		policies_pin_path(path, job->loaded[i].name);
		unlink(path);
	}
	return ret;
}

int policy_load(void *values)
{
	const struct policy_options *opt = values;
	int ret = make_pin_dir();

	return ret ?: with_object(opt->name, NULL, load_all);
}

/* --- replace --------------------------------------------------------------- */

/* What the policies before count goes on until here. */
static int keep_rest(struct job *job)
{
	int i, k, ret = EXIT_OK;

	for (i = 0; i < job->nr_from && !ret; i++) {
		for (k = SECTION_DATA; k < NR_SECTIONS && !ret; k++)
			if (job->from[i].section[k].fd >= 0)
				ret = policy_section_look(&job->from[i].section[k]);
		if (ret)
			return fail(ret, "cannot read the variables of '%s'", job->loaded[i].name);
		ret = knobs_keep_rest(job->obj, job->knobs, &job->from[i]);
	}
	return ret;
}

static int update(struct job *job, int i, uint32_t link_id)
{
	const struct loaded_policy *l = &job->loaded[i];
	int fd, ret = i ? EXIT_OK : keep_rest(job);

	if (ret)
		return ret;
	fd = bpf_link_get_fd_by_id(link_id);
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

static int replace_one(struct job *job, int i)
{
	const struct loaded_policy *l = &job->loaded[i];
	struct bpf_link *link;
	struct policy p;
	int ret;

	ret = policies_find(l->name, &p);
	if (ret < 0)
		return policies_fail(ret);
	if (!ret || !p.link_id)
		return fail(
			0,
			"no policy '%s' is registered by a link. Load it: unifiedctl policy load",
			l->name);
	if (job->nr_from && p.info.map_id != job->from_map[i])
		return fail(0, "'%s' was replaced by somebody else meanwhile", l->name);
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
	return update(job, i, p.link_id);
}

static int replace_all(struct job *job)
{
	int i, ret = EXIT_OK;
	struct policy p;

	/* First look whether all are there: what was replaced stays so. */
	for (i = 0; i < job->n && !ret; i++)
		ret = policies_get(job->loaded[i].name, &p);
	for (i = 0; i < job->n && !ret; i++)
		ret = replace_one(job, i);
	return ret;
}

static int keep_one(struct job *job, int i)
{
	struct policy p;
	int ret = policies_get(job->loaded[i].name, &p);

	if (ret)
		return ret;
	ret = policy_variables_open(&job->from[i], &p);
	if (ret)
		return fail(ret, "cannot read the variables of '%s'", p.info.name);
	job->from_map[i] = p.info.map_id;
	job->nr_from++;
	return knobs_keep(job->obj, job->what, job->knobs, &job->from[i]);
}

static int keep_all(struct job *job)
{
	int i, ret = EXIT_OK;

	for (i = 0; i < job->n && !ret; i++)
		ret = keep_one(job, i);
	return ret;
}

int policy_replace(void *values)
{
	const struct policy_options *opt = values;

	return with_object(opt->name, opt->keep ? keep_all : NULL, replace_all);
}
