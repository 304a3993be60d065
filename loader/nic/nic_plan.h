/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A set-up in the making, for nic_setup.c: what is wanted, what was found, what
 * follows from that.
 */
#ifndef NIC_PLAN_H
#define NIC_PLAN_H

#include "nic.h"
#include "nic_state.h"
#include "nl.h"

struct nic_setup {
	struct nl ethtool;
	struct nic nic; /* as it was found */
	struct nic_state state;
	bool noted;  /* the file is ours */
	int lock;    /* of the files, while it is set up or restored; -1: not ours */
	bool shared; /* with all other traffic */
	bool wants_context;
	char note[256];
	char why[768];
};

/* Say why it cannot be done, in s->why. Returns err. */
int nic_refuse(struct nic_setup *s, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The kernel or the driver refused: with what it said, if it said anything. */
int nic_refused(struct nic_setup *s, int err, const char *what);

/*
 * See that the interface can do what is wanted, find out what has to change, and
 * note in s->state what that is now. Changes nothing. 0 or -errno.
 */
int nic_plan(struct nic_setup *s);

bool nic_is_chosen(const struct nic_state *state, unsigned int queue);
/* How many queues it is to have: one besides those that are chosen, if it can. */
unsigned int nic_wanted_queues(const struct nic_setup *s);
/* Do rules steer the port, not the main table? */
bool nic_needs_rule(const struct nic_setup *s);
/* A main table of nr entries: the queues that hashed packets may go to. free() it. */
uint32_t *nic_make_table(const struct nic_setup *s, unsigned int nr);

#endif
