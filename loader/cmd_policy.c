// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl policy: load, list and unload policies.
 *
 * The kernel is the only record: list and unload walk its BPF maps of the
 * module's struct_ops type and the links on them, so that they also find what
 * bpftool or another loader registered. A pin under PIN_DIR keeps a policy
 * alive after its loader has gone; it is named after the policy.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "json.h"
#include "unifiedctl.h"

#include "skel/count.skel.h"
#include "skel/filter.skel.h"
#include "skel/pass.skel.h"
#include "skel/transform.skel.h"

#define PIN_DIR	   "/sys/fs/bpf/unified"
#define PIN_PATH   (sizeof(PIN_DIR) + UNIFIED_POLICY_NAME_LEN)
#define OPS_TYPE   "unified_region_ops"
#define MAX_LOADED 16 /* policies in one object file */

/* The policies that come with this program. */
static const struct {
	const char *name;
	const void *(*elf)(size_t *size);
} builtin[] = {
	{ "pass", pass__elf_bytes },
	{ "count", count__elf_bytes },
	{ "filter", filter__elf_bytes },
	{ "transform", transform__elf_bytes },
};

struct policy {
	char name[UNIFIED_POLICY_NAME_LEN];
	char pin[UNIFIED_POLICY_NAME_LEN]; /* its file in PIN_DIR, or "" */
	uint32_t map_id;
	uint32_t link_id; /* 0: registered without a link */
	uint32_t state;	  /* enum bpf_struct_ops_state */
};

/* Of enum bpf_struct_ops_state, which no uapi header has. */
enum {
	OPS_INIT,  /* created, holds nothing */
	OPS_INUSE, /* registered without a link */
	OPS_TOBEFREE,
	OPS_READY, /* registered while there is a link */
};

/* Where name and state stand in the value of a map of our struct_ops type. */
struct ops_layout {
	uint32_t value_type, value_size;
	uint32_t state, name;
	uint32_t btf_id;
};

static int member_offset(const struct btf *btf, const struct btf_type *t, const char *name,
			 const struct btf_type **type)
{
	const struct btf_member *m = btf_members(t);
	int i;

	for (i = 0; i < btf_vlen(t); i++, m++) {
		if (strcmp(btf__name_by_offset(btf, m->name_off), name))
			continue;
		if (type)
			*type = btf__type_by_id(btf, btf__resolve_type(btf, m->type));
		return m->offset / 8;
	}
	return -ENOENT;
}

/* Read from the running module's BTF, not from the header we were built with. */
static int ops_layout(struct ops_layout *l)
{
	const struct btf_type *value, *common, *ops;
	struct btf *vmlinux, *btf;
	int id, data, name, state, at;

	btf = module_btf(&vmlinux);
	if (!btf)
		return -errno;
	id = btf__find_by_name_kind(btf, "bpf_struct_ops_" OPS_TYPE, BTF_KIND_STRUCT);
	if (id < 0)
		goto out;
	value = btf__type_by_id(btf, id);
	at = member_offset(btf, value, "common", &common);
	data = member_offset(btf, value, "data", &ops);
	id = at < 0 || data < 0 ? -ENOENT : id;
	if (id < 0)
		goto out;
	state = member_offset(btf, common, "state", NULL);
	name = member_offset(btf, ops, "name", NULL);
	l->value_type = id;
	l->value_size = value->size;
	l->state = at + state;
	l->name = data + name;
	if (state < 0 || name < 0)
		id = -ENOENT;
out:
	btf__free(btf);
	btf__free(vmlinux);
	return id < 0 ? id : 0;
}

/* If the map is of our type, fill in what its value tells. */
static int policy_of_map(int fd, const struct ops_layout *l, struct policy *p)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), key = 0;
	char *value;
	int ret;

	if (bpf_map_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.type != BPF_MAP_TYPE_STRUCT_OPS ||
	    info.btf_vmlinux_value_type_id != l->value_type || info.value_size != l->value_size)
		return -ENOENT;
	value = calloc(1, info.value_size);
	if (!value)
		return -ENOMEM;
	ret = bpf_map_lookup_elem(fd, &key, value) ? -errno : 0;
	if (!ret) {
		p->map_id = info.id;
		memcpy(&p->state, value + l->state, sizeof(p->state));
		snprintf(p->name, sizeof(p->name), "%s", value + l->name);
	}
	free(value);
	return ret;
}

static int link_struct_ops_map(int fd, uint32_t *link_id)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_link_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.type != BPF_LINK_TYPE_STRUCT_OPS)
		return -ENOENT;
	*link_id = info.id;
	return info.struct_ops.map_id;
}

/* The link on the policy's map, if there is one: a map may have none. */
static uint32_t find_link(uint32_t map_id)
{
	uint32_t id = 0, link_id;

	while (!bpf_link_get_next_id(id, &id)) {
		int fd = bpf_link_get_fd_by_id(id), map;

		if (fd < 0)
			continue;
		map = link_struct_ops_map(fd, &link_id);
		close(fd);
		if (map > 0 && (uint32_t)map == map_id)
			return link_id;
	}
	return 0;
}

static void pin_path(char *path, const char *name)
{
	snprintf(path, PIN_PATH, "%s/%s", PIN_DIR, name);
}

static void find_pin(struct policy *p)
{
	struct dirent *e;
	DIR *dir;

	p->pin[0] = '\0';
	dir = opendir(PIN_DIR);
	if (!dir)
		return;
	while ((e = readdir(dir))) {
		char path[PIN_PATH];
		uint32_t link_id = 0;
		int fd;

		if (e->d_name[0] == '.' || strlen(e->d_name) >= UNIFIED_POLICY_NAME_LEN)
			continue;
		pin_path(path, e->d_name);
		fd = bpf_obj_get(path);
		if (fd < 0)
			continue;
		if (link_struct_ops_map(fd, &link_id) > 0 && link_id == p->link_id)
			snprintf(p->pin, sizeof(p->pin), "%s", e->d_name);
		close(fd);
		if (p->pin[0])
			break;
	}
	closedir(dir);
}

static int for_each_policy(int (*seen)(struct policy *p, void *arg), void *arg)
{
	struct ops_layout layout;
	uint32_t id = 0;
	int ret;

	ret = ops_layout(&layout);
	if (ret)
		return ret;
	while (!ret && !bpf_map_get_next_id(id, &id)) {
		struct policy p = {};
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!policy_of_map(fd, &layout, &p)) {
			p.link_id = p.state == OPS_READY ? find_link(p.map_id) : 0;
			if (p.link_id)
				find_pin(&p);
			if (p.link_id || p.state == OPS_INUSE)
				ret = seen(&p, arg);
		}
		close(fd);
	}
	if (!ret && errno != ENOENT)
		ret = -errno;
	return ret < 0 ? ret : 0;
}

static int fail_walk(int err)
{
	if (err == -ENOENT || err == -ENODEV)
		return fail(0, "%s", module_advice(-ENOENT));
	if (err == -EPERM)
		return fail(err, "cannot look at BPF objects: run as root");
	return fail(err, "cannot look at BPF objects");
}

/* --- list ----------------------------------------------------------------- */

static int print_policy(struct policy *p, void *arg)
{
	char path[PIN_PATH];
	int *count = arg;

	pin_path(path, p->pin);
	if (json_output) {
		json_object(NULL);
		json_str("name", p->name);
		json_u64("map", p->map_id);
		if (p->link_id)
			json_u64("link", p->link_id);
		else
			json_null("link");
		if (p->pin[0])
			json_str("pin", path);
		else
			json_null("pin");
		json_end();
		return 0;
	}
	if (!(*count)++)
		printf("%-32s %6s %6s  %s\n", "NAME", "MAP", "LINK", "PIN");
	printf("%-32s %6u ", p->name, p->map_id);
	if (p->link_id)
		printf("%6u  %s\n", p->link_id, p->pin[0] ? path : "-");
	else
		printf("%6s  %s\n", "-", "-");
	return 0;
}

static int policy_list(int argc, char **argv)
{
	int count = 0, ret;

	(void)argv;
	if (argc)
		return fail_usage("policy list takes no arguments");
	if (json_output) {
		/* Not a document cut short: ask before the first brace. */
		struct ops_layout probe;

		ret = ops_layout(&probe);
		if (ret)
			return fail_walk(ret);
		json_array(NULL);
	}
	ret = for_each_policy(print_policy, &count);
	if (json_output)
		json_end();
	else if (!ret && !count)
		puts("no policy is registered");
	return ret ? fail_walk(ret) : EXIT_OK;
}

/* --- unload --------------------------------------------------------------- */

struct unload {
	const char *name;
	int found;
	int err;
};

static int unload_one(struct policy *p, void *arg)
{
	struct unload *u = arg;
	char path[PIN_PATH];
	uint32_t key = 0;
	int fd;

	if (strcmp(p->name, u->name))
		return 0;
	u->found++;
	if (p->link_id) {
		fd = bpf_link_get_fd_by_id(p->link_id);
		if (fd >= 0 && bpf_link_detach(fd))
			u->err = -errno;
		pin_path(path, p->pin);
		if (!u->err && p->pin[0] && unlink(path))
			u->err = -errno;
	} else {
		fd = bpf_map_get_fd_by_id(p->map_id);
		if (fd >= 0 && bpf_map_delete_elem(fd, &key))
			u->err = -errno;
	}
	if (fd < 0)
		u->err = -ENOENT;
	else
		close(fd);
	return 1;
}

static int policy_unload(int argc, char **argv)
{
	struct unload u = {};
	int ret;

	if (argc != 1)
		return fail_usage("policy unload takes the name of one policy");
	u.name = argv[0];
	ret = for_each_policy(unload_one, &u);
	if (ret)
		return fail_walk(ret);
	if (!u.found)
		return fail(0, "no policy '%s' is registered. See: unifiedctl policy list", u.name);
	if (u.err)
		return fail(u.err, "cannot unload '%s'", u.name);
	if (json_output) {
		json_object(NULL);
		json_str("unloaded", u.name);
		json_end();
	}
	return EXIT_OK;
}

/* --- load ----------------------------------------------------------------- */

/* What libbpf and the verifier say, kept to be shown only if loading fails. */
static char *libbpf_log;
static size_t libbpf_log_len;

static int keep_libbpf_log(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *line, *grown;
	int n;

	if (level > LIBBPF_WARN)
		return 0;
	n = vasprintf(&line, fmt, ap);
	if (n < 0)
		return 0;
	grown = realloc(libbpf_log, libbpf_log_len + n + 1);
	if (grown) {
		libbpf_log = grown;
		memcpy(libbpf_log + libbpf_log_len, line, n + 1);
		libbpf_log_len += n;
	}
	free(line);
	return n;
}

static int fail_load(int err, const char *what)
{
	if (libbpf_log && !json_output)
		fputs(libbpf_log, stderr);
	if (libbpf_log && json_output)
		return fail(err, "cannot load '%s': %s", what, libbpf_log);
	if (access(UNIFIED_IO_DEVICE, F_OK))
		return fail(0, "cannot load '%s': %s", what, module_advice(-ENOENT));
	if (err == -EPERM)
		return fail(err, "cannot load '%s': run as root", what);
	return fail(err, "cannot load '%s'%s", what, libbpf_log ? ", as said above" : "");
}

static int fail_attach(int err, const char *name)
{
	if (err == -EEXIST)
		return fail(0,
			    "a policy '%s' is registered already. Unload it first: "
			    "unifiedctl policy unload %s",
			    name, name);
	return fail(err, "policy '%s' was refused when it was attached", name);
}

static int make_pin_dir(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/bpf", &fs) || fs.f_type != BPF_FS_MAGIC)
		return fail(0, "/sys/fs/bpf is no BPF file system: mount -t bpf bpf /sys/fs/bpf");
	if (mkdir(PIN_DIR, 0700) && errno != EEXIST)
		return fail(-errno, "cannot make " PIN_DIR);
	return EXIT_OK;
}

static struct bpf_object *open_policy(const char *what)
{
	size_t i, size;

	for (i = 0; i < sizeof(builtin) / sizeof(*builtin); i++) {
		if (strcmp(what, builtin[i].name))
			continue;
		const void *elf = builtin[i].elf(&size);
		LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = builtin[i].name);

		return bpf_object__open_mem(elf, size, &opts);
	}
	return bpf_object__open_file(what, NULL);
}

/* A pin whose link was detached: its policy is gone, the name is free. */
static bool pin_is_dead(const char *path)
{
	uint32_t link_id;
	int fd = bpf_obj_get(path), map;

	if (fd < 0)
		return false;
	map = link_struct_ops_map(fd, &link_id);
	close(fd);
	return map == 0;
}

/* Attach one policy and pin its link under the name it registers with. */
static int load_map(struct bpf_map *map, const struct ops_layout *layout, struct policy *p)
{
	struct bpf_link *link;
	char path[PIN_PATH];
	int ret;

	link = bpf_map__attach_struct_ops(map);
	ret = link ? 0 : -errno;
	/* Its value is in the map even if it was refused. */
	if (policy_of_map(bpf_map__fd(map), layout, p))
		snprintf(p->name, sizeof(p->name), "%.31s", bpf_map__name(map));
	if (ret)
		return fail_attach(ret, p->name);
	pin_path(path, p->name);
	ret = bpf_link__pin(link, path);
	if (ret == -EEXIST && pin_is_dead(path) && !unlink(path))
		ret = bpf_link__pin(link, path);
	memcpy(p->pin, p->name, sizeof(p->pin));
	bpf_link__destroy(link);
	if (ret == -EEXIST)
		return fail(
			0,
			"%s is taken by something else: remove it or give the policy another name",
			path);
	return ret ? fail(ret, "cannot pin policy '%s' under " PIN_DIR, p->name) : EXIT_OK;
}

/* Is this map a policy that can be attached by a link? */
static int check_map(struct bpf_map *map, const struct ops_layout *layout)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_map_get_info_by_fd(bpf_map__fd(map), &info, &len))
		return fail(-errno, "cannot look at '%s'", bpf_map__name(map));
	if (info.btf_vmlinux_value_type_id != layout->value_type)
		return fail(0, "'%s' is a struct_ops, but no struct " OPS_TYPE, bpf_map__name(map));
	if (!(info.map_flags & BPF_F_LINK))
		return fail(0, "'%s' is in a section .struct_ops: put it into .struct_ops.link",
			    bpf_map__name(map));
	return EXIT_OK;
}

static void print_loaded(const struct policy *loaded, int n)
{
	char path[PIN_PATH];
	int i;

	if (!json_output) {
		for (i = 0; i < n; i++)
			printf("%s\n", loaded[i].name);
		return;
	}
	json_array(NULL);
	for (i = 0; i < n; i++) {
		json_object(NULL);
		json_str("name", loaded[i].name);
		json_u64("map", loaded[i].map_id);
		pin_path(path, loaded[i].pin);
		json_str("pin", path);
		json_end();
	}
	json_end();
}

/* Every policy of the object, or none of them. */
static int load_object(struct bpf_object *obj, const char *what)
{
	struct policy loaded[MAX_LOADED] = {};
	struct ops_layout layout;
	char path[PIN_PATH];
	struct bpf_map *map;
	int n = 0, ret;

	ret = bpf_object__load(obj);
	if (ret)
		return fail_load(ret, what);
	ret = ops_layout(&layout);
	if (ret)
		return fail_walk(ret);
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS || !bpf_map__autocreate(map))
			continue;
		ret = check_map(map, &layout);
		if (!ret && n == MAX_LOADED)
			ret = fail(0, "'%s' has more than %d policies", what, MAX_LOADED);
		if (!ret)
			ret = load_map(map, &layout, &loaded[n]);
		if (ret) {
			while (n--) {
				pin_path(path, loaded[n].pin);
				unlink(path);
			}
			return ret;
		}
		n++;
	}
	if (!n)
		return fail(0,
			    "'%s' has no policy: no struct " OPS_TYPE
			    " in a section .struct_ops.link",
			    what);
	print_loaded(loaded, n);
	return EXIT_OK;
}

static int policy_load(int argc, char **argv)
{
	struct bpf_object *obj;
	int ret;

	if (argc != 1)
		return fail_usage(
			"policy load takes one policy: a file, or a name that comes with unifiedctl");
	ret = make_pin_dir();
	if (ret)
		return ret;
	libbpf_set_print(keep_libbpf_log);
	obj = open_policy(argv[0]);
	if (!obj)
		return fail(-errno, "cannot open '%s'", argv[0]);
	ret = load_object(obj, argv[0]);
	bpf_object__close(obj);
	free(libbpf_log);
	return ret;
}

static const struct command commands[] = {
	{ "load", "{ FILE.bpf.o | pass | count | filter | transform }",
	  "load and attach a policy, and pin it under " PIN_DIR, policy_load },
	{ "list", "", "what is registered, whoever loaded it", policy_list },
	{ "unload", "NAME", "detach a policy and remove its pin", policy_unload },
	{}
};

int cmd_policy(int argc, char **argv)
{
	return run_command("policy", commands, argc, argv);
}
