/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a network interface was before it was set up, and what was added to it,
 * in a file that outlives the process that did it: NIC_STATE_DIR/nic-IF, lines
 * of words, written as a whole or not at all. Files are made, changed and removed
 * under one lock, as set-ups and restores are.
 *
 * Functions return 0 or -errno.
 */
#ifndef NIC_STATE_H
#define NIC_STATE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "nic_ethtool.h"

#define NIC_STATE_DIR  "/run/unified-io"
#define NIC_MAX_QUEUES 64

struct nic_state {
	/* What it is noted under, which it may not be called any more; what it is. */
	char name[IF_NAMESIZE];
	unsigned int ifindex;
	struct {
		unsigned long long dev, ino;
	} netns;
	/* Whose it is, and when that process began; pid 0: it stays until "nic restore". */
	pid_t pid;
	unsigned long long start;

	/* What it was set up for. */
	unsigned int queues[NIC_MAX_QUEUES], nr_queues;
	unsigned int port;
	bool ipv4, ipv6; /* what comes of the port */

	/* What was, of what is changed. */
	bool has_split;
	uint8_t split; /* ETHTOOL_TCP_DATA_SPLIT_* */
	bool has_threshold;
	uint32_t threshold;
	bool has_channels;
	uint32_t rx, combined;
	bool has_ntuple;	/* it was off */
	unsigned int nr_others; /* rules that there were even so */
	bool has_rss, rss_default;
	uint32_t *rss;
	unsigned int nr_rss;

	/* What is added. */
	uint32_t context; /* 0: none */
	struct nic_rule rules[2];
	unsigned int nr_rules;
	unsigned int threaded[NIC_MAX_QUEUES], nr_threaded;
};

/* A file descriptor: close() it. Waits for whoever has the lock. */
int nic_state_lock(void);

/* -EEXIST: somebody was there before. */
int nic_state_create(const struct nic_state *state);
int nic_state_update(const struct nic_state *state);
/* -ENOENT: there is none; -EBADMSG: it makes no sense. nic_state_free() it. */
int nic_state_read(const char *name, struct nic_state *state);
/* What is noted of the interface of that name or, if nothing is, under that name. */
int nic_state_find(const char *name, struct nic_state *state);
void nic_state_remove(const char *name);
void nic_state_free(struct nic_state *state);

/* Make this process the owner, and its network namespace the interface's. */
void nic_state_own(struct nic_state *state);
/* Is the interface of this process's network namespace, if it still is? */
bool nic_state_is_here(const struct nic_state *state);
/* -ENODEV: it is not any more; -EXDEV: it is not of this network namespace. */
int nic_state_get_name(const struct nic_state *state, char *name);
/* Does the process live that owns it? */
bool nic_state_is_owned(const struct nic_state *state);
/*
 * Is what is noted this process's? Not if somebody has restored it by force, and
 * perhaps set it up for another one.
 */
bool nic_state_is_ours(const char *name);

/* Call seen for the name of each; stop where it returns not 0. */
int nic_state_for_each(int (*seen)(const char *name, void *arg), void *arg);

void nic_state_path(const char *name, char *path, size_t size);

#endif
