// SPDX-License-Identifier: GPL-2.0
/*
 * The receive queues of a network interface and their NAPIs, asked of the
 * kernel's netdev netlink family, see nic.h.
 */
#include <errno.h>
#include <linux/netdev.h>
#include <stdlib.h>

#include "nic.h"
#include "nic_queues.h"
#include "nl.h"

struct queues {
	struct nic_queue *list;
	unsigned int nr;
	bool no_memory;
};

static uint64_t provider_page_size(const struct nlattr *provider)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, provider)
		if (mnl_attr_get_type(attr) == NETDEV_A_IO_URING_PROVIDER_INFO_RX_BUF_LEN)
			return nl_uint(attr);
	return 0;
}

/* false: it sends. */
static bool read_queue(const struct nlmsghdr *nlh, struct nic_queue *queue)
{
	const struct nlattr *attr;
	bool receives = false;

	*queue = (struct nic_queue){};
	nl_for_each_attr(attr, nlh) {
		switch (mnl_attr_get_type(attr)) {
		case NETDEV_A_QUEUE_ID:
			queue->id = mnl_attr_get_u32(attr);
			break;
		case NETDEV_A_QUEUE_TYPE:
			receives = mnl_attr_get_u32(attr) == NETDEV_QUEUE_TYPE_RX;
			break;
		case NETDEV_A_QUEUE_NAPI_ID:
			queue->napi = mnl_attr_get_u32(attr);
			break;
		case NETDEV_A_QUEUE_IO_URING:
			queue->memory = NIC_MEMORY_IO_URING;
			queue->page_size = provider_page_size(attr);
			break;
		case NETDEV_A_QUEUE_DMABUF:
			queue->memory = NIC_MEMORY_DMABUF;
			break;
		case NETDEV_A_QUEUE_XSK:
			queue->memory = NIC_MEMORY_XSK;
			break;
		}
	}
	return receives;
}

static int on_queue_of_dump(const struct nlmsghdr *nlh, void *arg)
{
	struct queues *queues = arg;
	struct nic_queue queue, *list;

	if (!read_queue(nlh, &queue))
		return MNL_CB_OK;
	list = realloc(queues->list, (queues->nr + 1) * sizeof(*list));
	if (!list) {
		queues->no_memory = true;
		return MNL_CB_OK;
	}
	queues->list = list;
	list[queues->nr++] = queue;
	return MNL_CB_OK;
}

int nic_queues_get(struct nl *netdev, struct nic *nic)
{
	struct nlmsghdr *nlh = nl_request(netdev, NETDEV_CMD_QUEUE_GET, NLM_F_DUMP);
	struct queues queues = {};
	int ret;

	mnl_attr_put_u32(nlh, NETDEV_A_QUEUE_IFINDEX, nic->ifindex);
	ret = nl_talk(netdev, nlh, on_queue_of_dump, &queues);
	if (!ret && queues.no_memory)
		ret = -ENOMEM;
	if (ret) {
		free(queues.list);
		return ret;
	}
	nic->queues = queues.list;
	nic->nr_queues = queues.nr;
	return 0;
}

/* --- one request ----------------------------------------------------------- */

static int netdev_open(struct nl *netdev, uint8_t cmd, struct nlmsghdr **nlh)
{
	int ret = nl_open(netdev, NETDEV_FAMILY_NAME, NETDEV_FAMILY_VERSION);

	if (!ret)
		*nlh = nl_request(netdev, cmd, 0);
	return ret;
}

static int netdev_talk(struct nl *netdev, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	int ret = nl_talk(netdev, nlh, cb, arg);

	nl_close(netdev);
	return ret;
}

static int on_queue(const struct nlmsghdr *nlh, void *arg)
{
	read_queue(nlh, arg);
	return MNL_CB_OK;
}

int nic_queue(unsigned int ifindex, unsigned int id, struct nic_queue *queue)
{
	struct nlmsghdr *nlh;
	struct nl netdev;
	int ret;

	ret = netdev_open(&netdev, NETDEV_CMD_QUEUE_GET, &nlh);
	if (ret)
		return ret;
	mnl_attr_put_u32(nlh, NETDEV_A_QUEUE_IFINDEX, ifindex);
	mnl_attr_put_u32(nlh, NETDEV_A_QUEUE_TYPE, NETDEV_QUEUE_TYPE_RX);
	mnl_attr_put_u32(nlh, NETDEV_A_QUEUE_ID, id);
	*queue = (struct nic_queue){};
	return netdev_talk(&netdev, nlh, on_queue, queue);
}

int nic_queue_napi(unsigned int ifindex, unsigned int queue, unsigned int *napi)
{
	struct nic_queue got;
	int ret = nic_queue(ifindex, queue, &got);

	if (ret)
		return ret;
	if (!got.napi)
		return -EOPNOTSUPP;
	*napi = got.napi;
	return 0;
}

static int on_napi(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	nl_for_each_attr(attr, nlh)
		if (mnl_attr_get_type(attr) == NETDEV_A_NAPI_PID)
			*(pid_t *)arg = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

int nic_napi_pid(unsigned int napi, pid_t *pid)
{
	struct nlmsghdr *nlh;
	struct nl netdev;
	int ret;

	ret = netdev_open(&netdev, NETDEV_CMD_NAPI_GET, &nlh);
	if (ret)
		return ret;
	mnl_attr_put_u32(nlh, NETDEV_A_NAPI_ID, napi);
	*pid = 0;
	return netdev_talk(&netdev, nlh, on_napi, pid);
}

int nic_napi_set_threaded(unsigned int napi, bool threaded)
{
	struct nlmsghdr *nlh;
	struct nl netdev;
	int ret;

	ret = netdev_open(&netdev, NETDEV_CMD_NAPI_SET, &nlh);
	if (ret)
		return ret;
	mnl_attr_put_u32(nlh, NETDEV_A_NAPI_ID, napi);
	mnl_attr_put_u32(nlh, NETDEV_A_NAPI_THREADED,
			 threaded ? NETDEV_NAPI_THREADED_ENABLED : NETDEV_NAPI_THREADED_DISABLED);
	return netdev_talk(&netdev, nlh, NULL, NULL);
}
