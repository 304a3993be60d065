/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For nic.c: all queues of an interface.
 */
#ifndef NIC_QUEUES_H
#define NIC_QUEUES_H

struct nic;
struct nl;

/* Fill nic->queues, of nic->ifindex. 0 or -errno. */
int nic_queues_get(struct nl *netdev, struct nic *nic);

#endif
