// SPDX-License-Identifier: GPL-2.0
/*
 * Rings, channels, features and RSS of a network interface through ethtool's
 * netlink family, see nic_ethtool.h.
 */
#include <assert.h>
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nic.h"
#include "nic_ethtool.h"
#include "nl.h"

/* NETIF_F_NTUPLE, as features are called in this family. */
#define NTUPLE "rx-ntuple-filter"

int nic_ethtool_open(struct nl *ethtool)
{
	return nl_open(ethtool, ETHTOOL_GENL_NAME, ETHTOOL_GENL_VERSION);
}

/* All headers have the same number, and the name of a device in the same place. */
static_assert(ETHTOOL_A_RINGS_HEADER == 1 && ETHTOOL_A_CHANNELS_HEADER == 1 &&
		      ETHTOOL_A_FEATURES_HEADER == 1 && ETHTOOL_A_RSS_HEADER == 1,
	      "the header is the first attribute");

static struct nlmsghdr *request(struct nl *ethtool, uint8_t cmd, uint16_t flags, const char *name)
{
	struct nlmsghdr *nlh = nl_request(ethtool, cmd, flags);
	struct nlattr *header = mnl_attr_nest_start(nlh, 1);

	mnl_attr_put_strz(nlh, ETHTOOL_A_HEADER_DEV_NAME, name);
	if (cmd == ETHTOOL_MSG_FEATURES_SET)
		mnl_attr_put_u32(nlh, ETHTOOL_A_HEADER_FLAGS, ETHTOOL_FLAG_OMIT_REPLY);
	mnl_attr_nest_end(nlh, header);
	return nlh;
}

/* Ask, where a driver that cannot answer is no error. */
static int get(struct nl *ethtool, uint8_t cmd, const char *name, mnl_cb_t cb, void *arg)
{
	int ret = nl_talk(ethtool, request(ethtool, cmd, 0, name), cb, arg);

	return ret == -EOPNOTSUPP ? 0 : ret;
}

/* --- rings ------------------------------------------------------------------ */

static int on_rings(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	struct nic *nic = arg;

	nl_for_each_attr(attr, nlh) {
		switch (mnl_attr_get_type(attr)) {
		case ETHTOOL_A_RINGS_TCP_DATA_SPLIT:
			nic->has_split = true;
			nic->split = mnl_attr_get_u8(attr);
			break;
		/* While nobody has asked for a split, it may be all that there is of it. */
		case ETHTOOL_A_RINGS_HDS_THRESH:
			nic->has_split = true;
			nic->has_threshold = true;
			nic->threshold = mnl_attr_get_u32(attr);
			break;
		case ETHTOOL_A_RINGS_HDS_THRESH_MAX:
			nic->threshold_max = mnl_attr_get_u32(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

int nic_get_rings(struct nl *ethtool, struct nic *nic)
{
	return get(ethtool, ETHTOOL_MSG_RINGS_GET, nic->name, on_rings, nic);
}

struct heard {
	const char *name;
	bool rings;
};

static int on_heard(const struct nlmsghdr *nlh, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *header, *attr;
	struct heard *heard = arg;

	if (genl->cmd != ETHTOOL_MSG_RINGS_NTF)
		return MNL_CB_OK;
	nl_for_each_attr(header, nlh) {
		if (mnl_attr_get_type(header) != ETHTOOL_A_RINGS_HEADER)
			continue;
		mnl_attr_for_each_nested(attr, header)
			if (mnl_attr_get_type(attr) == ETHTOOL_A_HEADER_DEV_NAME)
				heard->rings |= !strcmp(mnl_attr_get_str(attr), heard->name);
	}
	return MNL_CB_OK;
}

int nic_set_split(struct nl *ethtool, const char *name, uint8_t split, bool *changed)
{
	struct heard heard = { .name = name };
	struct nlmsghdr *nlh;
	int ret;

	ret = nl_join(ethtool, ETHTOOL_MCGRP_MONITOR_NAME);
	if (ret)
		return ret;
	nlh = request(ethtool, ETHTOOL_MSG_RINGS_SET, 0, name);
	mnl_attr_put_u8(nlh, ETHTOOL_A_RINGS_TCP_DATA_SPLIT, split);
	ret = nl_talk(ethtool, nlh, on_heard, &heard);
	nl_leave(ethtool);
	if (changed)
		*changed = heard.rings;
	return ret;
}

int nic_set_threshold(struct nl *ethtool, const char *name, uint32_t threshold)
{
	struct nlmsghdr *nlh = request(ethtool, ETHTOOL_MSG_RINGS_SET, 0, name);

	mnl_attr_put_u32(nlh, ETHTOOL_A_RINGS_HDS_THRESH, threshold);
	return nl_talk(ethtool, nlh, NULL, NULL);
}

/* --- channels --------------------------------------------------------------- */

static int on_channels(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	struct nic *nic = arg;

	nic->has_channels = true;
	nl_for_each_attr(attr, nlh) {
		switch (mnl_attr_get_type(attr)) {
		case ETHTOOL_A_CHANNELS_RX_MAX:
			nic->rx_max = mnl_attr_get_u32(attr);
			break;
		case ETHTOOL_A_CHANNELS_RX_COUNT:
			nic->rx = mnl_attr_get_u32(attr);
			break;
		case ETHTOOL_A_CHANNELS_COMBINED_MAX:
			nic->combined_max = mnl_attr_get_u32(attr);
			break;
		case ETHTOOL_A_CHANNELS_COMBINED_COUNT:
			nic->combined = mnl_attr_get_u32(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

int nic_get_channels(struct nl *ethtool, struct nic *nic)
{
	return get(ethtool, ETHTOOL_MSG_CHANNELS_GET, nic->name, on_channels, nic);
}

int nic_set_channels(struct nl *ethtool, const char *name, int rx, int combined)
{
	struct nlmsghdr *nlh = request(ethtool, ETHTOOL_MSG_CHANNELS_SET, 0, name);

	if (rx >= 0)
		mnl_attr_put_u32(nlh, ETHTOOL_A_CHANNELS_RX_COUNT, rx);
	if (combined >= 0)
		mnl_attr_put_u32(nlh, ETHTOOL_A_CHANNELS_COMBINED_COUNT, combined);
	return nl_talk(ethtool, nlh, NULL, NULL);
}

/* --- features --------------------------------------------------------------- */

static bool is_ntuple(const struct nlattr *bit)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, bit)
		if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_BIT_NAME)
			return !strcmp(mnl_attr_get_str(attr), NTUPLE);
	return false;
}

/* Bitsets of features have no mask: the bits that are listed are the ones that are set. */
static bool has_ntuple(const struct nlattr *bitset)
{
	const struct nlattr *bits, *bit;

	mnl_attr_for_each_nested(bits, bitset) {
		if (mnl_attr_get_type(bits) != ETHTOOL_A_BITSET_BITS)
			continue;
		mnl_attr_for_each_nested(bit, bits)
			if (is_ntuple(bit))
				return true;
	}
	return false;
}

static int on_features(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	struct nic *nic = arg;

	nic->ntuple_fixed = true;
	nl_for_each_attr(attr, nlh) {
		switch (mnl_attr_get_type(attr)) {
		case ETHTOOL_A_FEATURES_ACTIVE:
			nic->ntuple = has_ntuple(attr);
			break;
		case ETHTOOL_A_FEATURES_HW:
			nic->ntuple_fixed = !has_ntuple(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

int nic_get_features(struct nl *ethtool, struct nic *nic)
{
	return get(ethtool, ETHTOOL_MSG_FEATURES_GET, nic->name, on_features, nic);
}

/* A driver may leave a feature as it is, which is no error: look at it afterwards. */
int nic_set_ntuple(struct nl *ethtool, const char *name, bool on)
{
	struct nlmsghdr *nlh = request(ethtool, ETHTOOL_MSG_FEATURES_SET, 0, name);
	struct nlattr *wanted, *bits, *bit;
	struct nic nic = {};
	int ret;

	wanted = mnl_attr_nest_start(nlh, ETHTOOL_A_FEATURES_WANTED);
	bits = mnl_attr_nest_start(nlh, ETHTOOL_A_BITSET_BITS);
	bit = mnl_attr_nest_start(nlh, ETHTOOL_A_BITSET_BITS_BIT);
	mnl_attr_put_strz(nlh, ETHTOOL_A_BITSET_BIT_NAME, NTUPLE);
	if (on)
		mnl_attr_put(nlh, ETHTOOL_A_BITSET_BIT_VALUE, 0, NULL);
	mnl_attr_nest_end(nlh, bit);
	mnl_attr_nest_end(nlh, bits);
	mnl_attr_nest_end(nlh, wanted);
	ret = nl_talk(ethtool, nlh, NULL, NULL);
	if (ret)
		return ret;
	snprintf(nic.name, sizeof(nic.name), "%s", name);
	ret = nic_get_features(ethtool, &nic);
	if (ret)
		return ret;
	return nic.ntuple == on ? 0 : -EIO;
}

/* --- RSS -------------------------------------------------------------------- */

struct table {
	uint32_t context;
	uint32_t *entries;
	unsigned int nr;
};

static int on_table(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	struct table *table = arg;

	nl_for_each_attr(attr, nlh) {
		uint16_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != ETHTOOL_A_RSS_INDIR)
			continue;
		free(table->entries);
		table->nr = 0;
		table->entries = malloc(len);
		if (!table->entries)
			return MNL_CB_OK;
		memcpy(table->entries, mnl_attr_get_payload(attr), len);
		table->nr = len / sizeof(uint32_t);
	}
	return MNL_CB_OK;
}

/* A set of ids as they come in a dump: ascending. */
struct contexts {
	unsigned int nr;
	uint32_t free;
};

static int on_context(const struct nlmsghdr *nlh, void *arg)
{
	struct contexts *contexts = arg;
	const struct nlattr *attr;

	nl_for_each_attr(attr, nlh) {
		if (mnl_attr_get_type(attr) != ETHTOOL_A_RSS_CONTEXT)
			continue;
		contexts->nr++;
		if (mnl_attr_get_u32(attr) == contexts->free)
			contexts->free++;
	}
	return MNL_CB_OK;
}

static int dump_contexts(struct nl *ethtool, const char *name, struct contexts *contexts)
{
	struct nlmsghdr *nlh = request(ethtool, ETHTOOL_MSG_RSS_GET, NLM_F_DUMP, name);

	*contexts = (struct contexts){ .free = 1 };
	mnl_attr_put_u32(nlh, ETHTOOL_A_RSS_START_CONTEXT, 1);
	return nl_talk(ethtool, nlh, on_context, contexts);
}

int nic_get_rss(struct nl *ethtool, struct nic *nic)
{
	struct contexts contexts;
	struct table table = {};
	int ret;

	ret = get(ethtool, ETHTOOL_MSG_RSS_GET, nic->name, on_table, &table);
	if (!ret)
		ret = dump_contexts(ethtool, nic->name, &contexts);
	if (ret) {
		free(table.entries);
		return ret;
	}
	nic->rss = table.entries;
	nic->nr_rss = table.nr;
	nic->contexts = contexts.nr;
	return 0;
}

int nic_set_rss(struct nl *ethtool, const char *name, const uint32_t *table, unsigned int nr)
{
	struct nlmsghdr *nlh = request(ethtool, ETHTOOL_MSG_RSS_SET, 0, name);

	mnl_attr_put(nlh, ETHTOOL_A_RSS_INDIR, nr * sizeof(*table), table);
	return nl_talk(ethtool, nlh, NULL, NULL);
}

/* A driver that has no contexts says so even of one that does not exist. */
int nic_free_context(struct nl *ethtool, const char *name, uint32_t *id)
{
	struct contexts contexts;
	struct nlmsghdr *nlh;
	int ret;

	ret = dump_contexts(ethtool, name, &contexts);
	if (ret)
		return ret;
	nlh = request(ethtool, ETHTOOL_MSG_RSS_GET, 0, name);
	mnl_attr_put_u32(nlh, ETHTOOL_A_RSS_CONTEXT, contexts.free);
	ret = nl_talk(ethtool, nlh, NULL, NULL);
	if (ret != -ENOENT)
		return ret ? ret : -EBUSY;
	*id = contexts.free;
	return 0;
}

int nic_create_context(struct nl *ethtool, const char *name, uint32_t id, const uint32_t *table,
		       unsigned int nr)
{
	struct nlmsghdr *nlh = request(ethtool, ETHTOOL_MSG_RSS_CREATE_ACT, 0, name);

	mnl_attr_put_u32(nlh, ETHTOOL_A_RSS_CONTEXT, id);
	mnl_attr_put(nlh, ETHTOOL_A_RSS_INDIR, nr * sizeof(*table), table);
	return nl_talk(ethtool, nlh, NULL, NULL);
}

int nic_delete_context(struct nl *ethtool, const char *name, uint32_t id)
{
	struct nlmsghdr *nlh = request(ethtool, ETHTOOL_MSG_RSS_DELETE_ACT, 0, name);

	mnl_attr_put_u32(nlh, ETHTOOL_A_RSS_CONTEXT, id);
	return nl_talk(ethtool, nlh, NULL, NULL);
}

int nic_match_context(struct nl *ethtool, const char *name, uint32_t id, const uint32_t *table,
		      unsigned int nr, bool *same)
{
	struct nlmsghdr *nlh = request(ethtool, ETHTOOL_MSG_RSS_GET, 0, name);
	struct table got = {};
	unsigned int i;
	int ret;

	mnl_attr_put_u32(nlh, ETHTOOL_A_RSS_CONTEXT, id);
	ret = nl_talk(ethtool, nlh, on_table, &got);
	if (!ret) {
		*same = got.nr && nr;
		for (i = 0; *same && i < got.nr; i++)
			*same = got.entries[i] == table[i % nr];
	}
	free(got.entries);
	return ret;
}
