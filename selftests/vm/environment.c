// SPDX-License-Identifier: GPL-2.0
/*
 * environment [INTERFACE]: what of a system, or of one network interface, a test might
 * leave changed, a line each, in no order. Two runs with the same lines but for their
 * order: it is as it was.
 *
 * Not here is what the kernel keeps for a while by design: modules that nobody uses,
 * dying memory cgroups, the page cache.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <linux/ethtool_netlink.h>
#include <linux/if_link.h>
#include <linux/netdev.h>
#include <linux/rtnetlink.h>
#include <mntent.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nic_ethtool.h"
#include "nl.h"

/* --- BPF ------------------------------------------------------------------- */

union object {
	struct bpf_prog_info program;
	struct bpf_map_info map;
	struct bpf_link_info link;
};

static void objects(int (*next)(uint32_t, uint32_t *), int (*get)(uint32_t),
		    void (*print)(const union object *))
{
	uint32_t id = 0;

	while (!next(id, &id)) {
		union object info = {};
		uint32_t len = sizeof(info);
		int fd = get(id);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			print(&info);
		close(fd);
	}
}

static void print_program(const union object *info)
{
	printf("BPF program %s\n", info->program.name);
}

static void print_map(const union object *info)
{
	printf("BPF map %s\n", info->map.name);
}

static void print_link(const union object *info)
{
	printf("BPF link of type %u\n", info->link.type);
}

/* --- the network ----------------------------------------------------------- */

/* The interface that is asked for; NULL: all. */
static const char *interface;

/* What an answer of ethtool's is about. */
struct settings {
	uint8_t cmd;
	const char *name;
};

static const char *name_of(const struct nlattr *header)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, header)
		if (mnl_attr_get_type(attr) == ETHTOOL_A_HEADER_DEV_NAME)
			return mnl_attr_get_str(attr);
	return "?";
}

/* Numbers as they are, of the rest a sum: that they differ is enough. */
static void print_attr(const struct nlattr *attr)
{
	const uint8_t *at = mnl_attr_get_payload(attr);
	uint16_t i, len = mnl_attr_get_payload_len(attr);
	uint32_t value = 0;

	if (len <= sizeof(value))
		memcpy(&value, at, len);
	else
		for (i = 0; i < len; i++)
			value = value * 31 + at[i];
	printf(" %u=%u", mnl_attr_get_type(attr), value);
}

static int on_settings(const struct nlmsghdr *nlh, void *arg)
{
	const struct settings *settings = arg;
	const struct nlattr *attr;
	const char *name = "?";

	/* The header is the first attribute of all of these. */
	nl_for_each_attr(attr, nlh)
		if (mnl_attr_get_type(attr) == 1)
			name = name_of(attr);
	if (interface && strcmp(name, interface))
		return MNL_CB_OK;
	printf("%s of interface %s:", settings->name, name);
	nl_for_each_attr(attr, nlh)
		if (mnl_attr_get_type(attr) != 1)
			print_attr(attr);
	printf("\n");
	return MNL_CB_OK;
}

static void settings(struct nl *nl)
{
	static struct settings all[] = {
		{ ETHTOOL_MSG_RINGS_GET, "rings" },
		{ ETHTOOL_MSG_CHANNELS_GET, "channels" },
		{ ETHTOOL_MSG_COALESCE_GET, "coalescing" },
		{ ETHTOOL_MSG_FEATURES_GET, "features" },
		{ ETHTOOL_MSG_RSS_GET, "RSS table" },
	};
	struct if_nameindex *name, *names = if_nameindex();
	size_t i;

	if (nl_open(nl, ETHTOOL_GENL_NAME, ETHTOOL_GENL_VERSION))
		return;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		nl_talk(nl, nl_request(nl, all[i].cmd, NLM_F_DUMP), on_settings, &all[i]);
	nl_close(nl);
	for (name = names; name && name->if_index; name++)
		if (!interface || !strcmp(name->if_name, interface))
			printf("rules of interface %s: %d\n", name->if_name,
			       nic_count_rules(name->if_name));
	if_freenameindex(names);
}

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const char *name = "?", *xdp = "";
	const struct nlattr *attr, *in;
	uint32_t mtu = 0;

	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			name = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == IFLA_MTU)
			mtu = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == IFLA_XDP)
			mnl_attr_for_each_nested(in, attr)
				if (mnl_attr_get_type(in) == IFLA_XDP_ATTACHED &&
				    mnl_attr_get_u8(in))
					xdp = ", an XDP program";
	}
	(void)arg;
	printf("interface %s: %s, mtu %u%s\n", name, info->ifi_flags & IFF_UP ? "up" : "down", mtu,
	       xdp);
	return MNL_CB_OK;
}

static void interfaces(struct nl *nl)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->request);
	struct ifinfomsg *info;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++nl->seq;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	nl->socket = mnl_socket_open(NETLINK_ROUTE);
	if (!nl->socket)
		return;
	if (!mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID))
		nl_talk(nl, nlh, on_link, NULL);
	mnl_socket_close(nl->socket);
}

static int on_pool(const struct nlmsghdr *nlh, void *arg)
{
	const char *detached = "", *uring = "";
	const struct nlattr *attr;
	uint32_t ifindex = 0;

	nl_for_each_attr(attr, nlh)
		switch (mnl_attr_get_type(attr)) {
		case NETDEV_A_PAGE_POOL_IFINDEX:
			ifindex = mnl_attr_get_u32(attr);
			break;
		case NETDEV_A_PAGE_POOL_DETACH_TIME:
			detached = ", detached";
			break;
		case NETDEV_A_PAGE_POOL_IO_URING:
			uring = ", of io_uring";
			break;
		}
	/* A driver makes and loses its own as it likes. */
	if (!*detached && !*uring)
		return MNL_CB_OK;
	(void)arg;
	printf("page pool of interface %u%s%s\n", ifindex, uring, detached);
	return MNL_CB_OK;
}

static void page_pools(struct nl *nl)
{
	if (nl_open(nl, NETDEV_FAMILY_NAME, NETDEV_FAMILY_VERSION))
		return;
	nl_talk(nl, nl_request(nl, NETDEV_CMD_PAGE_POOL_GET, NLM_F_DUMP), on_pool, NULL);
	nl_close(nl);
}

/* --- files ----------------------------------------------------------------- */

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file && errno != ENOENT)
		printf("%s: %m\n", path);
	return file;
}

static void lines_of(const char *path)
{
	FILE *file = open_file(path);
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		printf("%s: %s", path, line);
	if (file)
		fclose(file);
}

/* But for those that only show what the kernel, or "ip netns", has: that is looked at below. */
static void mounts(void)
{
	FILE *file = setmntent("/proc/mounts", "re");
	struct mntent *mount;

	while (file && (mount = getmntent(file)))
		if (strcmp(mount->mnt_type, "configfs") && strcmp(mount->mnt_type, "securityfs") &&
		    strcmp(mount->mnt_dir, "/run/netns"))
			printf("mount %s of type %s, %s\n", mount->mnt_dir, mount->mnt_type,
			       mount->mnt_opts);
	if (file)
		endmntent(file);
}

/* Pages that are pinned, all over. */
static void pins(void)
{
	uint64_t acquired = 0, released = 0;
	FILE *file;
	char line[128];

	/* Reading it folds the counters of the CPUs. */
	lines_of("/proc/sys/vm/stat_refresh");
	file = open_file("/proc/vmstat");
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "nr_foll_pin_acquired %" SCNu64, &acquired);
		sscanf(line, "nr_foll_pin_released %" SCNu64, &released);
	}
	if (file)
		fclose(file);
	printf("pinned pages %" PRId64 "\n", (int64_t)(acquired - released));
}

/* Not netlink's, which are freed a while after they were closed, nor TCP's, for the same reason. */
static void sockets(void)
{
	static const char *const kinds[] = { "UDP", "UDPv6", "UNIX", "PACKET", "RAW" };
	FILE *file = open_file("/proc/net/protocols");
	char line[256], name[32];
	size_t i;
	long n;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%31s %*d %ld", name, &n) != 2)
			continue;
		for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (!strcmp(name, kinds[i]))
				printf("sockets of %s %ld\n", name, n);
	}
	if (file)
		fclose(file);
}

static void files_in_use(void)
{
	FILE *file = open_file("/proc/sys/fs/file-nr");
	unsigned long n;

	if (file && fscanf(file, "%lu", &n) == 1)
		printf("open files %lu\n", n);
	if (file)
		fclose(file);
}

/* Those with memory: kernel threads come and go. This one, too, is there each time. */
static void processes(void)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	char path[64], name[64];
	unsigned long pages;
	FILE *file;

	while (dir && (entry = readdir(dir))) {
		if (!strtoul(entry->d_name, NULL, 10))
			continue;
		pages = 0;
		snprintf(path, sizeof(path), "/proc/%.16s/statm", entry->d_name);
		file = fopen(path, "re");
		if (file && fscanf(file, "%lu", &pages) != 1)
			pages = 0;
		if (file)
			fclose(file);
		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		file = pages ? fopen(path, "re") : NULL;
		if (file && fgets(name, sizeof(name), file))
			printf("process %s", name);
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
}

/* What is there as soon as a module is loaded, and the lock file of unifiedctl. */
static bool comes_by_itself(const char *path)
{
	static const char *const paths[] = {
		"/dev/loop",
		"/dev/nvme-fabrics",
		"/sys/kernel/config/nullb",
		"/sys/kernel/config/nvmet",
		"/sys/kernel/config/nvmet/hosts",
		"/sys/kernel/config/nvmet/ports",
		"/sys/kernel/config/nvmet/subsystems",
		"/sys/block/loop",
		"/run/unified-io/.lock",
	};
	size_t i, len;

	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		len = strlen(paths[i]);
		if (!strcmp(path, paths[i]) ||
		    (strstr(paths[i], "/loop") && !strncmp(path, paths[i], len)))
			return true;
	}
	return false;
}

/* What is below a directory, on the same file system: its directories, or all else. */
static void tree(char *path, bool directories)
{
	char *paths[] = { path, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV, NULL);
	FTSENT *entry;

	while (fts && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_DP || entry->fts_level == FTS_ROOTLEVEL)
			continue;
		if ((entry->fts_info == FTS_D) == directories && !comes_by_itself(entry->fts_path))
			printf("%s\n", entry->fts_path);
	}
	if (fts)
		fts_close(fts);
}

static void names_in(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	char name[512];

	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.' && !comes_by_itself(name))
			printf("%s\n", name);
	}
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	static struct nl nl;

	interface = argc > 1 ? argv[1] : NULL;
	settings(&nl);
	if (interface)
		return 0;
	objects(bpf_prog_get_next_id, bpf_prog_get_fd_by_id, print_program);
	objects(bpf_map_get_next_id, bpf_map_get_fd_by_id, print_map);
	objects(bpf_link_get_next_id, bpf_link_get_fd_by_id, print_link);
	interfaces(&nl);
	page_pools(&nl);
	pins();
	files_in_use();
	processes();
	sockets();
	mounts();
	lines_of("/proc/swaps");
	lines_of("/proc/sys/vm/nr_hugepages");
	lines_of("/proc/sys/kernel/io_uring_disabled");
	lines_of("/proc/sys/kernel/unprivileged_bpf_disabled");
	lines_of("/proc/sys/kernel/bpf_stats_enabled");
	lines_of("/proc/sys/user/max_user_namespaces");
	lines_of("/sys/kernel/mm/transparent_hugepage/enabled");
	lines_of("/sys/kernel/tracing/current_tracer");
	lines_of("/sys/kernel/tracing/kprobe_events");
	lines_of("/sys/kernel/tracing/set_event");
	names_in("/sys/block");
	names_in("/sys/kernel/tracing/instances");
	names_in("/run/netns");
	tree("/sys/fs/cgroup", true);
	tree("/sys/fs/bpf", false);
	tree("/sys/kernel/config", true);
	tree("/run", false);
	tree("/dev", false);
	return 0;
}
