// SPDX-License-Identifier: GPL-2.0
/*
 * What ethtool sees and sets, beside flows. All of it under the instance lock.
 *
 * The core keeps what the user wants of header split in the device's config,
 * and refuses what a memory provider does not allow; the port has a word of its
 * own for poll, as that config is replaced under the lock.
 */
#include <linux/ethtool_netlink.h>
#include <net/netdev_lock.h>
#include <net/netdev_queues.h>

#include "testnic.h"

#define TESTNIC_HDS_THRESH_MAX 65535

enum {
	TESTNIC_FLAG_PACK,
	TESTNIC_FLAG_SPLIT_UNASKED,
	TESTNIC_FLAG_TELL_CONFIG,
};

static const char testnic_flag_names[][ETH_GSTRING_LEN] = {
	[TESTNIC_FLAG_PACK] = "pack-payloads",
	[TESTNIC_FLAG_SPLIT_UNASKED] = "split-unasked",
	[TESTNIC_FLAG_TELL_CONFIG] = "tell-config",
};

static const char testnic_rx_names[TESTNIC_RX_STATS][ETH_GSTRING_LEN] = {
	[TESTNIC_RX_POLLS] = "polls",		[TESTNIC_RX_PACKETS] = "packets",
	[TESTNIC_RX_BYTES] = "bytes",		[TESTNIC_RX_ALLOC_FAIL] = "alloc_fail",
	[TESTNIC_RX_DROPS] = "drops",		[TESTNIC_RX_SPLIT] = "split",
	[TESTNIC_RX_UNSPLIT] = "unsplit",	[TESTNIC_RX_IOV_FRAGS] = "iov_frags",
	[TESTNIC_RX_PAGE_FRAGS] = "page_frags", [TESTNIC_RX_SHARED_FRAGS] = "shared_frags",
};

static void testnic_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, KBUILD_MODNAME);
	info->n_priv_flags = ARRAY_SIZE(testnic_flag_names);
}

static void testnic_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
				  struct kernel_ethtool_ringparam *kring,
				  struct netlink_ext_ack *extack)
{
	struct testnic_port *port = netdev_priv(dev);

	ring->rx_pending = port->ring;
	ring->rx_max_pending = TESTNIC_RING_MAX;
	kring->hds_thresh_max = TESTNIC_HDS_THRESH_MAX;
	/* What the core has put there is what was asked for, and nothing if nobody has. */
	if (port->tell_config)
		return;
	kring->tcp_data_split = port->split_above == TESTNIC_SPLIT_OFF
					? ETHTOOL_TCP_DATA_SPLIT_DISABLED
					: ETHTOOL_TCP_DATA_SPLIT_ENABLED;
}

/* Where nobody has asked for anything, it is the driver that decides. */
static void testnic_set_split(struct testnic_port *port, u8 split, u32 above)
{
	if (split == ETHTOOL_TCP_DATA_SPLIT_DISABLED ||
	    (split == ETHTOOL_TCP_DATA_SPLIT_UNKNOWN && !port->split_unasked))
		above = TESTNIC_SPLIT_OFF;
	WRITE_ONCE(port->split_above, above);
}

static int testnic_set_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
				 struct kernel_ethtool_ringparam *kring,
				 struct netlink_ext_ack *extack)
{
	struct testnic_port *port = netdev_priv(dev);

	if (!ring->rx_pending) {
		NL_SET_ERR_MSG_MOD(extack, "a ring has one entry or more");
		return -EINVAL;
	}
	testnic_set_split(port, kring->tcp_data_split, kring->hds_thresh);
	WRITE_ONCE(port->ring, ring->rx_pending);
	return 0;
}

static void testnic_get_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	channels->max_rx = TESTNIC_QUEUES_MAX;
	channels->max_combined = TESTNIC_QUEUES_MAX;
	channels->combined_count = dev->real_num_tx_queues;
	channels->rx_count = dev->real_num_rx_queues - dev->real_num_tx_queues;
}

static int testnic_set_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	unsigned int rx = channels->rx_count + channels->combined_count;

	if (rx > TESTNIC_QUEUES_MAX)
		return -EINVAL;
	return testnic_set_queues(netdev_priv(dev), rx, channels->combined_count);
}

static u32 testnic_get_rx_ring_count(struct net_device *dev)
{
	return dev->real_num_rx_queues;
}

static int testnic_get_sset_count(struct net_device *dev, int set)
{
	switch (set) {
	case ETH_SS_STATS:
		return dev->real_num_rx_queues * TESTNIC_RX_STATS;
	case ETH_SS_PRIV_FLAGS:
		return ARRAY_SIZE(testnic_flag_names);
	default:
		return -EOPNOTSUPP;
	}
}

static void testnic_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	int i, n;

	if (set == ETH_SS_PRIV_FLAGS) {
		for (i = 0; i < ARRAY_SIZE(testnic_flag_names); i++)
			ethtool_puts(&data, testnic_flag_names[i]);
		return;
	}
	for (i = 0; i < dev->real_num_rx_queues; i++)
		for (n = 0; n < TESTNIC_RX_STATS; n++)
			ethtool_sprintf(&data, "rx%d_%s", i, testnic_rx_names[n]);
}

static void testnic_get_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	struct testnic_port *port = netdev_priv(dev);
	int i;

	for (i = 0; i < dev->real_num_rx_queues; i++, data += TESTNIC_RX_STATS)
		testnic_rx_read(&port->rxq[i], data);
}

static u32 testnic_get_priv_flags(struct net_device *dev)
{
	struct testnic_port *port = netdev_priv(dev);

	return (port->pack ? BIT(TESTNIC_FLAG_PACK) : 0) |
	       (port->split_unasked ? BIT(TESTNIC_FLAG_SPLIT_UNASKED) : 0) |
	       (port->tell_config ? BIT(TESTNIC_FLAG_TELL_CONFIG) : 0);
}

static int testnic_set_priv_flags(struct net_device *dev, u32 flags)
{
	struct testnic_port *port = netdev_priv(dev);

	WRITE_ONCE(port->pack, !!(flags & BIT(TESTNIC_FLAG_PACK)));
	port->split_unasked = flags & BIT(TESTNIC_FLAG_SPLIT_UNASKED);
	port->tell_config = flags & BIT(TESTNIC_FLAG_TELL_CONFIG);
	testnic_set_split(port, dev->cfg->hds_config, dev->cfg->hds_thresh);
	return 0;
}

const struct ethtool_ops testnic_ethtool_ops = {
	/* The qdiscs of tx queues that come and go are under rtnl_lock. */
	.op_needs_rtnl = ETHTOOL_OP_NEEDS_RTNL_SCHANNELS | ETHTOOL_OP_NEEDS_RTNL_GLINK,
	.supported_ring_params = ETHTOOL_RING_USE_TCP_DATA_SPLIT | ETHTOOL_RING_USE_HDS_THRS,
	.get_drvinfo = testnic_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ringparam = testnic_get_ringparam,
	.set_ringparam = testnic_set_ringparam,
	.get_channels = testnic_get_channels,
	.set_channels = testnic_set_channels,
	.get_rx_ring_count = testnic_get_rx_ring_count,
	.get_rxfh_indir_size = testnic_get_rss_size,
	.get_rxfh = testnic_get_rss,
	.set_rxfh = testnic_set_rss,
	.rxfh_max_num_contexts = TESTNIC_CONTEXTS,
	.create_rxfh_context = testnic_create_context,
	.modify_rxfh_context = testnic_modify_context,
	.remove_rxfh_context = testnic_remove_context,
	.get_rxnfc = testnic_get_rxnfc,
	.set_rxnfc = testnic_set_rxnfc,
	.get_sset_count = testnic_get_sset_count,
	.get_strings = testnic_get_strings,
	.get_ethtool_stats = testnic_get_stats,
	.get_priv_flags = testnic_get_priv_flags,
	.set_priv_flags = testnic_set_priv_flags,
};
