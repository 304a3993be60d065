// SPDX-License-Identifier: GPL-2.0
/*
 * Policies in object files, or in those that are built into this program, see
 * policy_object.h.
 */
#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf_log.h"
#include "knobs.h"
#include "policies.h"
#include "policy_object.h"
#include "processes.h"
#include "unifiedctl.h"
#include "variables.h"

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

#define OPS_TYPE "unified_region_ops"

const char *const policy_builtin[] = {
	"pass",	     "count",  "filter",     "transform",	 "shard", "mirror", "retry",
	"ratelimit", "append", "shard_flow", "ratelimit_source", NULL,
};

/* In the same order. */
static const void *(*const builtin_elf[])(size_t *size) = {
	pass__elf_bytes,
	count__elf_bytes,
	filter__elf_bytes,
	transform__elf_bytes,
	shard__elf_bytes,
	mirror__elf_bytes,
	retry__elf_bytes,
	ratelimit__elf_bytes,
	append__elf_bytes,
	shard_flow__elf_bytes,
	ratelimit_source__elf_bytes,
};

static_assert(sizeof(policy_builtin) / sizeof(char *) ==
	      sizeof(builtin_elf) / sizeof(*builtin_elf) + 1);

static int fail_load(int err, const char *what)
{
	if (access(UNIFIED_IO_DEVICE, F_OK))
		return fail_because(-ENOENT, "cannot load '%s': %s", what, module_advice(-ENOENT));
	if (err == -EPERM)
		return fail(err, "cannot load '%s': run as root", what);
	return bpf_log_fail(err, "cannot load '%s'", what);
}

/* Its place in the table, or -1. */
static int find_builtin(const char *what)
{
	int i;

	for (i = 0; policy_builtin[i]; i++)
		if (!strcmp(what, policy_builtin[i]))
			return i;
	return -1;
}

struct bpf_object *policy_object_open(const char *what)
{
	int i = find_builtin(what);
	size_t size;

	if (i < 0)
		return bpf_object__open_file(what, NULL);

	const void *elf = builtin_elf[i](&size);
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = policy_builtin[i]);

	return bpf_object__open_mem(elf, size, &opts);
}

static const struct btf_type *ops_type(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, OPS_TYPE, BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(btf, id) : NULL;
}

/* The name that the ops table of a policy has in the object. */
static void policy_name(const struct bpf_object *obj, const struct bpf_map *map, char *name)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *t = ops_type(btf);
	size_t size;
	char *value = bpf_map__initial_value(map, &size);
	int i;

	for (i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;

		if (!strcmp(btf__name_by_offset(btf, m->name_off), "name") &&
		    m->offset / 8 + UNIFIED_POLICY_NAME_LEN <= size) {
			memcpy(name, value + m->offset / 8, UNIFIED_POLICY_NAME_LEN - 1);
			return;
		}
	}
}

/* libbpf puts the program where the ops table has its function. */
void policy_object_hooks(const struct bpf_object *obj, const struct bpf_map *map,
			 void (*seen)(const char *hook))
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *t = ops_type(btf);
	size_t size;
	char *value = bpf_map__initial_value(map, &size);
	int i;

	for (i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		const struct btf_type *pointer = btf__type_by_id(btf, m->type);
		void *program;

		if (!btf_is_ptr(pointer) ||
		    !btf_is_func_proto(btf__type_by_id(btf, pointer->type)) ||
		    m->offset / 8 + sizeof(program) > size)
			continue;
		memcpy(&program, value + m->offset / 8, sizeof(program));
		if (program)
			seen(btf__name_by_offset(btf, m->name_off));
	}
}

static int map_variable(const struct btf *btf, const struct bpf_map *map)
{
	return btf__find_by_name_kind(btf, bpf_map__name(map), BTF_KIND_VAR);
}

bool policy_object_is_policy(const struct bpf_object *obj, const struct bpf_map *map)
{
	const struct btf *btf = bpf_object__btf(obj);
	int id = map_variable(btf, map), plain = id > 0 ? btf__resolve_type(btf, id) : id;
	const struct btf_type *t = plain > 0 ? btf__type_by_id(btf, plain) : NULL;

	return t && t == ops_type(btf);
}

const char *policy_object_help(const struct bpf_object *obj, const struct bpf_map *map)
{
	const struct btf *btf = bpf_object__btf(obj);
	int id = map_variable(btf, map);

	return id > 0 ? variable_tag(btf, id, "help") : NULL;
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

int policy_object_fail_none(const char *what)
{
	return fail(0, "'%s' has no policy: no struct " OPS_TYPE " in a section .struct_ops.link",
		    what);
}

int policy_object_find(struct bpf_object *obj, const char *what, struct loaded_policy *loaded,
		       int *n)
{
	struct bpf_map *map;

	/* After loading, the kernel's values have taken the place of the names. */
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS || !bpf_map__autocreate(map))
			continue;
		if (*n == POLICIES_PER_FILE)
			return fail(0, "'%s' has more than %d policies", what, POLICIES_PER_FILE);
		loaded[*n].map = map;
		policy_name(obj, map, loaded[(*n)++].name);
	}
	return *n ? EXIT_OK : policy_object_fail_none(what);
}

int policy_object_load(struct bpf_object *obj, const char *what, struct loaded_policy *loaded,
		       int n)
{
	int type, i, ret;

	ret = bpf_object__load(obj);
	if (ret)
		return fail_load(ret, what);
	type = policy_type();
	if (type < 0)
		return fail(type, "cannot read the module's BTF");
	for (i = 0; i < n; i++) {
		ret = check_map(loaded[i].map, type);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

struct user {
	struct policy policy;
	int pid;
};

static bool is_user(int pid, void *arg)
{
	struct user *user = arg;

	user->pid = pid;
	return policies_has(pid, &user->policy);
}

/* One that a process has for as long as it runs is not for others to unload. */
static int fail_registered(const char *name)
{
	struct user user = {};
	char program[64];

	if (policies_find(name, &user.policy) > 0 && !user.policy.pin[0] &&
	    processes_any(is_user, &user)) {
		process_name(user.pid, program, sizeof(program));
		return fail_because(-EEXIST,
				    "a policy '%s' is registered already, by process %d (%s): end "
				    "that first, or give this one another name",
				    name, user.pid, program);
	}
	return fail_because(-EEXIST,
			    "a policy '%s' is registered already. Unload it first: unifiedctl "
			    "policy unload %s",
			    name, name);
}

int policy_object_refused(int err, const char *name)
{
	if (err == -EEXIST)
		return fail_registered(name);
	return fail(err, "policy '%s' was refused when it was registered", name);
}

/* --- for as long as this process runs -------------------------------------- */

/* The kernel takes it back when the process, and so the link, is gone. */
static int hold_one(const struct loaded_policy *l, const char *what)
{
	if (bpf_map__attach_struct_ops(l->map))
		return EXIT_OK;
	if (errno == EEXIST && find_builtin(what) >= 0)
		return -EEXIST;
	return policy_object_refused(-errno, l->name);
}

int policy_hold(const char *what, const char *knobs, char (*names)[UNIFIED_POLICY_NAME_LEN], int *n)
{
	struct loaded_policy loaded[POLICIES_PER_FILE] = {};
	struct bpf_object *obj;
	int i, ret;

	*n = 0;
	bpf_log_keep();
	obj = policy_object_open(what);
	if (!obj)
		return fail(-errno, "there is no policy '%s', and no file that can be read", what);
	ret = policy_object_find(obj, what, loaded, n);
	if (!ret)
		ret = knobs_set(obj, what, knobs);
	if (!ret)
		ret = policy_object_load(obj, what, loaded, *n);
	for (i = 0; i < *n && !ret; i++) {
		ret = hold_one(&loaded[i], what);
		memcpy(names[i], loaded[i].name, sizeof(names[i]));
	}
	if (ret)
		bpf_object__close(obj);
	bpf_log_drop();
	return ret;
}
