/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network interface is set up for zero-copy receive, and made again what it was.
 *
 * nic_setup() and the functions on what it returns give an exit status; where
 * that is not 0, fail() has said why.
 */
#ifndef NIC_SETUP_H
#define NIC_SETUP_H

#include <stdbool.h>
#include <sys/types.h>

struct nic_setup;

/*
 * Make these queues of ifname receive what is for that TCP port and nothing else,
 * with payload apart from headers. Port 0: they receive nothing, until rules are
 * made. What was is noted before anything is changed, so that it can be restored
 * also if this process is killed; what a killed one left is restored first. If
 * this fails, all is as it was.
 *
 * An interface that was prepared by "unifiedctl nic setup" for the same queues and
 * port is taken as it is.
 */
int nic_setup(struct nic_setup **setup, const char *ifname, const unsigned int *queues,
	      unsigned int nr_queues, unsigned int port, bool ipv4, bool ipv6);

/* Does it work less well than it should? A sentence to be shown; NULL: no. */
const char *nic_setup_note(const struct nic_setup *setup);

/* The interface by the name that settings go by, and its number. */
const char *nic_setup_name(const struct nic_setup *setup);
unsigned int nic_setup_ifindex(const struct nic_setup *setup);

/*
 * Have a kernel thread of its own poll the queue, until nic_restore(), and tell its
 * pid. Call it once the queue is bound to a ring: that makes another thread. On an
 * interface that was prepared by hand, the thread stays.
 */
int nic_setup_thread(struct nic_setup *setup, unsigned int queue, pid_t *pid);

/*
 * Make the interface what it was. The rings that use its queues are closed before;
 * the kernel frees the queues a moment later, which is waited for. Frees setup.
 */
int nic_restore(struct nic_setup *setup);
/* Leave it, until "unifiedctl nic restore". Frees setup. */
int nic_keep(struct nic_setup *setup);

/* --- for "unifiedctl nic restore" -------------------------------------------- */

struct nic_report {
	char name[16];
	char done[16][96]; /* what was made what it was; may be less than all of it */
	unsigned int nr_done;
	char why[512]; /* why not all was */
};

/*
 * Restore from what is noted. -ENOENT: nothing is; -EBUSY: the process that set it
 * up is alive, and force was not given. In report->why is a sentence for any error.
 */
int nic_restore_saved(const char *name, bool force, struct nic_report *report);

#endif
