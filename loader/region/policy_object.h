/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From an object file, or from one that is built into this program, to policies that
 * can be registered.
 */
#ifndef POLICY_OBJECT_H
#define POLICY_OBJECT_H

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "unified_io.h"

/* The names of those that are built in, up to NULL. */
extern const char *const policy_builtin[];

/* A policy of an object. */
struct loaded_policy {
	struct bpf_map *map;
	char name[UNIFIED_POLICY_NAME_LEN];
	bool pinned;
};

/* A file, or a name that comes with unifiedctl. NULL: errno. */
struct bpf_object *policy_object_open(const char *what);

/*
 * Find the policies of an object that is not loaded yet: *n of them, at least one, and
 * POLICIES_PER_FILE at most. An exit status.
 */
int policy_object_find(struct bpf_object *obj, const char *what, struct loaded_policy *loaded,
		       int *n);

/* Load it, when they were found. An exit status. */
int policy_object_load(struct bpf_object *obj, const char *what, struct loaded_policy *loaded,
		       int n);

/* Of one that is not loaded yet: is it a policy, and no struct_ops of another type? */
bool policy_object_is_policy(const struct bpf_object *obj, const struct bpf_map *map);

/* The hooks of one that is not loaded yet: seen() is called with the name of each. */
void policy_object_hooks(const struct bpf_object *obj, const struct bpf_map *map,
			 void (*seen)(const char *hook));
/* What UNIFIED_HELP() says of it, or NULL. */
const char *policy_object_help(const struct bpf_object *obj, const struct bpf_map *map);

/* Say that there is no policy in it. EXIT_FAILED. */
int policy_object_fail_none(const char *what);

/* Say why it could not be registered. EXIT_FAILED. */
int policy_object_refused(int err, const char *name);

#endif
