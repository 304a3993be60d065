// SPDX-License-Identifier: GPL-2.0
/*
 * The life of rx queues: up with the device or with their number, restarted by
 * the core on other memory, down.
 *
 * All of it under the instance lock of the device. A restart exchanges the page
 * pool and nothing else: NAPI stays, so its id, its thread and where that is
 * pinned do. Frames that come while a queue is down are missed, as they are by
 * a NIC.
 */
#include <linux/sizes.h>
#include <net/netdev_lock.h>
#include <net/netdev_queues.h>
#include <net/netdev_rx_queue.h>
#include <net/page_pool/helpers.h>

#include "testnic.h"

/* The least that a pool keeps for later; what it has in circulation has no limit. */
#define TESTNIC_POOL_SIZE 1024

static int testnic_rx_mem_alloc(struct net_device *dev, struct netdev_queue_config *qcfg,
				void *per_queue_mem, int index)
{
	struct testnic_port *port = netdev_priv(dev);
	struct testnic_rx_mem *mem = per_queue_mem;
	struct page_pool_params params = {
		.order = get_order(qcfg->rx_page_size),
		.pool_size = TESTNIC_POOL_SIZE,
		.nid = NUMA_NO_NODE,
		.dev = port->dma_dev,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = qcfg->rx_page_size,
		.netdev = dev,
		.queue_idx = index,
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
	};
	struct page_pool *pool;

	if (port->split_above != TESTNIC_SPLIT_OFF)
		params.flags |= PP_FLAG_ALLOW_UNREADABLE_NETMEM;
	pool = page_pool_create(&params);
	if (IS_ERR(pool))
		return PTR_ERR(pool);

	mem->pool = pool;
	mem->buf_size = qcfg->rx_page_size;
	return 0;
}

static void testnic_rx_mem_free(struct net_device *dev, void *per_queue_mem)
{
	struct testnic_rx_mem *mem = per_queue_mem;

	page_pool_destroy(mem->pool);
}

/* The pool is NAPI's only from here to testnic_rxq_stop(), as it may be freed without it. */
static int testnic_rxq_start(struct net_device *dev, struct netdev_queue_config *qcfg,
			     void *per_queue_mem, int index)
{
	struct testnic_port *port = netdev_priv(dev);
	struct testnic_rxq *rxq = &port->rxq[index];

	rxq->mem = *(struct testnic_rx_mem *)per_queue_mem;
	page_pool_enable_direct_recycling(rxq->mem.pool, &rxq->napi);
	napi_enable_locked(&rxq->napi);
	netif_queue_set_napi(dev, index, NETDEV_QUEUE_TYPE_RX, &rxq->napi);
	testnic_wire_up(rxq);
	/* GRO may have kept packets for a timer, which ended with the last NAPI. */
	local_bh_disable();
	napi_schedule(&rxq->napi);
	local_bh_enable();
	return 0;
}

static int testnic_rxq_stop(struct net_device *dev, void *per_queue_mem, int index)
{
	struct testnic_port *port = netdev_priv(dev);
	struct testnic_rxq *rxq = &port->rxq[index];

	testnic_wire_down(rxq);
	netif_queue_set_napi(dev, index, NETDEV_QUEUE_TYPE_RX, NULL);
	napi_disable_locked(&rxq->napi);
	atomic64_add(skb_queue_len(&rxq->arrived), &rxq->wire.missed);
	__skb_queue_purge(&rxq->arrived);
	if (rxq->shared)
		page_pool_put_full_netmem(rxq->mem.pool, rxq->shared, false);
	rxq->shared = 0;
	page_pool_disable_direct_recycling(rxq->mem.pool);
	*(struct testnic_rx_mem *)per_queue_mem = rxq->mem;
	return 0;
}

static void testnic_default_qcfg(struct net_device *dev, struct netdev_queue_config *qcfg)
{
	qcfg->rx_page_size = PAGE_SIZE;
}

static int testnic_validate_qcfg(struct net_device *dev, struct netdev_queue_config *qcfg,
				 struct netlink_ext_ack *extack)
{
	if (!is_power_of_2(qcfg->rx_page_size) || qcfg->rx_page_size < PAGE_SIZE ||
	    qcfg->rx_page_size > SZ_64K) {
		NL_SET_ERR_MSG_MOD(extack, "rx page size is no power of 2 from a page to 64 KiB");
		return -ERANGE;
	}
	return 0;
}

const struct netdev_queue_mgmt_ops testnic_queue_mgmt_ops = {
	.ndo_queue_mem_size = sizeof(struct testnic_rx_mem),
	.ndo_queue_mem_alloc = testnic_rx_mem_alloc,
	.ndo_queue_mem_free = testnic_rx_mem_free,
	.ndo_queue_start = testnic_rxq_start,
	.ndo_queue_stop = testnic_rxq_stop,
	.ndo_default_qcfg = testnic_default_qcfg,
	.ndo_validate_qcfg = testnic_validate_qcfg,
	.supported_params = QCFG_RX_PAGE_SIZE,
};

void testnic_rxq_init(struct testnic_port *port, int index)
{
	struct testnic_rxq *rxq = &port->rxq[index];

	rxq->port = port;
	__skb_queue_head_init(&rxq->arrived);
	skb_queue_head_init(&rxq->wire.frames);
	u64_stats_init(&rxq->stats.sync);
}

void testnic_rxqs_down(struct testnic_port *port, int first, int end)
{
	struct net_device *dev = port->dev;
	struct testnic_rx_mem mem;
	int i;

	for (i = first; i < end; i++) {
		testnic_rxq_stop(dev, &mem, i);
		netif_napi_del_locked(&port->rxq[i].napi);
		testnic_rx_mem_free(dev, &mem);
	}
}

int testnic_rxqs_up(struct testnic_port *port, int first, int end)
{
	struct net_device *dev = port->dev;
	struct netdev_queue_config qcfg;
	struct testnic_rx_mem mem;
	int err, i;

	for (i = first; i < end; i++) {
		netdev_queue_config(dev, i, &qcfg);
		err = testnic_rx_mem_alloc(dev, &qcfg, &mem, i);
		if (err) {
			testnic_rxqs_down(port, first, i);
			return err;
		}
		netif_napi_add_config_locked(dev, &port->rxq[i].napi, testnic_poll, i);
		testnic_rxq_start(dev, &qcfg, &mem, i);
	}
	return 0;
}
