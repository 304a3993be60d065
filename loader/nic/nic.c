// SPDX-License-Identifier: GPL-2.0
/*
 * What a network interface is and what it lacks, see nic.h.
 *
 * The kernel does not tell whether a driver can restart a single queue with
 * other memory, which zero-copy receive is about. Drivers that can do tell the
 * NAPI of each queue; so one that does not is taken for one that cannot.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/netdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nic.h"
#include "nic_ethtool.h"
#include "nic_queues.h"
#include "nl.h"

static bool is_up(const char *name)
{
	struct ifreq ifr = {};
	bool up;
	int fd;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	up = !ioctl(fd, SIOCGIFFLAGS, &ifr) && ifr.ifr_flags & IFF_UP;
	close(fd);
	return up;
}

static bool has_xdp(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	return !bpf_xdp_query(ifindex, 0, &opts) && opts.attach_mode;
}

static int get_settings(struct nic *nic)
{
	struct nl ethtool;
	int ret;

	ret = nic_ethtool_open(&ethtool);
	if (ret)
		return ret;
	ret = nic_get_rings(&ethtool, nic);
	if (!ret)
		ret = nic_get_channels(&ethtool, nic);
	if (!ret)
		ret = nic_get_features(&ethtool, nic);
	if (!ret)
		ret = nic_get_rss(&ethtool, nic);
	nl_close(&ethtool);
	return ret;
}

static int get_queues(struct nic *nic)
{
	struct nl netdev;
	int ret;

	ret = nl_open(&netdev, NETDEV_FAMILY_NAME, NETDEV_FAMILY_VERSION);
	if (ret)
		return ret;
	ret = nic_queues_get(&netdev, nic);
	nl_close(&netdev);
	return ret;
}

int nic_get(const char *name, struct nic *nic)
{
	int ret;

	*nic = (struct nic){ .ifindex = if_nametoindex(name) };
	/* An interface has other names, too; take the one that settings go by. */
	if (!nic->ifindex || !if_indextoname(nic->ifindex, nic->name))
		return -ENODEV;
	nic_get_driver(nic->name, nic->driver);
	nic->up = is_up(nic->name);
	nic->xdp = has_xdp(nic->ifindex);
	nic->rules = nic_count_rules(nic->name);
	if (nic->rules < 0)
		nic->rules = -1;
	ret = get_settings(nic);
	if (!ret)
		ret = get_queues(nic);
	if (ret)
		nic_free(nic);
	return ret;
}

void nic_free(struct nic *nic)
{
	free(nic->rss);
	free(nic->queues);
	nic->rss = NULL;
	nic->queues = NULL;
}

/* --- all of them ------------------------------------------------------------ */

struct names {
	char (*list)[IF_NAMESIZE];
	unsigned int nr;
};

static void add_name(struct names *names, const char *name)
{
	char (*list)[IF_NAMESIZE] = realloc(names->list, (names->nr + 1) * sizeof(*list));

	if (!list)
		return;
	names->list = list;
	snprintf(list[names->nr++], sizeof(*list), "%s", name);
}

static int on_rings(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *header, *attr;

	nl_for_each_attr(header, nlh) {
		if (mnl_attr_get_type(header) != ETHTOOL_A_RINGS_HEADER)
			continue;
		mnl_attr_for_each_nested(attr, header)
			if (mnl_attr_get_type(attr) == ETHTOOL_A_HEADER_DEV_NAME)
				add_name(arg, mnl_attr_get_str(attr));
	}
	return MNL_CB_OK;
}

static int list_names(struct names *names)
{
	struct nlmsghdr *nlh;
	struct nl ethtool;
	int ret;

	ret = nic_ethtool_open(&ethtool);
	if (ret)
		return ret;
	nlh = nl_request(&ethtool, ETHTOOL_MSG_RINGS_GET, NLM_F_DUMP);
	mnl_attr_nest_end(nlh, mnl_attr_nest_start(nlh, ETHTOOL_A_RINGS_HEADER));
	ret = nl_talk(&ethtool, nlh, on_rings, names);
	nl_close(&ethtool);
	return ret;
}

int nic_for_each(int (*seen)(const struct nic *nic, void *arg), void *arg)
{
	struct names names = {};
	struct nic nic;
	unsigned int i;
	int ret;

	ret = list_names(&names);
	for (i = 0; !ret && i < names.nr; i++) {
		ret = nic_get(names.list[i], &nic);
		/* It has just gone. */
		if (ret == -ENODEV) {
			ret = 0;
			continue;
		}
		if (ret)
			break;
		ret = seen(&nic, arg);
		nic_free(&nic);
	}
	free(names.list);
	return ret;
}

/* --- what follows ----------------------------------------------------------- */

unsigned int nic_rx_queues(const struct nic *nic)
{
	return nic->has_channels ? nic->rx + nic->combined : nic->nr_queues;
}

unsigned int nic_rx_queues_max(const struct nic *nic)
{
	unsigned int max = nic->rx_max > nic->combined_max ? nic->rx_max : nic->combined_max;

	return max > nic_rx_queues(nic) ? max : nic_rx_queues(nic);
}

const char *nic_split_name(uint8_t split)
{
	switch (split) {
	case ETHTOOL_TCP_DATA_SPLIT_UNKNOWN:
		return "auto";
	case ETHTOOL_TCP_DATA_SPLIT_DISABLED:
		return "off";
	default:
		return "on";
	}
}

bool nic_rss_is_default(const struct nic *nic)
{
	unsigned int i, n = nic_rx_queues(nic);

	for (i = 0; i < nic->nr_rss; i++)
		if (!n || nic->rss[i] != i % n)
			return false;
	return true;
}

static bool tells_napi(const struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < nic->nr_queues; i++)
		if (!nic->queues[i].napi)
			return false;
	return true;
}

void nic_lacks(const struct nic *nic, void (*say)(const char *sentence, void *arg), void *arg)
{
	char text[160];

	if (!nic->has_split) {
		say("its driver cannot split headers from data (tcp-data-split): no zero-copy receive, use ingest run --recv",
		    arg);
		return;
	}
	if (!nic->up) {
		snprintf(text, sizeof(text), "it is down: ip link set %s up", nic->name);
		say(text, arg);
	}
	if (nic->xdp) {
		snprintf(
			text, sizeof(text),
			"an XDP program is attached, which excludes zero-copy receive: ip link set %s xdp off",
			nic->name);
		say(text, arg);
	}
	if (!tells_napi(nic))
		say("its driver does not tell the NAPI of its queues, and so will not restart one alone, as zero-copy receive needs: use ingest run --recv",
		    arg);
	if ((nic->up || nic->has_channels) && nic_rx_queues_max(nic) < 2)
		say("it has one receive queue, which would have to take all traffic: use ingest run --recv",
		    arg);
	else if (!nic->nr_rss)
		say("its driver has no RSS table that can be set, and no queue can be kept for one port: use ingest run --recv",
		    arg);
	if (nic->rules < 0 || (nic->ntuple_fixed && !nic->ntuple))
		say("its driver has no n-tuple rules, which steer a port to a queue: use ingest run --recv",
		    arg);
}
