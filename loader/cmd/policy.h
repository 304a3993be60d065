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
	bool enforce;
};

int policy_load(void *values);
int policy_replace(void *values);
int policy_try(void *values);

#endif
