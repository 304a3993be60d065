// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: a frame is put on the wire to one of the peer's rx queues.
 *
 * testnic_xmit() runs under the lock of its tx queue, with bottom halves off.
 * All that a wire has is under the lock of its list; poll takes the whole list
 * at once. A full wire stops the tx queue that filled it and poll wakes it, so
 * nothing is lost between two ports that are up: loss is netem's business.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#include "testnic.h"

/*
 * With BH off. Returns false if there is no queue at the end of the wire; else
 * tells whether to interrupt, which masks the interrupt.
 */
static bool testnic_wire_put(struct testnic_rxq *rxq, struct sk_buff *skb, struct netdev_queue *txq,
			     u16 index, bool *interrupt)
{
	struct testnic_wire *wire = &rxq->wire;
	bool up;

	spin_lock(&wire->frames.lock);
	up = wire->up;
	if (likely(up)) {
		*interrupt = wire->armed;
		wire->armed = false;
		__skb_queue_tail(&wire->frames, skb);
		if (skb_queue_len(&wire->frames) >= READ_ONCE(rxq->port->ring)) {
			netif_tx_stop_queue(txq);
			__set_bit(index, wire->waiting);
		}
	}
	spin_unlock(&wire->frames.lock);
	return up;
}

static void testnic_wire_miss(struct testnic_wire *wire, struct sk_buff *skb)
{
	atomic64_inc(&wire->missed);
	dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_DEV_READY);
}

netdev_tx_t testnic_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct testnic_port *port = netdev_priv(dev);
	u16 index = skb_get_queue_mapping(skb);
	struct testnic_tx_stats *stats = &port->tx[index];
	unsigned int len = skb->len;
	struct testnic_rxq *rxq;
	bool interrupt;

	rxq = testnic_steer(port->peer, skb);
	skb_tx_timestamp(skb);
	/* The peer's poll frees it: late, and where a socket must not go on sending. */
	skb_orphan(skb);
	if (unlikely(!testnic_wire_put(rxq, skb, netdev_get_tx_queue(dev, index), index,
				       &interrupt)))
		testnic_wire_miss(&rxq->wire, skb);
	else if (interrupt)
		napi_schedule(&rxq->napi);

	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->packets);
	u64_stats_add(&stats->bytes, len);
	u64_stats_update_end(&stats->sync);
	return NETDEV_TX_OK;
}

/* Moves what is on the wire to a list of the caller's, and wakes who waited. */
static void testnic_wire_drain(struct testnic_rxq *rxq, struct sk_buff_head *frames)
{
	DECLARE_BITMAP(waiting, TESTNIC_QUEUES_MAX);
	struct net_device *peer = rxq->port->peer->dev;
	struct testnic_wire *wire = &rxq->wire;
	unsigned int i;

	spin_lock_bh(&wire->frames.lock);
	skb_queue_splice_tail_init(&wire->frames, frames);
	bitmap_copy(waiting, wire->waiting, TESTNIC_QUEUES_MAX);
	bitmap_zero(wire->waiting, TESTNIC_QUEUES_MAX);
	spin_unlock_bh(&wire->frames.lock);

	for_each_set_bit(i, waiting, TESTNIC_QUEUES_MAX)
		netif_tx_wake_queue(netdev_get_tx_queue(peer, i));
}

/* In poll: false if there was nothing on the wire. */
bool testnic_wire_take(struct testnic_rxq *rxq)
{
	if (skb_queue_empty_lockless(&rxq->wire.frames))
		return false;
	testnic_wire_drain(rxq, &rxq->arrived);
	return true;
}

/* The next frame is to interrupt. False if one has come since poll has looked. */
bool testnic_wire_arm(struct testnic_rxq *rxq)
{
	struct testnic_wire *wire = &rxq->wire;
	bool armed;

	spin_lock(&wire->frames.lock);
	armed = skb_queue_empty(&wire->frames);
	wire->armed = armed;
	spin_unlock(&wire->frames.lock);
	return armed;
}

void testnic_wire_up(struct testnic_rxq *rxq)
{
	struct testnic_wire *wire = &rxq->wire;

	spin_lock_bh(&wire->frames.lock);
	wire->up = true;
	wire->armed = true;
	spin_unlock_bh(&wire->frames.lock);
}

/* Nothing is put on the wire from here on; what poll has not taken is missed. */
void testnic_wire_down(struct testnic_rxq *rxq)
{
	struct testnic_wire *wire = &rxq->wire;
	struct sk_buff_head frames;

	spin_lock_bh(&wire->frames.lock);
	wire->up = false;
	spin_unlock_bh(&wire->frames.lock);

	__skb_queue_head_init(&frames);
	testnic_wire_drain(rxq, &frames);
	atomic64_add(skb_queue_len(&frames), &wire->missed);
	__skb_queue_purge_reason(&frames, SKB_DROP_REASON_QUEUE_PURGE);
}
