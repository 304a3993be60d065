// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink, see nl.h.
 *
 * libmnl ends an answer at its acknowledgement or at the end of a dump without
 * a look at what these carry besides the errno: the kernel's words, and for a
 * dump the errno itself. So both are taken care of here.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "nl.h"

struct answer {
	struct nl *nl;
	mnl_cb_t cb;
	void *arg;
	int err;
};

/* The extended acknowledgement at the end of a message; skip: of what stands before it. */
static void keep_words(struct nl *nl, const struct nlmsghdr *nlh, size_t skip)
{
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, nlh, skip)
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(nl->words, sizeof(nl->words), "%.*s",
				 (int)mnl_attr_get_payload_len(attr), mnl_attr_get_str(attr));
}

/* The request comes back with the error, in full or, as we asked for, its head alone. */
static int on_ack(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	struct answer *answer = arg;
	size_t skip = sizeof(*err);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
		answer->err = -EBADMSG;
	else
		answer->err = err->error;
	if (!answer->err)
		return MNL_CB_STOP;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += err->msg.nlmsg_len - sizeof(err->msg);
	keep_words(answer->nl, nlh, skip);
	return MNL_CB_STOP;
}

static int on_done(const struct nlmsghdr *nlh, void *arg)
{
	struct answer *answer = arg;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(int))
		answer->err = *(const int *)mnl_nlmsg_get_payload(nlh);
	if (answer->err)
		keep_words(answer->nl, nlh, sizeof(int));
	return MNL_CB_STOP;
}

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	struct answer *answer = arg;

	return answer->cb ? answer->cb(nlh, answer->arg) : MNL_CB_OK;
}

static const mnl_cb_t control[NLMSG_DONE + 1] = {
	[NLMSG_ERROR] = on_ack,
	[NLMSG_DONE] = on_done,
};

struct nlmsghdr *nl_request(struct nl *nl, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->request);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | (flags ? flags : NLM_F_ACK);
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = nl->version;
	return nlh;
}

int nl_talk(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	struct answer answer = { .nl = nl, .cb = cb, .arg = arg };
	unsigned int port = mnl_socket_get_portid(nl->socket);
	/* What a group is told has numbers of its own. */
	unsigned int seq = nl->group ? 0 : nlh->nlmsg_seq;
	char buf[NL_BUFFER_SIZE];
	ssize_t n;
	int ret;

	nl->words[0] = '\0';
	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl->socket, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run2(buf, n, seq, port, on_message, &answer, control, NLMSG_DONE + 1);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : answer.err;
}

uint64_t nl_uint(const struct nlattr *attr)
{
	if (mnl_attr_get_payload_len(attr) == sizeof(uint64_t))
		return mnl_attr_get_u64(attr);
	return mnl_attr_get_u32(attr);
}

static int on_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	nl_for_each_attr(attr, nlh)
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			*(uint16_t *)arg = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int resolve(struct nl *nl, const char *family, uint8_t version)
{
	struct nlmsghdr *nlh;
	uint16_t id = 0;
	int ret;

	nl->family = GENL_ID_CTRL;
	nl->version = 1;
	nlh = nl_request(nl, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, family);
	ret = nl_talk(nl, nlh, on_family, &id);
	if (ret)
		return ret;
	nl->family = id;
	nl->version = version;
	return 0;
}

int nl_open(struct nl *nl, const char *family, uint8_t version)
{
	int on = 1, ret;

	nl->seq = 0;
	nl->group = 0;
	nl->words[0] = '\0';
	nl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->socket)
		return -errno;
	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	ret = mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (!ret)
		ret = resolve(nl, family, version);
	if (ret)
		nl_close(nl);
	return ret;
}

struct group {
	const char *name;
	uint32_t id; /* 0: there is none of that name */
};

static void on_group(const struct nlattr *nest, struct group *group)
{
	const struct nlattr *attr;
	bool named = false;
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			named = !strcmp(mnl_attr_get_str(attr), group->name);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(attr);
	}
	if (named)
		group->id = id;
}

static int on_groups(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *nest;

	nl_for_each_attr(attr, nlh)
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(nest, attr)
				on_group(nest, arg);
	return MNL_CB_OK;
}

int nl_join(struct nl *nl, const char *name)
{
	struct group group = { .name = name };
	uint16_t family = nl->family;
	uint8_t version = nl->version;
	struct nlmsghdr *nlh;
	int ret;

	nl->family = GENL_ID_CTRL;
	nl->version = 1;
	nlh = nl_request(nl, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, family);
	ret = nl_talk(nl, nlh, on_groups, &group);
	nl->family = family;
	nl->version = version;
	if (ret || !group.id)
		return ret ? ret : -ENOENT;
	if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group.id, sizeof(group.id)) <
	    0)
		return -errno;
	nl->group = group.id;
	return 0;
}

/* With what was told since, which is no answer to what is asked next. */
void nl_leave(struct nl *nl)
{
	char rest[64];

	mnl_socket_setsockopt(nl->socket, NETLINK_DROP_MEMBERSHIP, &nl->group, sizeof(nl->group));
	while (recv(mnl_socket_get_fd(nl->socket), rest, sizeof(rest), MSG_DONTWAIT) >= 0)
		;
	nl->group = 0;
}

void nl_close(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}
