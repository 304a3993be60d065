// SPDX-License-Identifier: GPL-2.0
/*
 * News of interfaces, over rtnetlink, see nic_watch.h.
 *
 * What the kernel says is no more than the reason to ask: that is also right when it
 * had more to say than the socket holds.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "nic_watch.h"

int nic_watch_open(struct nic_watch *watch, unsigned int ifindex)
{
	int ret;

	watch->ifindex = ifindex;
	watch->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->socket)
		return -errno;
	ret = mnl_socket_bind(watch->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (ret)
		nic_watch_close(watch);
	return ret;
}

void nic_watch_close(struct nic_watch *watch)
{
	if (watch->socket)
		mnl_socket_close(watch->socket);
	watch->socket = NULL;
}

int nic_watch_fd(const struct nic_watch *watch)
{
	return watch->socket ? mnl_socket_get_fd(watch->socket) : -1;
}

bool nic_watch_gone(const struct nic_watch *watch)
{
	char name[IF_NAMESIZE], news[64];

	/* All of it, whatever it is; an error is that some was lost. */
	while (recv(nic_watch_fd(watch), news, sizeof(news), 0) >= 0 || errno == ENOBUFS)
		;
	return !if_indextoname(watch->ifindex, name) && errno == ENXIO;
}
