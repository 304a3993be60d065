// SPDX-License-Identifier: GPL-2.0
/*
 * The ports as network devices: up and down, how many queues, what is counted.
 *
 * ndo_open, ndo_stop and the ethtool operation that sets the number of queues
 * run under rtnl_lock and the instance lock of their device. Whether the peer
 * is up is under rtnl_lock, too. Counters have one writer each and are read
 * with its u64_stats_sync.
 */
#include <linux/etherdevice.h>
#include <net/netdev_lock.h>
#include <net/netdev_queues.h>

#include "testnic.h"

/* There is a link while both ends are up. */
static void testnic_carrier(struct testnic_port *port)
{
	struct net_device *dev = port->dev, *peer = port->peer->dev;

	if (netif_running(dev) && netif_running(peer)) {
		netif_carrier_on(dev);
		netif_carrier_on(peer);
	} else {
		netif_carrier_off(dev);
		netif_carrier_off(peer);
	}
}

static int testnic_open(struct net_device *dev)
{
	struct testnic_port *port = netdev_priv(dev);
	int err;

	err = testnic_rxqs_up(port, 0, dev->real_num_rx_queues);
	if (err)
		return err;

	netif_tx_start_all_queues(dev);
	testnic_carrier(port);
	return 0;
}

static int testnic_stop(struct net_device *dev)
{
	struct testnic_port *port = netdev_priv(dev);

	testnic_carrier(port);
	netif_tx_disable(dev);
	testnic_rxqs_down(port, 0, dev->real_num_rx_queues);
	return 0;
}

/*
 * Queues that stay are not touched. The core has seen to it that no memory
 * provider, rule or table of the user's needs one that goes; that polls until it
 * is down, and is counted until then.
 */
int testnic_set_queues(struct testnic_port *port, unsigned int rx, unsigned int tx)
{
	struct net_device *dev = port->dev;
	unsigned int old = dev->real_num_rx_queues;
	bool running = netif_running(dev);
	int err;

	if (running && rx > old) {
		err = testnic_rxqs_up(port, old, rx);
		if (err)
			return err;
	}
	err = netif_set_real_num_queues(dev, tx, max(rx, old));
	if (err) {
		if (running && rx > old)
			testnic_rxqs_down(port, old, rx);
		return err;
	}
	if (!netif_is_rxfh_configured(dev))
		testnic_rss_spread(port, rx);
	if (running && rx < old)
		testnic_rxqs_down(port, rx, old);
	return netif_set_real_num_rx_queues(dev, rx);
}

static void testnic_rx_totals(struct testnic_port *port, int first, int end, u64 *sum)
{
	u64 count[TESTNIC_RX_STATS];
	int i, n;

	memset(sum, 0, sizeof(count));
	for (i = first; i < end; i++) {
		testnic_rx_read(&port->rxq[i], count);
		for (n = 0; n < TESTNIC_RX_STATS; n++)
			sum[n] += count[n];
	}
}

static void testnic_tx_totals(struct testnic_port *port, int first, int end, u64 *packets,
			      u64 *bytes)
{
	int i;

	*packets = 0;
	*bytes = 0;
	for (i = first; i < end; i++) {
		const struct testnic_tx_stats *stats = &port->tx[i];
		unsigned int start;
		u64 p, b;

		do {
			start = u64_stats_fetch_begin(&stats->sync);
			p = u64_stats_read(&stats->packets);
			b = u64_stats_read(&stats->bytes);
		} while (u64_stats_fetch_retry(&stats->sync, start));
		*packets += p;
		*bytes += b;
	}
}

static u64 testnic_missed(struct testnic_port *port, int first, int end)
{
	u64 missed = 0;
	int i;

	for (i = first; i < end; i++)
		missed += atomic64_read(&port->rxq[i].wire.missed);
	return missed;
}

static void testnic_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	struct testnic_port *port = netdev_priv(dev);
	u64 rx[TESTNIC_RX_STATS];

	testnic_rx_totals(port, 0, TESTNIC_QUEUES_MAX, rx);
	stats->rx_packets = rx[TESTNIC_RX_PACKETS];
	stats->rx_bytes = rx[TESTNIC_RX_BYTES];
	stats->rx_dropped = rx[TESTNIC_RX_DROPS];
	stats->rx_missed_errors = testnic_missed(port, 0, TESTNIC_QUEUES_MAX);
	testnic_tx_totals(port, 0, TESTNIC_QUEUES_MAX, &stats->tx_packets, &stats->tx_bytes);
}

static void testnic_qstats_rx(struct testnic_port *port, int first, int end,
			      struct netdev_queue_stats_rx *stats)
{
	u64 rx[TESTNIC_RX_STATS];
	u64 missed = testnic_missed(port, first, end);

	testnic_rx_totals(port, first, end, rx);
	stats->packets = rx[TESTNIC_RX_PACKETS];
	stats->bytes = rx[TESTNIC_RX_BYTES];
	stats->alloc_fail = rx[TESTNIC_RX_ALLOC_FAIL];
	stats->hw_drops = rx[TESTNIC_RX_DROPS] + missed;
	stats->hw_drop_overruns = rx[TESTNIC_RX_ALLOC_FAIL];
}

static void testnic_get_queue_stats_rx(struct net_device *dev, int index,
				       struct netdev_queue_stats_rx *stats)
{
	testnic_qstats_rx(netdev_priv(dev), index, index + 1, stats);
}

static void testnic_get_queue_stats_tx(struct net_device *dev, int index,
				       struct netdev_queue_stats_tx *stats)
{
	testnic_tx_totals(netdev_priv(dev), index, index + 1, &stats->packets, &stats->bytes);
}

/* Of queues that once were: a queue keeps its counters when it goes. */
static void testnic_get_base_stats(struct net_device *dev, struct netdev_queue_stats_rx *rx,
				   struct netdev_queue_stats_tx *tx)
{
	struct testnic_port *port = netdev_priv(dev);

	testnic_qstats_rx(port, dev->real_num_rx_queues, TESTNIC_QUEUES_MAX, rx);
	testnic_tx_totals(port, dev->real_num_tx_queues, TESTNIC_QUEUES_MAX, &tx->packets,
			  &tx->bytes);
}

static const struct netdev_stat_ops testnic_stat_ops = {
	.get_queue_stats_rx = testnic_get_queue_stats_rx,
	.get_queue_stats_tx = testnic_get_queue_stats_tx,
	.get_base_stats = testnic_get_base_stats,
};

static const struct net_device_ops testnic_netdev_ops = {
	.ndo_open = testnic_open,
	.ndo_stop = testnic_stop,
	.ndo_start_xmit = testnic_xmit,
	.ndo_get_stats64 = testnic_get_stats64,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void testnic_netdev_setup(struct net_device *dev)
{
	dev->netdev_ops = &testnic_netdev_ops;
	dev->ethtool_ops = &testnic_ethtool_ops;
	dev->queue_mgmt_ops = &testnic_queue_mgmt_ops;
	dev->stat_ops = &testnic_stat_ops;

	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	/* A frame is taken in the sender's context, where a wire's lock may be held. */
	dev->priv_flags |= IFF_DISABLE_NETPOLL;
	/* It is on the wire for as long as it likes, so a sender cannot send it twice. */
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;

	/* Frames of TSO arrive in one piece, as from a NIC that does GRO. */
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXHASH | NETIF_F_NTUPLE;
	dev->hw_features = dev->features | NETIF_F_TSO | NETIF_F_TSO6;
	dev->features |= NETIF_F_FRAGLIST | NETIF_F_HIGHDMA | NETIF_F_RXCSUM;
}

struct testnic_port *testnic_port_alloc(struct device *parent, int nr)
{
	struct testnic_port *port;
	struct net_device *dev;
	int i;

	dev = alloc_etherdev_mqs(sizeof(*port), TESTNIC_QUEUES_MAX, TESTNIC_QUEUES_MAX);
	if (!dev)
		return NULL;

	snprintf(dev->name, sizeof(dev->name), "testnic%d", nr);
	SET_NETDEV_DEV(dev, parent);
	dev->dev_port = nr;
	eth_hw_addr_random(dev);
	testnic_netdev_setup(dev);
	netdev_lockdep_set_classes(dev);
	netif_carrier_off(dev);

	port = netdev_priv(dev);
	port->dev = dev;
	port->dma_dev = parent;
	port->ring = TESTNIC_RING;
	port->split_above = TESTNIC_SPLIT_OFF;
	for (i = 0; i < TESTNIC_QUEUES_MAX; i++) {
		testnic_rxq_init(port, i);
		u64_stats_init(&port->tx[i].sync);
	}
	if (testnic_flow_init(port)) {
		free_netdev(dev);
		return NULL;
	}
	netif_set_real_num_queues(dev, TESTNIC_QUEUES, TESTNIC_QUEUES);
	return port;
}

/* The device is not registered, or not any more, and its peer sends nothing. */
void testnic_port_free(struct testnic_port *port)
{
	testnic_flow_exit(port);
	free_netdev(port->dev);
}
