/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policies that the module has, and the links and pins that hold them.
 */
#ifndef POLICIES_H
#define POLICIES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "unified_io.h"

#define PIN_DIR	 "/sys/fs/bpf/unified"
#define PIN_PATH (sizeof(PIN_DIR) + UNIFIED_POLICY_NAME_LEN)

/* At most, in one object file. */
#define POLICIES_PER_FILE 16

struct policy {
	struct unified_io_policy_info info;
	uint32_t link_id;   /* 0: registered without a link */
	char pin[PIN_PATH]; /* or "" */
};

/*
 * Call seen for each policy until it returns something else than 0, which is
 * returned. -errno: the module cannot be asked; policies_fail() says why.
 */
int policies_for_each(int (*seen)(const struct policy *p, void *arg), void *arg);
int policies_fail(int err);

/* 1: found. 0: there is none of that name. */
int policies_find(const char *name, struct policy *p);
/* The same for a command: an exit status, and it was said that there is none. */
int policies_get(const char *name, struct policy *p);
int policies_fail_unknown(const char *name);

/* Has the process the policy's link, or its map? */
bool policies_has(int pid, const struct policy *p);

/* Of one that was ejected: that it was, and why. In a line, or as an object of an array. */
void policies_tell_ejected(FILE *to, const struct unified_io_policy_info *info);
void policies_json_ejected(const struct unified_io_policy_info *info);

void policies_pin_path(char *path, const char *name);
bool policies_pin_is_dead(const char *path);

/*
 * Load the policies of a file, or one that is built in, with these knobs, see knobs.h, and
 * have them registered for as long as this process runs. An exit status; or -EEXIST, and
 * nothing was said: it is built in, and there is one of that name.
 */
int policy_hold(const char *what, const char *knobs, char (*names)[UNIFIED_POLICY_NAME_LEN],
		int *n);

#endif
