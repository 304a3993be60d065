// SPDX-License-Identifier: GPL-2.0
/*
 * From a policy to its variables, see policy_variables.h: its struct_ops map has the ids
 * of its programs, these have the ids of their maps and of their BTF, and a map of global
 * variables has the section of that BTF as the type of its value.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy_variables.h"
#include "unifiedctl.h"

#define OPS_VALUE "bpf_struct_ops_unified_region_ops"
#define MAX_MAPS  64 /* that a program uses, at most */

/* --- the programs ----------------------------------------------------------------- */

/* What reads the value of a struct_ops map sees ids in the places of functions. */
struct ops {
	struct btf *vmlinux, *btf;
	const struct btf_type *type;
	uint32_t at; /* in the value */
	char *value;
};

static const struct btf_type *struct_of(const struct btf *btf, uint32_t id)
{
	int plain = btf__resolve_type(btf, id);
	const struct btf_type *t = plain < 0 ? NULL : btf__type_by_id(btf, plain);

	return t && btf_is_struct(t) ? t : NULL;
}

static int find_ops_type(struct ops *ops)
{
	const struct btf_type *t;
	int id, i;

	ops->btf = module_btf(&ops->vmlinux);
	if (!ops->btf)
		return -errno;
	id = btf__find_by_name_kind(ops->btf, OPS_VALUE, BTF_KIND_STRUCT);
	if (id < 0)
		return id;
	t = btf__type_by_id(ops->btf, id);
	for (i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;

		if (strcmp(btf__name_by_offset(ops->btf, m->name_off), "data"))
			continue;
		ops->type = struct_of(ops->btf, m->type);
		ops->at = m->offset / 8;
	}
	return ops->type ? 0 : -ESRCH;
}

static int read_ops(struct ops *ops, uint32_t map_id)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), key = 0;
	int fd = bpf_map_get_fd_by_id(map_id), ret = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_get_info_by_fd(fd, &info, &len))
		ret = -errno;
	ops->value = ret ? NULL : calloc(1, info.value_size);
	if (!ret && !ops->value)
		ret = -ENOMEM;
	if (!ret && bpf_map_lookup_elem(fd, &key, ops->value))
		ret = -errno;
	if (!ret && ops->at + ops->type->size > info.value_size)
		ret = -ESRCH;
	close(fd);
	return ret;
}

/* 0: the i-th member is no hook, or the policy does not have it. */
static uint32_t program_of(const struct ops *ops, int i)
{
	const struct btf_member *m = btf_members(ops->type) + i;
	const struct btf_type *t = btf__type_by_id(ops->btf, m->type);
	unsigned long id;

	if (!btf_is_ptr(t) || !btf_is_func_proto(btf__type_by_id(ops->btf, t->type)))
		return 0;
	memcpy(&id, ops->value + ops->at + m->offset / 8, sizeof(id));
	return id;
}

static void close_ops(struct ops *ops)
{
	free(ops->value);
	btf__free(ops->btf);
	btf__free(ops->vmlinux);
}

/* --- the maps ------------------------------------------------------------------------ */

int policy_section_look(struct policy_section *s)
{
	uint32_t key = 0;

	if (!s->value)
		s->value = malloc(s->size);
	if (!s->value)
		return -ENOMEM;
	return bpf_map_lookup_elem(s->fd, &key, s->value) ? -errno : 0;
}

/* The section that a map is, or NULL: it is something else. */
static struct policy_section *section_of(struct policy_variables *pv, uint32_t btf_id,
					 const struct bpf_map_info *info)
{
	const struct btf_type *t;
	const char *name;
	int i;

	if (info->type != BPF_MAP_TYPE_ARRAY || info->btf_id != btf_id)
		return NULL;
	t = btf__type_by_id(pv->btf, info->btf_value_type_id);
	if (!t || !btf_is_datasec(t) || t->size > info->value_size)
		return NULL;
	name = btf__name_by_offset(pv->btf, t->name_off);
	for (i = 0; i < NR_SECTIONS; i++)
		if (!strcmp(name, section_names[i]))
			return &pv->section[i];
	return NULL;
}

static int look_at_map(struct policy_variables *pv, uint32_t btf_id, uint32_t id)
{
	struct bpf_map_info info = {};
	struct policy_section *s;
	uint32_t len = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id), ret;

	if (fd < 0)
		return fd;
	ret = bpf_map_get_info_by_fd(fd, &info, &len) ? -errno : 0;
	s = ret ? NULL : section_of(pv, btf_id, &info);
	/* Another program may use it, too. */
	if (!s || s->fd >= 0) {
		close(fd);
		return ret;
	}
	s->fd = fd;
	s->size = info.value_size;
	s->flags = info.map_flags;
	return policy_section_look(s);
}

static int load_btf(struct policy_variables *pv, uint32_t btf_id)
{
	if (pv->btf)
		return 0;
	pv->btf = btf__load_from_kernel_by_id(btf_id);
	return pv->btf ? variables_read(&pv->vars, pv->btf) : -errno;
}

static int look_at_program(struct policy_variables *pv, uint32_t id)
{
	uint32_t maps[MAX_MAPS], len = sizeof(struct bpf_prog_info), i;
	struct bpf_prog_info info = { .nr_map_ids = MAX_MAPS, .map_ids = (uintptr_t)maps };
	int fd = bpf_prog_get_fd_by_id(id), ret;

	if (fd < 0)
		return fd;
	ret = bpf_prog_get_info_by_fd(fd, &info, &len) ? -errno : 0;
	/* Without BTF its maps say nothing. */
	if (!ret && info.btf_id) {
		ret = load_btf(pv, info.btf_id);
		for (i = 0; i < info.nr_map_ids && i < MAX_MAPS && !ret; i++)
			ret = look_at_map(pv, info.btf_id, maps[i]);
	}
	close(fd);
	return ret;
}

/* --- all of it ------------------------------------------------------------------------- */

int policy_variables_open(struct policy_variables *pv, const struct policy *p)
{
	struct ops ops = {};
	int ret, i;

	*pv = (struct policy_variables){};
	for (i = 0; i < NR_SECTIONS; i++)
		pv->section[i].fd = -1;
	ret = find_ops_type(&ops);
	if (!ret)
		ret = read_ops(&ops, p->info.map_id);
	for (i = 0; !ret && i < btf_vlen(ops.type); i++) {
		uint32_t id = program_of(&ops, i);

		ret = id ? look_at_program(pv, id) : 0;
	}
	close_ops(&ops);
	if (ret)
		policy_variables_close(pv);
	return ret;
}

void policy_variables_close(struct policy_variables *pv)
{
	int i;

	for (i = 0; i < NR_SECTIONS; i++) {
		if (pv->section[i].fd >= 0)
			close(pv->section[i].fd);
		pv->section[i].fd = -1;
		free(pv->section[i].value);
		pv->section[i].value = NULL;
	}
	variables_free(&pv->vars);
	btf__free(pv->btf);
	pv->btf = NULL;
}

int policy_section_map(const struct policy_section *s, void **mapped)
{
	void *at;

	if (!(s->flags & BPF_F_MMAPABLE))
		return -EOPNOTSUPP;
	at = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*mapped = at;
	return 0;
}
