/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What unifiedctl policy was told, and the verbs that have files of their own.
 */
#ifndef CMD_POLICY_H
#define CMD_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct policy_options {
	const char *name; /* of a policy, or of a file of them */
	const char *file; /* of data */
	uint32_t region;
	bool enforce, keep;
	const char *settings[32]; /* "KNOB=VALUE" */
	unsigned int nr_settings;
};

struct policy;

int policy_load(void *values);
int policy_replace(void *values);
int policy_try(void *values);
int policy_set(void *values);
int policy_help(void *values);

/*
 * policy_knobs.c: the knobs and counters of a policy, as lines or as members of a JSON
 * object. An exit status.
 */
int policy_show_variables(const struct policy *p);

#endif
