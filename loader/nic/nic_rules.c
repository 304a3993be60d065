// SPDX-License-Identifier: GPL-2.0
/*
 * What ethtool has no netlink for: n-tuple rules and the name of the driver,
 * through its ioctl, see nic_ethtool.h.
 *
 * Of a rule, only what ours have is looked at: a TCP port, and where it leads.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nic_ethtool.h"

static int ethtool_ioctl(const char *name, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };
	int fd, ret;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	return ret;
}

void nic_get_driver(const char *name, char *driver)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (ethtool_ioctl(name, &info))
		info.driver[0] = '\0';
	snprintf(driver, sizeof(info.driver), "%.*s", (int)sizeof(info.driver) - 1, info.driver);
}

int nic_count_rules(const char *name)
{
	struct ethtool_rxnfc rules = { .cmd = ETHTOOL_GRXCLSRLCNT };
	int ret = ethtool_ioctl(name, &rules);

	return ret ? ret : (int)rules.rule_cnt;
}

/*
 * The locations of all rules; free() it. count: of rules, size: of the table.
 * There may be more rules than were counted a moment ago, which is -EMSGSIZE.
 */
static int list_rules(const char *name, struct ethtool_rxnfc **list)
{
	int count = nic_count_rules(name), ret;
	struct ethtool_rxnfc *rules;

	if (count < 0)
		return count;
	rules = calloc(1, sizeof(*rules) + count * sizeof(rules->rule_locs[0]));
	if (!rules)
		return -ENOMEM;
	rules->cmd = ETHTOOL_GRXCLSRLALL;
	rules->rule_cnt = count;
	ret = ethtool_ioctl(name, rules);
	if (ret) {
		free(rules);
		return ret;
	}
	*list = rules;
	return 0;
}

static int get_rule(const char *name, uint32_t location, struct ethtool_rxnfc *rule)
{
	*rule = (struct ethtool_rxnfc){ .cmd = ETHTOOL_GRXCLSRULE };
	rule->fs.location = location;
	return ethtool_ioctl(name, rule);
}

static bool is_used(const struct ethtool_rxnfc *rules, uint32_t location)
{
	uint32_t i;

	for (i = 0; i < rules->rule_cnt; i++)
		if (rules->rule_locs[i] == location)
			return true;
	return false;
}

/* From the end, as ethtool(8) does: what has a lower location comes first. */
int nic_free_location(const char *name, uint32_t *location)
{
	struct ethtool_rxnfc count = { .cmd = ETHTOOL_GRXCLSRLCNT }, *rules;
	uint32_t at;
	int ret;

	ret = ethtool_ioctl(name, &count);
	if (ret)
		return ret;
	if (count.data & RX_CLS_LOC_SPECIAL) {
		*location = NIC_ANYWHERE;
		return 0;
	}
	ret = list_rules(name, &rules);
	if (ret)
		return ret;
	for (at = rules->data; at && is_used(rules, at - 1); at--)
		;
	free(rules);
	if (!at)
		return -ENOSPC;
	*location = at - 1;
	return 0;
}

static void describe(const struct nic_rule *rule, struct ethtool_rxnfc *nfc)
{
	struct ethtool_tcpip6_spec *tcp6 = &nfc->fs.h_u.tcp_ip6_spec;
	struct ethtool_tcpip4_spec *tcp4 = &nfc->fs.h_u.tcp_ip4_spec;

	nfc->fs.flow_type = rule->ipv6 ? TCP_V6_FLOW : TCP_V4_FLOW;
	if (rule->ipv6) {
		tcp6->pdst = htons(rule->port);
		nfc->fs.m_u.tcp_ip6_spec.pdst = 0xffff;
	} else {
		tcp4->pdst = htons(rule->port);
		nfc->fs.m_u.tcp_ip4_spec.pdst = 0xffff;
	}
	if (rule->context) {
		nfc->fs.flow_type |= FLOW_RSS;
		nfc->rss_context = rule->context;
	} else {
		nfc->fs.ring_cookie = rule->queue;
	}
}

int nic_insert_rule(const char *name, struct nic_rule *rule)
{
	struct ethtool_rxnfc nfc = { .cmd = ETHTOOL_SRXCLSRLINS };
	int ret;

	describe(rule, &nfc);
	nfc.fs.location = rule->location == NIC_ANYWHERE ? RX_CLS_LOC_ANY : rule->location;
	ret = ethtool_ioctl(name, &nfc);
	if (!ret)
		rule->location = nfc.fs.location;
	return ret;
}

int nic_delete_rule(const char *name, uint32_t location)
{
	struct ethtool_rxnfc nfc = { .cmd = ETHTOOL_SRXCLSRLDEL };

	nfc.fs.location = location;
	return ethtool_ioctl(name, &nfc);
}

/* Is it for this port of TCP, or for some of what comes there? */
static bool same_port(const struct ethtool_rxnfc *nfc, const struct nic_rule *rule)
{
	const struct ethtool_rx_flow_spec *fs = &nfc->fs;
	uint16_t port = htons(rule->port);

	switch (fs->flow_type & ~(FLOW_RSS | FLOW_EXT | FLOW_MAC_EXT)) {
	case TCP_V4_FLOW:
		return !rule->ipv6 && fs->h_u.tcp_ip4_spec.pdst == port &&
		       fs->m_u.tcp_ip4_spec.pdst == 0xffff;
	case TCP_V6_FLOW:
		return rule->ipv6 && fs->h_u.tcp_ip6_spec.pdst == port &&
		       fs->m_u.tcp_ip6_spec.pdst == 0xffff;
	default:
		return false;
	}
}

/* Is it for this port, wherever that comes from and whichever address it is for? */
static bool all_of_port(const struct ethtool_rxnfc *nfc, const struct nic_rule *rule)
{
	const struct ethtool_tcpip4_spec *tcp4 = &nfc->fs.m_u.tcp_ip4_spec;
	const struct ethtool_tcpip6_spec *tcp6 = &nfc->fs.m_u.tcp_ip6_spec;
	static const __be32 any[4];

	if (!same_port(nfc, rule) || nfc->fs.flow_type & (FLOW_EXT | FLOW_MAC_EXT))
		return false;
	if (rule->ipv6)
		return !memcmp(tcp6->ip6src, any, sizeof(any)) &&
		       !memcmp(tcp6->ip6dst, any, sizeof(any)) && !tcp6->psrc && !tcp6->tclass;
	return !tcp4->ip4src && !tcp4->ip4dst && !tcp4->psrc && !tcp4->tos;
}

static bool same_goal(const struct ethtool_rxnfc *nfc, const struct nic_rule *rule)
{
	if (rule->context)
		return nfc->fs.flow_type & FLOW_RSS && nfc->rss_context == rule->context;
	return !(nfc->fs.flow_type & FLOW_RSS) && nfc->fs.ring_cookie == rule->queue;
}

static bool does_same(const struct ethtool_rxnfc *nfc, const struct nic_rule *rule)
{
	return all_of_port(nfc, rule) && same_goal(nfc, rule);
}

/* Look at all rules for the port until one does the same as rule, or something else. */
static int search(const char *name, const struct nic_rule *rule, bool same, uint32_t *location)
{
	struct ethtool_rxnfc nfc, *rules;
	uint32_t i;
	int ret;

	ret = list_rules(name, &rules);
	if (ret)
		return ret;
	ret = -ENOENT;
	for (i = 0; i < rules->rule_cnt; i++) {
		if (get_rule(name, rules->rule_locs[i], &nfc))
			continue;
		if (!same_port(&nfc, rule) || does_same(&nfc, rule) != same)
			continue;
		*location = rules->rule_locs[i];
		ret = 0;
		break;
	}
	free(rules);
	return ret;
}

int nic_find_rule(const char *name, struct nic_rule *rule)
{
	struct ethtool_rxnfc nfc;
	int ret;

	if (rule->location == NIC_ANYWHERE)
		return search(name, rule, true, &rule->location);
	ret = get_rule(name, rule->location, &nfc);
	/* Drivers differ in how they say that there is none. */
	if (ret == -EINVAL || ret == -ESRCH)
		return -ENOENT;
	if (ret)
		return ret;
	return does_same(&nfc, rule) ? 0 : -ENOENT;
}

int nic_find_other_rule(const char *name, const struct nic_rule *rule, uint32_t *location)
{
	return search(name, rule, false, location);
}
