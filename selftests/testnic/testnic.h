/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test NIC: one card with two ports, which are each other's link partner.
 *
 * A frame is a sk_buff of the sender all the way to the rx queue that it is for.
 * There, in NAPI, the "DMA engine" copies it into buffers of the queue's page
 * pool, which is all that is emulated; the rest is what a driver does.
 *
 *	card	both ports, for as long as the module is loaded	   main.c
 *	port	private data of a net_device			   netdev.c
 *	rxq	one of a port's rx queues: NAPI, page pool, wire   queue.c, rx.c
 *	wire	frames on their way to a rx queue		   tx.c
 *	flow	RSS tables and n-tuple rules of a port		   flow.c
 *
 * Both ports are allocated before either is registered, and freed after both
 * are gone, so each may look at its peer at any time.
 *
 * Locks: a port's configuration and its queues' lives are under the instance
 * lock of its net_device, as everything is where there are queue management
 * operations. A wire has a spinlock, the innermost. What belongs to NAPI is
 * touched in its poll, or while it is disabled. What xmit and poll read of the
 * configuration is a word each, or under RCU.
 */
#ifndef TESTNIC_H
#define TESTNIC_H

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <net/netmem.h>

#define TESTNIC_QUEUES	   4 /* of a port, unless ethtool -L says otherwise */
#define TESTNIC_QUEUES_MAX 16
#define TESTNIC_RING	   512 /* frames on a wire before the sender is stopped */
#define TESTNIC_RING_MAX   4096
#define TESTNIC_RSS_SIZE   128
#define TESTNIC_CONTEXTS   8 /* RSS tables, the main one counted */
#define TESTNIC_RULES	   64
#define TESTNIC_SPLIT_OFF  U32_MAX

/* What is counted for each rx queue, in the order of testnic_rx_names. */
enum testnic_rx_stat {
	TESTNIC_RX_POLLS, /* that found frames */
	TESTNIC_RX_PACKETS,
	TESTNIC_RX_BYTES,
	TESTNIC_RX_ALLOC_FAIL,
	TESTNIC_RX_DROPS,
	TESTNIC_RX_SPLIT,	 /* the header was cut off, the payload is in buffers of the pool */
	TESTNIC_RX_UNSPLIT,	 /* it was not, though there was more than a header */
	TESTNIC_RX_IOV_FRAGS,	 /* fragments in a memory provider's buffers */
	TESTNIC_RX_PAGE_FRAGS,	 /* fragments in pages */
	TESTNIC_RX_SHARED_FRAGS, /* fragments behind another one in the same buffer */
	TESTNIC_RX_STATS,
};

/* Written by the queue's NAPI. */
struct testnic_rx_stats {
	struct u64_stats_sync sync;
	u64_stats_t count[TESTNIC_RX_STATS];
};

/* Written under the lock of the tx queue. */
struct testnic_tx_stats {
	struct u64_stats_sync sync;
	u64_stats_t packets;
	u64_stats_t bytes;
};

/*
 * Frames on their way to a rx queue, under the lock of the list: "up" is
 * whether there is a queue at its end, "armed" whether the next one interrupts,
 * "waiting" has a bit for each of the peer's tx queues that was stopped as the
 * wire was full. Frames that found no queue are "missed".
 */
struct testnic_wire {
	struct sk_buff_head frames;
	bool up;
	bool armed;
	atomic64_t missed;
	DECLARE_BITMAP(waiting, TESTNIC_QUEUES_MAX);
};

/* What ndo_queue_mem_alloc makes, and a queue runs on. */
struct testnic_rx_mem {
	struct page_pool *pool;
	u32 buf_size;
};

struct testnic_port;

struct testnic_rxq {
	/* NAPI's, or of who has disabled it. */
	struct napi_struct napi;
	struct testnic_port *port;
	struct testnic_rx_mem mem;
	struct sk_buff_head arrived;
	netmem_ref shared; /* a buffer with room left, if payloads are packed */
	u32 shared_used;
	struct testnic_rx_stats stats;

	struct testnic_wire wire ____cacheline_aligned_in_smp;
};

/* What tells one TCP flow from another. */
struct testnic_key {
	union {
		struct {
			__be32 src[4];
			__be32 dst[4];
			__be16 sport;
			__be16 dport;
		};
		u32 word[9];
	};
};

struct testnic_rule {
	struct testnic_key value;
	struct testnic_key mask;
	bool ipv6;
	u8 context; /* where the spec says FLOW_RSS */
	struct ethtool_rx_flow_spec spec;
};

/* Never changed once it is published; ordered by location, the first match counts. */
struct testnic_rules {
	struct rcu_head rcu;
	unsigned int count;
	struct testnic_rule rule[] __counted_by(count);
};

struct testnic_port {
	struct net_device *dev;
	struct device *dma_dev;
	struct testnic_port *peer;

	/* Words that xmit and poll read, and ethtool writes. */
	u32 ring;
	u32 split_above; /* frames longer than this are split; TESTNIC_SPLIT_OFF: none */
	bool pack;
	bool split_unasked;
	bool tell_config;
	u16 rss[TESTNIC_CONTEXTS][TESTNIC_RSS_SIZE];
	struct testnic_rules __rcu *rules;

	struct testnic_tx_stats tx[TESTNIC_QUEUES_MAX];
	struct testnic_rxq rxq[TESTNIC_QUEUES_MAX];
};

/* What the sender has found out about a frame, in the frame's cb. */
struct testnic_cb {
	u32 hash;
	u16 header; /* bytes before the payload of TCP; 0: nothing to split */
};

static inline struct testnic_cb *testnic_cb(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct testnic_cb) > sizeof(skb->cb));
	return (struct testnic_cb *)skb->cb;
}

/* netdev.c */
struct testnic_port *testnic_port_alloc(struct device *parent, int nr);
void testnic_port_free(struct testnic_port *port);
int testnic_set_queues(struct testnic_port *port, unsigned int rx, unsigned int tx);

/* queue.c */
extern const struct netdev_queue_mgmt_ops testnic_queue_mgmt_ops;
void testnic_rxq_init(struct testnic_port *port, int index);
int testnic_rxqs_up(struct testnic_port *port, int first, int end);
void testnic_rxqs_down(struct testnic_port *port, int first, int end);

/* rx.c */
int testnic_poll(struct napi_struct *napi, int budget);
void testnic_rx_read(const struct testnic_rxq *rxq, u64 *count);

/* tx.c */
netdev_tx_t testnic_xmit(struct sk_buff *skb, struct net_device *dev);
void testnic_wire_up(struct testnic_rxq *rxq);
void testnic_wire_down(struct testnic_rxq *rxq);
bool testnic_wire_take(struct testnic_rxq *rxq);
bool testnic_wire_arm(struct testnic_rxq *rxq);

/* flow.c */
int testnic_flow_init(struct testnic_port *port);
void testnic_flow_exit(struct testnic_port *port);
struct testnic_rxq *testnic_steer(struct testnic_port *port, struct sk_buff *skb);
void testnic_rss_spread(struct testnic_port *port, unsigned int queues);
int testnic_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *nfc, u32 *locations);
int testnic_set_rxnfc(struct net_device *dev, struct ethtool_rxnfc *nfc);
u32 testnic_get_rss_size(struct net_device *dev);
int testnic_get_rss(struct net_device *dev, struct ethtool_rxfh_param *rxfh);
int testnic_set_rss(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		    struct netlink_ext_ack *extack);
int testnic_create_context(struct net_device *dev, struct ethtool_rxfh_context *ctx,
			   const struct ethtool_rxfh_param *rxfh, struct netlink_ext_ack *extack);
int testnic_modify_context(struct net_device *dev, struct ethtool_rxfh_context *ctx,
			   const struct ethtool_rxfh_param *rxfh, struct netlink_ext_ack *extack);
int testnic_remove_context(struct net_device *dev, struct ethtool_rxfh_context *ctx,
			   u32 rss_context, struct netlink_ext_ack *extack);

/* ethtool.c */
extern const struct ethtool_ops testnic_ethtool_ops;

#endif
