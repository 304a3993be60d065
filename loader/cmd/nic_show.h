/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What unifiedctl nic was told, and for nic.c: unifiedctl nic show.
 */
#ifndef NIC_SHOW_H
#define NIC_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "nic_state.h"

struct nic_options {
	const char *name; /* NULL: all */
	unsigned int queues[NIC_MAX_QUEUES], nr_queues;
	uint64_t port;	 /* 0: none */
	bool ipv4, ipv6; /* neither is as both */
	bool threaded, force;
	char **command;
};

int nic_show(void *values);

#endif
