// SPDX-License-Identifier: GPL-2.0
/*
 * Which of a port's rx queues a frame is for: n-tuple rules, which name a queue or
 * an RSS table (context) of their own, then the main RSS table.
 *
 * Written under the port's instance lock, by ethtool. Read by the peer's xmit:
 * the tables word by word, the rules as one object under RCU, which is replaced
 * whole. A frame may be steered by what was there a moment ago; a queue that
 * is down by then misses it.
 */
#include <linux/crc32.h>
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/netdev_lock.h>

#include "testnic.h"

/* --- in xmit ------------------------------------------------------------- */

/* Length of the headers of a frame with TCP, and its key; 0 for all else. */
static u32 testnic_parse(const struct sk_buff *skb, struct testnic_key *key, bool *ipv6)
{
	const struct ethhdr *eth;
	const struct tcphdr *tcp;
	u32 at = ETH_HLEN;
	union {
		struct ethhdr eth;
		struct iphdr ip;
		struct ipv6hdr ip6;
		struct tcphdr tcp;
	} copy;

	memset(key, 0, sizeof(*key));
	eth = skb_header_pointer(skb, 0, sizeof(copy.eth), &copy);
	if (!eth)
		return 0;

	if (eth->h_proto == htons(ETH_P_IP)) {
		const struct iphdr *ip = skb_header_pointer(skb, at, sizeof(*ip), &copy);

		if (!ip || ip->protocol != IPPROTO_TCP || ip_is_fragment(ip))
			return 0;
		key->src[0] = ip->saddr;
		key->dst[0] = ip->daddr;
		*ipv6 = false;
		at += ip->ihl * 4;
	} else if (eth->h_proto == htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip6 = skb_header_pointer(skb, at, sizeof(*ip6), &copy);

		if (!ip6 || ip6->nexthdr != IPPROTO_TCP)
			return 0;
		memcpy(key->src, &ip6->saddr, sizeof(key->src));
		memcpy(key->dst, &ip6->daddr, sizeof(key->dst));
		*ipv6 = true;
		at += sizeof(*ip6);
	} else {
		return 0;
	}

	tcp = skb_header_pointer(skb, at, sizeof(*tcp), &copy);
	if (!tcp)
		return 0;
	key->sport = tcp->source;
	key->dport = tcp->dest;
	return min(at + tcp->doff * 4, skb->len);
}

static bool testnic_rule_matches(const struct testnic_rule *rule, const struct testnic_key *key,
				 bool ipv6)
{
	u32 differ = 0;
	int i;

	if (rule->ipv6 != ipv6)
		return false;
	for (i = 0; i < ARRAY_SIZE(key->word); i++)
		differ |= (rule->value.word[i] ^ key->word[i]) & rule->mask.word[i];
	return !differ;
}

static int testnic_spread(const struct testnic_port *port, unsigned int context, u32 hash)
{
	return READ_ONCE(port->rss[context][hash % TESTNIC_RSS_SIZE]);
}

static int testnic_match(struct testnic_port *port, const struct testnic_key *key, bool ipv6,
			 u32 hash)
{
	const struct testnic_rule *rule;
	const struct testnic_rules *rules;
	unsigned int i;

	if (!(port->dev->features & NETIF_F_NTUPLE))
		return -1;

	guard(rcu)();
	rules = rcu_dereference(port->rules);
	for (i = 0; rules && i < rules->count; i++) {
		rule = &rules->rule[i];
		if (!testnic_rule_matches(rule, key, ipv6))
			continue;
		if (rule->spec.flow_type & FLOW_RSS)
			return testnic_spread(port, rule->context, hash);
		return rule->spec.ring_cookie;
	}
	return -1;
}

/*
 * The rx queue of @port for a frame of its peer's, which takes the frame's cb.
 * A frame whose checksum the sender made itself is not split: the stack has to
 * look at all of it.
 */
struct testnic_rxq *testnic_steer(struct testnic_port *port, struct sk_buff *skb)
{
	struct testnic_cb *cb = testnic_cb(skb);
	struct testnic_key key;
	bool ipv6 = false;
	u32 header, hash;
	int queue = -1;

	header = testnic_parse(skb, &key, &ipv6);
	if (header) {
		hash = crc32c(~0, &key, sizeof(key));
		queue = testnic_match(port, &key, ipv6, hash);
		if (skb->ip_summed == CHECKSUM_NONE || skb->ip_summed == CHECKSUM_COMPLETE)
			header = 0;
	} else {
		hash = skb_get_hash(skb);
	}
	if (queue < 0)
		queue = testnic_spread(port, 0, hash);
	cb->hash = hash;
	cb->header = header;
	return &port->rxq[queue];
}

/* --- RSS ----------------------------------------------------------------- */

void testnic_rss_spread(struct testnic_port *port, unsigned int queues)
{
	int i;

	for (i = 0; i < TESTNIC_RSS_SIZE; i++)
		WRITE_ONCE(port->rss[0][i], ethtool_rxfh_indir_default(i, queues));
}

u32 testnic_get_rss_size(struct net_device *dev)
{
	return TESTNIC_RSS_SIZE;
}

int testnic_get_rss(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
{
	struct testnic_port *port = netdev_priv(dev);
	int i;

	rxfh->hfunc = ETH_RSS_HASH_CRC32;
	if (rxfh->indir)
		for (i = 0; i < TESTNIC_RSS_SIZE; i++)
			rxfh->indir[i] = port->rss[0][i];
	return 0;
}

static int testnic_write_rss(struct testnic_port *port, unsigned int context,
			     const struct ethtool_rxfh_param *rxfh)
{
	int i;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE && rxfh->hfunc != ETH_RSS_HASH_CRC32)
		return -EOPNOTSUPP;
	if (rxfh->indir)
		for (i = 0; i < TESTNIC_RSS_SIZE; i++)
			WRITE_ONCE(port->rss[context][i], rxfh->indir[i]);
	return 0;
}

int testnic_set_rss(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		    struct netlink_ext_ack *extack)
{
	return testnic_write_rss(netdev_priv(dev), 0, rxfh);
}

int testnic_create_context(struct net_device *dev, struct ethtool_rxfh_context *ctx,
			   const struct ethtool_rxfh_param *rxfh, struct netlink_ext_ack *extack)
{
	struct testnic_port *port = netdev_priv(dev);
	u32 *table = ethtool_rxfh_context_indir(ctx);
	int i;

	/* Without a table of its own, a context begins as all do. */
	for (i = 0; !rxfh->indir && i < TESTNIC_RSS_SIZE; i++) {
		table[i] = ethtool_rxfh_indir_default(i, dev->real_num_rx_queues);
		WRITE_ONCE(port->rss[rxfh->rss_context][i], table[i]);
	}
	return testnic_write_rss(port, rxfh->rss_context, rxfh);
}

int testnic_modify_context(struct net_device *dev, struct ethtool_rxfh_context *ctx,
			   const struct ethtool_rxfh_param *rxfh, struct netlink_ext_ack *extack)
{
	return testnic_write_rss(netdev_priv(dev), rxfh->rss_context, rxfh);
}

/* The core has seen that no rule leads there. */
int testnic_remove_context(struct net_device *dev, struct ethtool_rxfh_context *ctx,
			   u32 rss_context, struct netlink_ext_ack *extack)
{
	return 0;
}

/* --- n-tuple rules ------------------------------------------------------- */

static struct testnic_rules *testnic_rules(struct testnic_port *port)
{
	return rcu_dereference_protected(port->rules, lockdep_is_held(&port->dev->lock));
}

static void testnic_rules_publish(struct testnic_port *port, struct testnic_rules *rules)
{
	struct testnic_rules *old = testnic_rules(port);

	rcu_assign_pointer(port->rules, rules);
	kfree_rcu(old, rcu);
}

static int testnic_rule_parse(struct net_device *dev, const struct ethtool_rxnfc *nfc,
			      struct testnic_rule *rule)
{
	const struct ethtool_rx_flow_spec *spec = &nfc->fs;
	const struct ethtool_tcpip4_spec *v4 = &spec->h_u.tcp_ip4_spec;
	const struct ethtool_tcpip4_spec *m4 = &spec->m_u.tcp_ip4_spec;
	const struct ethtool_tcpip6_spec *v6 = &spec->h_u.tcp_ip6_spec;
	const struct ethtool_tcpip6_spec *m6 = &spec->m_u.tcp_ip6_spec;

	/* That covers RX_CLS_FLOW_DISC and virtual functions, which it has none of. */
	if (spec->ring_cookie >= dev->real_num_rx_queues || spec->location >= TESTNIC_RULES)
		return -EINVAL;

	memset(rule, 0, sizeof(*rule));
	rule->spec = *spec;
	if (spec->flow_type & FLOW_RSS)
		rule->context = nfc->rss_context;
	switch (spec->flow_type & ~FLOW_RSS) {
	case TCP_V4_FLOW:
		if (m4->tos)
			return -EOPNOTSUPP;
		rule->value = (struct testnic_key){
			.src = { v4->ip4src },
			.dst = { v4->ip4dst },
			.sport = v4->psrc,
			.dport = v4->pdst,
		};
		rule->mask = (struct testnic_key){
			.src = { m4->ip4src },
			.dst = { m4->ip4dst },
			.sport = m4->psrc,
			.dport = m4->pdst,
		};
		return 0;
	case TCP_V6_FLOW:
		if (m6->tclass)
			return -EOPNOTSUPP;
		rule->ipv6 = true;
		memcpy(rule->value.src, v6->ip6src, sizeof(rule->value.src));
		memcpy(rule->value.dst, v6->ip6dst, sizeof(rule->value.dst));
		rule->value.sport = v6->psrc;
		rule->value.dport = v6->pdst;
		memcpy(rule->mask.src, m6->ip6src, sizeof(rule->mask.src));
		memcpy(rule->mask.dst, m6->ip6dst, sizeof(rule->mask.dst));
		rule->mask.sport = m6->psrc;
		rule->mask.dport = m6->pdst;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* The index of the first rule at or behind a location. */
static unsigned int testnic_rules_find(const struct testnic_rules *rules, u32 location)
{
	unsigned int i;

	for (i = 0; i < rules->count; i++)
		if (rules->rule[i].spec.location >= location)
			break;
	return i;
}

static bool testnic_rules_has(const struct testnic_rules *rules, unsigned int i, u32 location)
{
	return i < rules->count && rules->rule[i].spec.location == location;
}

/* A copy of the rules with the one at a location replaced by @rule, or by nothing. */
static int testnic_rules_change(struct testnic_port *port, u32 location,
				const struct testnic_rule *rule)
{
	struct testnic_rules *old = testnic_rules(port), *new;
	unsigned int at = testnic_rules_find(old, location);
	unsigned int gone = testnic_rules_has(old, at, location);
	unsigned int come = !!rule;

	new = kzalloc_flex(*new, rule, old->count - gone + come);
	if (!new)
		return -ENOMEM;

	/* A compiler that knows counted_by sets this, too; others do not. */
	new->count = old->count - gone + come;
	memcpy(new->rule, old->rule, at * sizeof(*rule));
	if (rule)
		new->rule[at] = *rule;
	memcpy(new->rule + at + come, old->rule + at + gone,
	       (old->count - at - gone) * sizeof(*rule));
	testnic_rules_publish(port, new);
	return 0;
}

int testnic_set_rxnfc(struct net_device *dev, struct ethtool_rxnfc *nfc)
{
	struct testnic_port *port = netdev_priv(dev);
	const struct testnic_rules *rules = testnic_rules(port);
	u32 location = nfc->fs.location;
	struct testnic_rule rule;
	int err;

	switch (nfc->cmd) {
	case ETHTOOL_SRXCLSRLINS:
		err = testnic_rule_parse(dev, nfc, &rule);
		if (err)
			return err;
		return testnic_rules_change(port, location, &rule);
	case ETHTOOL_SRXCLSRLDEL:
		if (!testnic_rules_has(rules, testnic_rules_find(rules, location), location))
			return -ENOENT;
		return testnic_rules_change(port, location, NULL);
	default:
		return -EOPNOTSUPP;
	}
}

int testnic_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *nfc, u32 *locations)
{
	const struct testnic_rules *rules = testnic_rules(netdev_priv(dev));
	unsigned int i;

	switch (nfc->cmd) {
	case ETHTOOL_GRXCLSRLCNT:
		nfc->rule_cnt = rules->count;
		nfc->data = TESTNIC_RULES;
		return 0;
	case ETHTOOL_GRXCLSRULE:
		i = testnic_rules_find(rules, nfc->fs.location);
		if (!testnic_rules_has(rules, i, nfc->fs.location))
			return -ENOENT;
		nfc->fs = rules->rule[i].spec;
		nfc->rss_context = rules->rule[i].context;
		return 0;
	case ETHTOOL_GRXCLSRLALL:
		if (nfc->rule_cnt < rules->count)
			return -EMSGSIZE;
		for (i = 0; i < rules->count; i++)
			locations[i] = rules->rule[i].spec.location;
		nfc->rule_cnt = rules->count;
		nfc->data = TESTNIC_RULES;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int testnic_flow_init(struct testnic_port *port)
{
	struct testnic_rules *none = kzalloc_flex(*none, rule, 0);

	if (!none)
		return -ENOMEM;
	RCU_INIT_POINTER(port->rules, none);
	testnic_rss_spread(port, TESTNIC_QUEUES);
	return 0;
}

/* Nobody sends to the port any more. */
void testnic_flow_exit(struct testnic_port *port)
{
	kfree(rcu_dereference_protected(port->rules, true));
}
