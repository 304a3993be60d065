/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An interface is watched: it may be removed, or moved to another network namespace.
 */
#ifndef NIC_WATCH_H
#define NIC_WATCH_H

#include <stdbool.h>

struct mnl_socket;

struct nic_watch {
	struct mnl_socket *socket; /* NULL: nothing is watched */
	unsigned int ifindex;
};

/* 0 or -errno. */
int nic_watch_open(struct nic_watch *watch, unsigned int ifindex);
void nic_watch_close(struct nic_watch *watch);

/* Readable when there is reason to ask; -1: nothing is watched. */
int nic_watch_fd(const struct nic_watch *watch);
bool nic_watch_gone(const struct nic_watch *watch);

#endif
