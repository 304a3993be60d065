/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The variables of a policy that is registered, whoever loaded it. They are found through
 * its programs, as maps may have any name.
 */
#ifndef POLICY_VARIABLES_H
#define POLICY_VARIABLES_H

#include "policies.h"
#include "variables.h"

struct policy_section {
	int fd;	     /* of its map; -1: no program of the policy uses it */
	void *value; /* a copy, as it was when it was looked at */
	uint32_t size, flags;
};

struct policy_variables {
	struct variables vars;
	struct btf *btf;
	struct policy_section section[NR_SECTIONS];
};

/*
 * One without BTF has none. 0 or -errno; -ENOENT: the policy went away, or was replaced,
 * meanwhile.
 */
int policy_variables_open(struct policy_variables *pv, const struct policy *p);
void policy_variables_close(struct policy_variables *pv);

/* Take the copy of one that has a map once more. */
int policy_section_look(struct policy_section *s);

/*
 * The section, mapped to be written; it is unmapped by munmap(). -errno; -EOPNOTSUPP: its
 * map is not made for that.
 */
int policy_section_map(const struct policy_section *s, void **mapped);

#endif
