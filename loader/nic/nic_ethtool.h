/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The settings of a network interface that matter for zero-copy receive, one
 * function each: through ethtool's netlink family, and through its ioctl where
 * that has no netlink, which is n-tuple rules.
 *
 * Functions return 0 or -errno; nl->words has what the kernel says besides.
 */
#ifndef NIC_ETHTOOL_H
#define NIC_ETHTOOL_H

#include <stdbool.h>
#include <stdint.h>

struct nic;
struct nl;

int nic_ethtool_open(struct nl *ethtool);

/* Fill in what these families of settings say; what is not supported stays empty. */
int nic_get_rings(struct nl *ethtool, struct nic *nic);
int nic_get_channels(struct nl *ethtool, struct nic *nic);
int nic_get_features(struct nl *ethtool, struct nic *nic);
int nic_get_rss(struct nl *ethtool, struct nic *nic);

/*
 * Ask for a split, ETHTOOL_TCP_DATA_SPLIT_*. What was asked for before no request tells,
 * only whether there is one: the kernel tells of a change, which is one of the wish.
 * changed: NULL, or was it one?
 */
int nic_set_split(struct nl *ethtool, const char *name, uint8_t split, bool *changed);
int nic_set_threshold(struct nl *ethtool, const char *name, uint32_t threshold);
/* rx, combined: -1 leaves a number as it is. */
int nic_set_channels(struct nl *ethtool, const char *name, int rx, int combined);
int nic_set_ntuple(struct nl *ethtool, const char *name, bool on);
/* The main table; nr 0: the driver's own. */
int nic_set_rss(struct nl *ethtool, const char *name, const uint32_t *table, unsigned int nr);

/*
 * Further tables, that rules can send packets to. -EOPNOTSUPP: the driver has none.
 * An id that is free is to be found, so that it can be noted before it is taken.
 */
int nic_free_context(struct nl *ethtool, const char *name, uint32_t *id);
int nic_create_context(struct nl *ethtool, const char *name, uint32_t id, const uint32_t *table,
		       unsigned int nr);
int nic_delete_context(struct nl *ethtool, const char *name, uint32_t id);
/* Does the context hold this table, over and over? -ENOENT: there is none. */
int nic_match_context(struct nl *ethtool, const char *name, uint32_t id, const uint32_t *table,
		      unsigned int nr, bool *same);

/* The driver by its name, in 32 bytes; empty where nobody tells. */
void nic_get_driver(const char *name, char *driver);

/* A rule that sends a TCP port to a queue or, if there is one, to a context. */
struct nic_rule {
	bool ipv6;
	uint16_t port;
	uint32_t queue, context;
	uint32_t location; /* NIC_ANYWHERE: it is the driver that decides */
};

#define NIC_ANYWHERE UINT32_MAX

int nic_count_rules(const char *name);
/* Where a new rule can be put. -ENOSPC: nowhere. */
int nic_free_location(const char *name, uint32_t *location);
/* Afterwards rule->location is where it is. */
int nic_insert_rule(const char *name, struct nic_rule *rule);
int nic_delete_rule(const char *name, uint32_t location);
/*
 * Is rule where it says that it is? Finds a location for NIC_ANYWHERE, too.
 * -ENOENT: no, or it does something else.
 */
int nic_find_rule(const char *name, struct nic_rule *rule);
/* Is there another rule for the port, or for some of it? -ENOENT: no; else its location. */
int nic_find_other_rule(const char *name, const struct nic_rule *rule, uint32_t *location);

#endif
