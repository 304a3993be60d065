// SPDX-License-Identifier: GPL-2.0
/*
 * What a network interface can do, asked of the kernel's ethtool netlink
 * family. A driver that can put headers and data into different buffers, which
 * zero-copy receive needs, reports the state of that switch; others leave the
 * attribute out.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unifiedctl.h"

#define BUFFER_SIZE (32 * 1024)

struct walk {
	int (*seen)(const struct nic *nic, void *arg);
	void *arg;
};

static int genl_family(const struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) if (mnl_attr_get_type(attr) ==
								    CTRL_ATTR_FAMILY_ID) *
		(uint16_t *)arg = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static struct nlmsghdr *genl_message(char *buf, uint16_t type, uint16_t flags, uint8_t cmd,
				     uint8_t version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

static int talk(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	char buf[BUFFER_SIZE];
	int n, ret = MNL_CB_OK;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (ret > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buf, n, 0, mnl_socket_get_portid(nl), cb, arg);
	}
	return ret < 0 ? -errno : 0;
}

static void nic_name(const struct nlattr *header, struct nic *nic)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr,
				 header) if (mnl_attr_get_type(attr) == ETHTOOL_A_HEADER_DEV_NAME)
		snprintf(nic->name, sizeof(nic->name), "%s", mnl_attr_get_str(attr));
}

static void nic_driver(struct nic *nic)
{
	char path[64], target[256], *base;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver", nic->name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = '\0';
	base = strrchr(target, '/');
	snprintf(nic->driver, sizeof(nic->driver), "%.31s", base ? base + 1 : target);
}

static int nic_rings(const struct nlmsghdr *nlh, void *arg)
{
	struct walk *walk = arg;
	struct nlattr *attr;
	struct nic nic = {};

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		switch (mnl_attr_get_type(attr)) {
		case ETHTOOL_A_RINGS_HEADER:
			nic_name(attr, &nic);
			break;
		case ETHTOOL_A_RINGS_TCP_DATA_SPLIT:
			nic.header_split = true;
			break;
		}
	}
	if (!nic.name[0])
		return MNL_CB_OK;
	nic_driver(&nic);
	return walk->seen(&nic, walk->arg) ? MNL_CB_ERROR : MNL_CB_OK;
}

/* Call seen for every interface that has rings; stop where it returns not 0. */
int nic_for_each(int (*seen)(const struct nic *nic, void *arg), void *arg)
{
	struct walk walk = { seen, arg };
	char buf[BUFFER_SIZE];
	struct mnl_socket *nl;
	struct nlmsghdr *nlh;
	uint16_t family = 0;
	int ret;

	nl = mnl_socket_open(NETLINK_GENERIC);
	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		ret = -errno;
		goto out;
	}
	nlh = genl_message(buf, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME);
	ret = talk(nl, nlh, genl_family, &family);
	if (ret)
		goto out;
	nlh = genl_message(buf, family, NLM_F_DUMP, ETHTOOL_MSG_RINGS_GET, ETHTOOL_GENL_VERSION);
	mnl_attr_nest_end(nlh, mnl_attr_nest_start(nlh, ETHTOOL_A_RINGS_HEADER));
	ret = talk(nl, nlh, nic_rings, &walk);
out:
	mnl_socket_close(nl);
	return ret;
}
