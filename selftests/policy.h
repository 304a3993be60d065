/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies for tests: one of an object's, alone.
 */
#ifndef POLICY_H
#define POLICY_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "selftest.h"

#define PROGS "/unified/selftests/progs/"

/* enum unified_verdict */
enum {
	CONTINUE,
	DROP,
	ISSUE,
	TO_USER,
	RETRY
};

struct policy {
	struct bpf_object *obj;
	struct bpf_map *map;
	struct bpf_link *link;
};

/* Open the object with only one of its policies, which may then be changed. */
__attribute__((unused)) static struct policy policy_open(const char *object, const char *name)
{
	struct policy p = { .obj = bpf_object__open_file(object, NULL) };
	struct bpf_map *map;

	if (!p.obj) {
		diag("%s: %s", object, strerror(errno));
		exit(1);
	}
	bpf_object__for_each_map(map, p.obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (!strcmp(bpf_map__name(map), name))
			p.map = map;
		else
			bpf_map__set_autocreate(map, false);
	}
	return p;
}

/* 0, or -errno of loading or attaching. */
__attribute__((unused)) static int policy_attach(struct policy *p)
{
	int ret = bpf_object__load(p->obj);

	if (ret)
		return ret;
	p->link = bpf_map__attach_struct_ops(p->map);
	return p->link ? 0 : -errno;
}

__attribute__((unused)) static void policy_close(struct policy *p)
{
	bpf_link__destroy(p->link);
	bpf_object__close(p->obj);
	*p = (struct policy){};
}

/* The variables of a section, ".bss", ".data" or ".rodata". */
__attribute__((unused)) static void *policy_section(struct policy *p, const char *section)
{
	struct bpf_map *map = bpf_object__find_map_by_name(p->obj, section);
	size_t size;

	return bpf_map__initial_value(map, &size);
}

#endif
