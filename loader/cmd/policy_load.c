// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl policy load and replace: from an object file, or from one that is
 * built into this program, to policies that the module asks.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bpf_log.h"
#include "json.h"
#include "policies.h"
#include "unifiedctl.h"

#include "skel/append.skel.h"
#include "skel/count.skel.h"
#include "skel/filter.skel.h"
#include "skel/mirror.skel.h"
#include "skel/pass.skel.h"
#include "skel/ratelimit.skel.h"
#include "skel/ratelimit_source.skel.h"
#include "skel/retry.skel.h"
#include "skel/shard.skel.h"
#include "skel/shard_flow.skel.h"
#include "skel/transform.skel.h"

#define OPS_TYPE   "unified_region_ops"
#define MAX_LOADED POLICIES_PER_FILE

static const struct {
	const char *name;
	const void *(*elf)(size_t *size);
} builtin[] = {
	{ "pass", pass__elf_bytes },
	{ "count", count__elf_bytes },
	{ "filter", filter__elf_bytes },
	{ "transform", transform__elf_bytes },
	{ "shard", shard__elf_bytes },
	{ "mirror", mirror__elf_bytes },
	{ "retry", retry__elf_bytes },
	{ "ratelimit", ratelimit__elf_bytes },
	{ "append", append__elf_bytes },
	{ "shard_flow", shard_flow__elf_bytes },
	{ "ratelimit_source", ratelimit_source__elf_bytes },
};

/* A policy of an object file that is loaded. */
struct loaded {
	struct bpf_map *map;
	char name[UNIFIED_POLICY_NAME_LEN];
	bool pinned;
};

static int fail_load(int err, const char *what)
{
	if (access(UNIFIED_IO_DEVICE, F_OK))
		return fail(0, "cannot load '%s': %s", what, module_advice(-ENOENT));
	if (err == -EPERM)
		return fail(err, "cannot load '%s': run as root", what);
	return bpf_log_fail(err, "cannot load '%s'", what);
}

/* --- the object ------------------------------------------------------------ */

/* Its place in the table, or -1. */
static int find_builtin(const char *what)
{
	size_t i;

	for (i = 0; i < sizeof(builtin) / sizeof(*builtin); i++)
		if (!strcmp(what, builtin[i].name))
			return i;
	return -1;
}

static struct bpf_object *open_object(const char *what)
{
	int i = find_builtin(what);
	size_t size;

	if (i < 0)
		return bpf_object__open_file(what, NULL);

	const void *elf = builtin[i].elf(&size);
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = builtin[i].name);

	return bpf_object__open_mem(elf, size, &opts);
}

/* The name that the ops table of a policy has in the object. */
static void policy_name(const struct bpf_object *obj, struct bpf_map *map, char *name)
{
	const struct btf *btf = bpf_object__btf(obj);
	int id = btf__find_by_name_kind(btf, OPS_TYPE, BTF_KIND_STRUCT), i;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	size_t size;
	char *value = bpf_map__initial_value(map, &size);

	for (i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;

		if (!strcmp(btf__name_by_offset(btf, m->name_off), "name") &&
		    m->offset / 8 + UNIFIED_POLICY_NAME_LEN <= size) {
			memcpy(name, value + m->offset / 8, UNIFIED_POLICY_NAME_LEN - 1);
			return;
		}
	}
}

/* Is this map a policy that can be held by a link? */
static int check_map(struct bpf_map *map, uint32_t policy_type)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_map_get_info_by_fd(bpf_map__fd(map), &info, &len))
		return fail(-errno, "cannot look at '%s'", bpf_map__name(map));
	if (info.btf_vmlinux_value_type_id != policy_type)
		return fail(0, "'%s' is a struct_ops, but no struct " OPS_TYPE, bpf_map__name(map));
	if (!(info.map_flags & BPF_F_LINK))
		return fail(0, "'%s' is in a section .struct_ops: put it into .struct_ops.link",
			    bpf_map__name(map));
	return EXIT_OK;
}

/* The id that the kernel has for a policy's type, in the module's BTF. */
static int policy_type(void)
{
	struct btf *vmlinux, *btf = module_btf(&vmlinux);
	int id;

	if (!btf)
		return -errno;
	id = btf__find_by_name_kind(btf, "bpf_struct_ops_" OPS_TYPE, BTF_KIND_STRUCT);
	btf__free(btf);
	btf__free(vmlinux);
	return id;
}

/* Load an object and find its policies; *n of them, at least one. */
static int load_object(struct bpf_object *obj, const char *what, struct loaded *loaded, int *n)
{
	struct bpf_map *map;
	int type, ret;

	/* After loading, the kernel's values have taken the place of the names. */
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS || !bpf_map__autocreate(map))
			continue;
		if (*n == MAX_LOADED)
			return fail(0, "'%s' has more than %d policies", what, MAX_LOADED);
		loaded[*n].map = map;
		policy_name(obj, map, loaded[(*n)++].name);
	}
	ret = bpf_object__load(obj);
	if (ret)
		return fail_load(ret, what);
	if (!*n)
		return fail(0,
			    "'%s' has no policy: no struct " OPS_TYPE
			    " in a section .struct_ops.link",
			    what);
	type = policy_type();
	if (type < 0)
		return fail(type, "cannot read the module's BTF");
	for (int i = 0; i < *n; i++) {
		ret = check_map(loaded[i].map, type);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

static void print_loaded(const struct loaded *loaded, int n)
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

static int with_object(const char *what, int (*act)(struct loaded *loaded, int n))
{
	struct loaded loaded[MAX_LOADED] = {};
	struct bpf_object *obj;
	int n = 0, ret;

	bpf_log_keep();
	obj = open_object(what);
	if (!obj)
		return fail(-errno, "cannot open '%s'", what);
	ret = load_object(obj, what, loaded, &n);
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

static int fail_attach(int err, const char *name)
{
	if (err == -EEXIST)
		return fail(0,
			    "a policy '%s' is registered already. Unload it first: "
			    "unifiedctl policy unload %s",
			    name, name);
	return fail(err, "policy '%s' was refused when it was registered", name);
}

static int load_one(struct loaded *l)
{
	struct bpf_link *link;
	char path[PIN_PATH];
	int ret;

	link = bpf_map__attach_struct_ops(l->map);
	if (!link)
		return fail_attach(-errno, l->name);
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
static int load_all(struct loaded *loaded, int n)
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

int policy_load(int argc, char **argv)
{
	int ret;

	if (argc != 1)
		return fail_usage(
			"policy load takes one policy: a file, or a name that comes with unifiedctl");
	ret = make_pin_dir();
	return ret ?: with_object(argv[0], load_all);
}

/* --- replace --------------------------------------------------------------- */

static int replace_one(struct loaded *l)
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

static int replace_all(struct loaded *loaded, int n)
{
	int i, ret = EXIT_OK;

	for (i = 0; i < n && !ret; i++) {
		struct policy p;

		/* First look whether all are there: what was replaced stays so. */
		if (policies_find(loaded[i].name, &p) == 0)
			return fail(0, "no policy '%s' is registered. See: unifiedctl policy list",
				    loaded[i].name);
	}
	for (i = 0; i < n && !ret; i++)
		ret = replace_one(&loaded[i]);
	return ret;
}

int policy_replace(int argc, char **argv)
{
	if (argc != 1)
		return fail_usage("policy replace takes one file");
	return with_object(argv[0], replace_all);
}

/* --- for as long as this process runs -------------------------------------- */

/* The kernel takes it back when the process, and so the link, is gone. */
static int hold_one(const struct loaded *l, const char *what)
{
	if (bpf_map__attach_struct_ops(l->map))
		return EXIT_OK;
	if (errno == EEXIST && find_builtin(what) >= 0)
		return -EEXIST;
	return fail_attach(-errno, l->name);
}

int policy_hold(const char *what, char (*names)[UNIFIED_POLICY_NAME_LEN], int *n)
{
	struct loaded loaded[MAX_LOADED] = {};
	struct bpf_object *obj;
	int i, ret;

	*n = 0;
	bpf_log_keep();
	obj = open_object(what);
	if (!obj)
		return fail(-errno, "there is no policy '%s', and no file that can be read", what);
	ret = load_object(obj, what, loaded, n);
	for (i = 0; i < *n && !ret; i++) {
		ret = hold_one(&loaded[i], what);
		memcpy(names[i], loaded[i].name, sizeof(names[i]));
	}
	if (ret)
		bpf_object__close(obj);
	bpf_log_drop();
	return ret;
}
