// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl nic show: what network interfaces are, who uses their queues, what
 * they lack.
 */
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "nic.h"
#include "nic_show.h"
#include "nic_state.h"
#include "unifiedctl.h"
#include "units.h"

static const char *memory_name(const struct nic_queue *queue)
{
	static const char *const names[] = {
		[NIC_MEMORY_DRIVER] = "driver",
		[NIC_MEMORY_IO_URING] = "io_uring",
		[NIC_MEMORY_DMABUF] = "dmabuf",
		[NIC_MEMORY_XSK] = "xsk",
	};

	return names[queue->memory];
}

static void json_channels(const struct nic *nic)
{
	if (!nic->has_channels) {
		json_null("channels");
		return;
	}
	json_object("channels");
	json_u64("rx", nic->rx);
	json_u64("rx_max", nic->rx_max);
	json_u64("combined", nic->combined);
	json_u64("combined_max", nic->combined_max);
	json_end();
}

static void json_queue(const struct nic_queue *queue)
{
	pid_t pid = 0;

	json_object(NULL);
	json_u64("id", queue->id);
	if (queue->napi)
		json_u64("napi", queue->napi);
	else
		json_null("napi");
	if (queue->napi && !nic_napi_pid(queue->napi, &pid) && pid)
		json_s64("thread", pid);
	else
		json_null("thread");
	json_str("memory", memory_name(queue));
	if (queue->page_size)
		json_u64("page_size", queue->page_size);
	else
		json_null("page_size");
	json_end();
}

static void json_queues(const struct nic *nic)
{
	unsigned int i;

	json_array("rss");
	for (i = 0; i < nic->nr_rss; i++)
		json_u64(NULL, nic->rss[i]);
	json_end();
	json_u64("contexts", nic->contexts);
	json_array("queues");
	for (i = 0; i < nic->nr_queues; i++)
		json_queue(&nic->queues[i]);
	json_end();
}

static void json_set_up(const struct nic *nic)
{
	struct nic_state state;

	if (nic_state_find(nic->name, &state)) {
		json_null("set_up");
		return;
	}
	json_object("set_up");
	json_numbers("queues", state.queues, state.nr_queues);
	json_u64("port", state.port);
	if (state.pid)
		json_s64("pid", state.pid);
	else
		json_null("pid");
	json_bool("abandoned", state.pid && !nic_state_is_owned(&state));
	json_end();
	nic_state_free(&state);
}

static void json_lack(const char *sentence, void *arg)
{
	(void)arg;
	json_str(NULL, sentence);
}

static void json_nic(const struct nic *nic)
{
	json_object(NULL);
	json_str("name", nic->name);
	json_str("driver", nic->driver);
	json_bool("up", nic->up);
	if (nic->has_split && nic->split != ETHTOOL_TCP_DATA_SPLIT_UNKNOWN)
		json_bool("split", nic->split == ETHTOOL_TCP_DATA_SPLIT_ENABLED);
	else
		json_null("split");
	if (nic->has_threshold)
		json_u64("threshold", nic->threshold);
	else
		json_null("threshold");
	json_channels(nic);
	json_bool("ntuple", nic->ntuple);
	json_bool("ntuple_fixed", nic->ntuple_fixed);
	if (nic->rules >= 0)
		json_u64("rules", nic->rules);
	else
		json_null("rules");
	json_bool("xdp", nic->xdp);
	json_queues(nic);
	json_set_up(nic);
	json_array("lacks");
	nic_lacks(nic, json_lack, NULL);
	json_end();
	json_end();
}

/* "0-2, 5": the queues that a table has. */
static void print_table(const struct nic *nic)
{
	unsigned int i, first, n = nic_rx_queues(nic);
	bool *used = calloc(n + 1, sizeof(*used));
	const char *comma = "";

	printf("  RSS          table of %u over queues ", nic->nr_rss);
	for (i = 0; used && i < nic->nr_rss; i++)
		if (nic->rss[i] < n)
			used[nic->rss[i]] = true;
	for (i = 0; used && i < n; i++) {
		if (!used[i])
			continue;
		for (first = i; used[i + 1]; i++)
			;
		printf(first == i ? "%s%u" : "%s%u-%u", comma, first, i);
		comma = ", ";
	}
	if (nic->contexts)
		printf("; %u more for rules", nic->contexts);
	putchar('\n');
	free(used);
}

static void print_queue(const struct nic_queue *queue)
{
	char size[32];
	pid_t pid = 0;

	printf("  queue %-6u memory of the %s", queue->id,
	       queue->memory == NIC_MEMORY_DRIVER ? "driver" : "user, ");
	if (queue->memory != NIC_MEMORY_DRIVER)
		fputs(memory_name(queue), stdout);
	if (queue->page_size)
		printf(", pages of %s", human(queue->page_size, size, sizeof(size)));
	if (queue->napi)
		printf(", NAPI %u", queue->napi);
	if (queue->napi && !nic_napi_pid(queue->napi, &pid) && pid)
		printf(", thread %d", pid);
	putchar('\n');
}

static void print_set_up(const struct nic *nic)
{
	struct nic_state state;
	unsigned int i;

	if (nic_state_find(nic->name, &state))
		return;
	printf("  set up       for queue%s", state.nr_queues > 1 ? "s" : "");
	for (i = 0; i < state.nr_queues; i++)
		printf(" %u", state.queues[i]);
	if (state.port)
		printf(", TCP port %u", state.port);
	if (!state.pid)
		printf(", until unifiedctl nic restore %s\n", nic->name);
	else if (nic_state_is_owned(&state))
		printf(", by process %d\n", state.pid);
	else
		printf(", by a process that was killed: unifiedctl nic restore %s\n", nic->name);
	nic_state_free(&state);
}

static void print_lack(const char *sentence, void *arg)
{
	(void)arg;
	printf("  lacks        %s\n", sentence);
}

static void print_nic(const struct nic *nic)
{
	unsigned int i;

	printf("%s: %s, %s\n", nic->name, nic->driver[0] ? nic->driver : "no driver",
	       nic->up ? "up" : "down");
	printf("  queues       %u to receive, %u at most\n", nic_rx_queues(nic),
	       nic_rx_queues_max(nic));
	if (nic->has_split)
		printf("  header split %s", nic_split_name(nic->split));
	if (nic->has_split && nic->has_threshold)
		printf(", for packets over %u bytes", nic->threshold);
	if (nic->has_split)
		putchar('\n');
	if (nic->rules >= 0)
		printf("  n-tuple      %s%s, %d rules\n", nic->ntuple ? "on" : "off",
		       nic->ntuple_fixed ? " for good" : "", nic->rules);
	if (nic->nr_rss)
		print_table(nic);
	for (i = 0; i < nic->nr_queues; i++)
		print_queue(&nic->queues[i]);
	print_set_up(nic);
	nic_lacks(nic, print_lack, NULL);
}

static int show_one(const struct nic *nic, void *arg)
{
	*(int *)arg += 1;
	if (json_output)
		json_nic(nic);
	else
		print_nic(nic);
	return 0;
}

static int show_named(const char *name)
{
	struct nic nic;
	int ret, count = 0;

	ret = nic_get(name, &nic);
	if (ret == -ENODEV)
		return fail(ret, "there is no interface '%s'. See: ip link", name);
	if (ret)
		return fail(ret, "cannot look at '%s'", name);
	if (json_output)
		json_array(NULL);
	show_one(&nic, &count);
	if (json_output)
		json_end();
	nic_free(&nic);
	return EXIT_OK;
}

int nic_show(void *values)
{
	const struct nic_options *opt = values;
	int ret, count = 0;

	if (opt->name)
		return show_named(opt->name);
	if (json_output)
		json_array(NULL);
	ret = nic_for_each(show_one, &count);
	if (ret)
		return fail(ret, "cannot look at the interfaces");
	if (json_output)
		json_end();
	else if (!count)
		puts("there is no interface with receive rings");
	return EXIT_OK;
}
