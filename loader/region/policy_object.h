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

/* A policy of an object that is loaded. */
struct loaded_policy {
	struct bpf_map *map;
	char name[UNIFIED_POLICY_NAME_LEN];
	bool pinned;
};

/* A file, or a name that comes with unifiedctl. NULL: errno. */
struct bpf_object *policy_object_open(const char *what);

/*
 * Load an object and find its policies: *n of them, at least one, and POLICIES_PER_FILE
 * at most. An exit status.
 */
int policy_object_load(struct bpf_object *obj, const char *what, struct loaded_policy *loaded,
		       int *n);

/* Say why it could not be registered. EXIT_FAILED. */
int policy_object_refused(int err, const char *name);

#endif
