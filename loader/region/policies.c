// SPDX-License-Identifier: GPL-2.0
/*
 * The policies that the module has, whoever loaded them, by asking the module;
 * and the links and pins that hold them, by asking BPF.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "policies.h"
#include "processes.h"
#include "unifiedctl.h"

/* The map that a struct_ops link holds: 0 if it was detached. Or -errno. */
static int link_map(int fd, uint32_t *link_id)
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

static uint32_t find_link(uint32_t map_id)
{
	uint32_t id = 0, link_id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		int fd = bpf_link_get_fd_by_id(id), map;

		if (fd < 0)
			continue;
		map = link_map(fd, &link_id);
		close(fd);
		if (map > 0 && (uint32_t)map == map_id)
			return link_id;
	}
	return 0;
}

void policies_pin_path(char *path, const char *name)
{
	snprintf(path, PIN_PATH, "%s/%s", PIN_DIR, name);
}

bool policies_pin_is_dead(const char *path)
{
	uint32_t link_id;
	int fd = bpf_obj_get(path), map;

	if (fd < 0)
		return false;
	map = link_map(fd, &link_id);
	close(fd);
	return map == 0;
}

static void find_pin(struct policy *p)
{
	char path[PIN_PATH];
	struct dirent *e;
	DIR *dir;

	dir = opendir(PIN_DIR);
	if (!dir)
		return;
	while (!p->pin[0] && (e = readdir(dir))) {
		uint32_t link_id = 0;
		int fd;

		if (e->d_name[0] == '.' || strlen(e->d_name) >= UNIFIED_POLICY_NAME_LEN)
			continue;
		policies_pin_path(path, e->d_name);
		fd = bpf_obj_get(path);
		if (fd < 0)
			continue;
		if (link_map(fd, &link_id) > 0 && link_id == p->link_id)
			memcpy(p->pin, path, sizeof(path));
		close(fd);
	}
	closedir(dir);
}

int policies_for_each(int (*seen)(const struct policy *p, void *arg), void *arg)
{
	int fd = module_open(), ret = 0, err;
	uint32_t id = 1;

	if (fd < 0)
		return fd;
	while (!ret) {
		struct policy p = {};

		err = module_next_policy(fd, id, &p.info);
		if (err) {
			ret = err == -ENOENT ? 0 : err;
			break;
		}
		id = p.info.id + 1;
		p.link_id = find_link(p.info.map_id);
		if (p.link_id)
			find_pin(&p);
		ret = seen(&p, arg);
	}
	close(fd);
	return ret;
}

int policies_fail(int err)
{
	if (err == -EPERM)
		return fail(err, "cannot look at policies: run as root");
	return module_fail(err);
}

struct search {
	const char *name;
	struct policy *found;
};

static int is_it(const struct policy *p, void *arg)
{
	struct search *s = arg;

	if (strcmp(p->info.name, s->name))
		return 0;
	*s->found = *p;
	return 1;
}

int policies_find(const char *name, struct policy *p)
{
	struct search s = { name, p };

	return policies_for_each(is_it, &s);
}

int policies_fail_unknown(const char *name)
{
	return fail_because(-ENOENT, "no policy '%s' is registered. See: unifiedctl policy list",
			    name);
}

int policies_get(const char *name, struct policy *p)
{
	int ret = policies_find(name, p);

	if (ret < 0)
		return policies_fail(ret);
	return ret ? EXIT_OK : policies_fail_unknown(name);
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

bool policies_has(int pid, const struct policy *p)
{
	struct reference ref = { "link_id", p->link_id };

	if (!p->link_id)
		ref = (struct reference){ "map_id", p->info.map_id };
	return process_has(pid, "fdinfo", is_reference, &ref);
}

void policies_tell_ejected(FILE *to, const struct unified_io_policy_info *info)
{
	fprintf(to, "%spolicy '%s' was ejected: %s\n", to == stderr ? "unifiedctl: " : "",
		info->name, info->reason);
}

void policies_json_ejected(const struct unified_io_policy_info *info)
{
	json_object(NULL);
	json_str("name", info->name);
	json_str("reason", info->reason);
	json_end();
}
