/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to a generic netlink family, over libmnl.
 *
 * Functions return 0 or -errno. What the kernel says about a request that it
 * refuses, its extended acknowledgement, is kept in words.
 */
#ifndef NL_H
#define NL_H

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdint.h>

/* The largest request is an RSS table. */
#define NL_BUFFER_SIZE (32 * 1024)

struct nl {
	struct mnl_socket *socket;
	uint32_t seq;
	uint16_t family;
	uint8_t version;
	uint32_t group;	 /* that was joined */
	char words[256]; /* of the kernel, on the last request that failed; may be empty */
	char request[NL_BUFFER_SIZE];
};

/* -ENOENT: this kernel does not have that family. */
int nl_open(struct nl *nl, const char *family, uint8_t version);
void nl_close(struct nl *nl);

/* Begin a request; there is one at a time. flags: 0 or NLM_F_DUMP. */
struct nlmsghdr *nl_request(struct nl *nl, uint8_t cmd, uint16_t flags);
/* Send it, and call cb, which may be NULL, for each message of the answer. */
int nl_talk(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg);

/*
 * Hear what is told a group of the family: nl_talk() calls cb for that, too, for what a
 * request leads to before its answer. Or cease to.
 */
int nl_join(struct nl *nl, const char *group);
void nl_leave(struct nl *nl);

/* An attribute of the kernel's type "uint": four bytes, or eight where it is large. */
uint64_t nl_uint(const struct nlattr *attr);

#define nl_for_each_attr(attr, nlh) mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))

#endif
