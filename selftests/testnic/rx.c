// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: from frames that have arrived to the stack, in the queue's NAPI.
 *
 * The copy in testnic_dma() stands for the NIC's DMA: it goes by the bus address
 * of a buffer, so it does not matter whether the CPU may read the buffer. All
 * the rest is what a driver does for a frame. Everything here belongs to NAPI.
 *
 * A checksum that the sender has left to its NIC is never made, as it would always
 * be right; the frame says that it was. So it is for this machine alone: one that
 * is forwarded to another NIC leaves with a checksum that is wrong.
 */
#include <linux/dma-direct.h>
#include <linux/etherdevice.h>
#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>

#include "testnic.h"

/* A frame that is not split is copied whole if it is no longer than this... */
#define TESTNIC_COPY_MAX 2048
/* ...else this much of it is, unless the rest cannot go to buffers either. */
#define TESTNIC_COPY_HEAD 256
/* Packed payloads begin at a multiple of this. */
#define TESTNIC_PACK_ALIGN 64

struct testnic_buf {
	netmem_ref netmem;
	u32 offset;
	u32 len;
	u32 truesize;
};

static bool testnic_buf_fresh(struct testnic_rxq *rxq, u32 want, struct testnic_buf *buf)
{
	buf->netmem = page_pool_dev_alloc_netmems(rxq->mem.pool);
	buf->offset = 0;
	buf->len = min(want, rxq->mem.buf_size);
	buf->truesize = rxq->mem.buf_size;
	return buf->netmem;
}

/* From the buffer that the last payload has left room in; its last part takes our reference. */
static bool testnic_buf_packed(struct testnic_rxq *rxq, u32 want, struct testnic_buf *buf)
{
	if (!rxq->shared) {
		rxq->shared = page_pool_dev_alloc_netmems(rxq->mem.pool);
		rxq->shared_used = 0;
		if (!rxq->shared)
			return false;
	}
	buf->netmem = rxq->shared;
	buf->offset = rxq->shared_used;
	buf->len = min(want, rxq->mem.buf_size - buf->offset);
	buf->truesize = ALIGN(buf->len, TESTNIC_PACK_ALIGN);
	rxq->shared_used += buf->truesize;
	if (rxq->shared_used == rxq->mem.buf_size)
		rxq->shared = 0;
	else
		page_pool_ref_netmem(buf->netmem);
	return true;
}

static int testnic_dma(struct testnic_rxq *rxq, const struct sk_buff *frame, u32 at,
		       const struct testnic_buf *buf)
{
	dma_addr_t addr = page_pool_get_dma_addr_netmem(buf->netmem) + buf->offset;

	return skb_copy_bits(frame, at, phys_to_virt(dma_to_phys(rxq->port->dma_dev, addr)),
			     buf->len);
}

/* The frame from @at on becomes fragments of the skb. */
static bool testnic_rx_payload(struct testnic_rxq *rxq, struct sk_buff *skb,
			       const struct sk_buff *frame, u32 at, u64 *count)
{
	bool pack = READ_ONCE(rxq->port->pack);
	struct testnic_buf buf;
	bool got;

	skb_mark_for_recycle(skb);
	for (; at < frame->len; at += buf.len) {
		u32 left = frame->len - at;

		if (unlikely(skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS))
			return false;
		if (pack)
			got = testnic_buf_packed(rxq, left, &buf);
		else
			got = testnic_buf_fresh(rxq, left, &buf);
		if (unlikely(!got)) {
			count[TESTNIC_RX_ALLOC_FAIL]++;
			return false;
		}
		if (unlikely(testnic_dma(rxq, frame, at, &buf))) {
			page_pool_put_full_netmem(rxq->mem.pool, buf.netmem, true);
			return false;
		}
		page_pool_dma_sync_netmem_for_cpu(rxq->mem.pool, buf.netmem, buf.offset, buf.len);
		skb_add_rx_frag_netmem(skb, skb_shinfo(skb)->nr_frags, buf.netmem, buf.offset,
				       buf.len, buf.truesize);
		if (netmem_is_net_iov(buf.netmem))
			count[TESTNIC_RX_IOV_FRAGS]++;
		else
			count[TESTNIC_RX_PAGE_FRAGS]++;
		if (buf.offset)
			count[TESTNIC_RX_SHARED_FRAGS]++;
	}
	return true;
}

/* How much of a frame goes to memory of the skb's own. */
static u32 testnic_rx_head(struct testnic_rxq *rxq, const struct sk_buff *frame, u64 *count)
{
	u32 header = testnic_cb(frame)->header;

	if (header == frame->len)
		return header;
	if (header && frame->len > READ_ONCE(rxq->port->split_above)) {
		count[TESTNIC_RX_SPLIT]++;
		return header;
	}
	count[TESTNIC_RX_UNSPLIT]++;
	if (frame->len <= TESTNIC_COPY_MAX || page_pool_is_unreadable(rxq->mem.pool))
		return frame->len;
	return TESTNIC_COPY_HEAD;
}

/* What the NIC tells about a frame beside its bytes. */
static void testnic_rx_describe(struct testnic_rxq *rxq, struct sk_buff *skb,
				const struct sk_buff *frame)
{
	struct net_device *dev = rxq->port->dev;
	u32 hash = testnic_cb(frame)->hash;

	if (frame->ip_summed == CHECKSUM_PARTIAL || frame->ip_summed == CHECKSUM_UNNECESSARY)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (dev->features & NETIF_F_RXHASH)
		skb_set_hash(skb, hash, PKT_HASH_TYPE_L4);
	skb_record_rx_queue(skb, rxq->napi.index);
	skb->protocol = eth_type_trans(skb, dev);

	if (skb_is_gso(frame)) {
		skb_shinfo(skb)->gso_size = skb_shinfo(frame)->gso_size;
		skb_shinfo(skb)->gso_type = skb_shinfo(frame)->gso_type;
		skb_shinfo(skb)->gso_segs = skb_shinfo(frame)->gso_segs;
	}
}

static void testnic_rx_frame(struct testnic_rxq *rxq, const struct sk_buff *frame, u64 *count)
{
	u32 head = testnic_rx_head(rxq, frame, count);
	struct sk_buff *skb;

	skb = napi_alloc_skb(&rxq->napi, head);
	if (unlikely(!skb)) {
		count[TESTNIC_RX_ALLOC_FAIL]++;
		goto drop;
	}
	if (unlikely(skb_copy_bits(frame, 0, skb_put(skb, head), head)))
		goto drop_skb;
	if (head < frame->len && !testnic_rx_payload(rxq, skb, frame, head, count))
		goto drop_skb;

	testnic_rx_describe(rxq, skb, frame);
	count[TESTNIC_RX_PACKETS]++;
	count[TESTNIC_RX_BYTES] += frame->len;
	napi_gro_receive(&rxq->napi, skb);
	return;

drop_skb:
	dev_kfree_skb_any(skb);
drop:
	count[TESTNIC_RX_DROPS]++;
}

static void testnic_rx_count(struct testnic_rx_stats *stats, const u64 *count)
{
	int i;

	u64_stats_update_begin(&stats->sync);
	for (i = 0; i < TESTNIC_RX_STATS; i++)
		u64_stats_add(&stats->count[i], count[i]);
	u64_stats_update_end(&stats->sync);
}

void testnic_rx_read(const struct testnic_rxq *rxq, u64 *count)
{
	const struct testnic_rx_stats *stats = &rxq->stats;
	unsigned int start;
	int i;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		for (i = 0; i < TESTNIC_RX_STATS; i++)
			count[i] = u64_stats_read(&stats->count[i]);
	} while (u64_stats_fetch_retry(&stats->sync, start));
}

int testnic_poll(struct napi_struct *napi, int budget)
{
	struct testnic_rxq *rxq = container_of(napi, struct testnic_rxq, napi);
	u64 count[TESTNIC_RX_STATS] = {};
	struct sk_buff *frame;
	int done = 0;

	while (done < budget) {
		frame = __skb_dequeue(&rxq->arrived);
		if (!frame) {
			if (!testnic_wire_take(rxq))
				break;
			continue;
		}
		testnic_rx_frame(rxq, frame, count);
		napi_consume_skb(frame, budget);
		done++;
	}
	count[TESTNIC_RX_POLLS] = done > 0;
	testnic_rx_count(&rxq->stats, count);
	/* Where interrupts are deferred, the core looks again after a while. */
	if (done < budget && napi_complete_done(napi, done) && !testnic_wire_arm(rxq))
		napi_schedule(napi);
	return done;
}
