// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl ingest: set up, wait, drain, tell. see pipeline.h.
 */
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pipeline.h"
#include "interrupt.h"
#include "nic_setup.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

#include "skel/ingest.skel.h"

static_assert(INGEST_MAX_POLICIES * POLICIES_PER_FILE <= POLICY_MAX_USES);

static int use_policies(struct ingest *in)
{
	unsigned int i;
	int ret = EXIT_OK;

	if (!in->opt.nr_policies)
		return policy_use_or_load(&in->policies, in->fd, "append");
	for (i = 0; i < in->opt.nr_policies && !ret; i++)
		ret = policy_use_or_load(&in->policies, in->fd, in->opt.policies[i]);
	return ret;
}

static int setup_nic(struct ingest *in)
{
	const struct ingest_options *opt = &in->opt;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&opt->address;
	bool ipv6 = opt->address.ss_family == AF_INET6;
	bool both = ipv6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);

	if (!opt->nic)
		return EXIT_OK;
	return nic_setup(&in->nic, opt->nic, opt->queues, opt->nr_queues, ntohs(in6->sin6_port),
			 !ipv6 || both, ipv6);
}

static bool all_ended(const struct ingest *in)
{
	unsigned int i;

	for (i = 0; i < in->opt.nr_queues; i++)
		if (in->queue[i].started)
			return false;
	return true;
}

static bool any_ended(const struct ingest *in)
{
	unsigned int i;

	for (i = 0; i < in->opt.nr_queues; i++)
		if (!in->queue[i].started)
			return true;
	return false;
}

static void drain(struct ingest *in)
{
	unsigned int i;

	in->draining = true;
	close(in->listener);
	in->listener = -1;
	for (i = 0; i < in->opt.nr_queues; i++)
		in->queue[i].skel->bss->control.drain = 1;
	ingest_wake(in);
}

static bool had_enough(const struct ingest *in)
{
	return interrupted || any_ended(in) || (in->opt.count && in->nr_closed >= in->opt.count);
}

static bool takes_more(const struct ingest *in)
{
	return !in->draining && !(in->opt.count && in->nr_streams >= in->opt.count);
}

/* Until the loops have ended, in their own time. */
static int serve(struct ingest *in)
{
	uint64_t next = in->started + 1000000;
	int ret = EXIT_OK;

	while (!all_ended(in)) {
		struct pollfd fds[] = {
			{ .fd = ring_buffer__epoll_fd(in->events), .events = POLLIN },
			{ .fd = takes_more(in) ? in->listener : -1, .events = POLLIN },
		};

		poll(fds, 2, in->draining ? 10 : 100);
		ring_buffer__consume(in->events);
		if (fds[1].revents)
			ret = ingest_accept_all(in);
		if (!in->draining && (ret || had_enough(in)))
			drain(in);
		if (microseconds_of(CLOCK_MONOTONIC) >= next) {
			ingest_report_now(in);
			policy_uses_look(&in->policies, in->fd, ingest_report_ejected);
			next += 1000000;
		}
	}
	/* What they said last. */
	ring_buffer__consume(in->events);
	return ret;
}

/* Rings pin memory, and connections are files. */
static void raise_limits(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY }, files;

	setrlimit(RLIMIT_MEMLOCK, &all);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int status_of(const struct ingest *in, char *why, size_t size)
{
	struct ingest_stats s;
	size_t i;
	int ret;

	ret = ingest_queues_status(in, why, size);
	if (ret)
		return ret;
	ingest_report_sum(in, &s);
	/* Also of what came when it was ending already. */
	if (in->opt.require_zero_copy && ingest_report_copied(&s)) {
		snprintf(why, size, "bytes were copied, which --require-zero-copy forbids");
		return EXIT_COPIED;
	}
	if (s.unseen && in->opt.require_zero_copy) {
		snprintf(why, size,
			 "this kernel does not let it be told whether bytes were copied");
		return EXIT_COPIED;
	}
	if (s.lost || s.events_lost || in->events_bad) {
		snprintf(why, size, "not all is stored, or it is not known where");
		return EXIT_FAILED;
	}
	for (i = 0; i < in->nr_streams; i++)
		if (in->streams[i]->error || !in->streams[i]->closed)
			return EXIT_STREAMS;
	return in->refused ? EXIT_STREAMS : EXIT_OK;
}

static int run(struct ingest *in)
{
	struct ingest_stats stats;
	char why[512] = "";
	const char *note;
	int ret, status;

	ret = ingest_check_kernel(in);
	if (!ret)
		ret = ingest_region_open(in);
	if (!ret)
		ret = use_policies(in);
	if (!ret)
		ret = setup_nic(in);
	if (ret)
		return ret;
	ret = ingest_queues_start(in);
	if (!ret)
		ret = ingest_events_open(in);
	if (!ret)
		ret = ingest_listen(in);
	ingest_queues_run(in, !ret);
	if (ret)
		return ret;
	note = in->nic ? nic_setup_note(in->nic) : NULL;
	if (note && !json_output && !in->opt.stats_json)
		printf("%s\n", note);
	if (!json_output && !in->opt.stats_json) {
		printf("receiving, until Ctrl-C\n");
		fflush(stdout);
	}
	in->started = microseconds_of(CLOCK_MONOTONIC);
	ret = serve(in);
	policy_uses_look_last(&in->policies, in->fd, ingest_report_ejected);
	status = status_of(in, why, sizeof(why));
	ingest_report_end(in, why);
	ingest_report_sum(in, &stats);
	if (!stats.under_way)
		target_remove_all(in->fd);
	return status ?: ret;
}

int cmd_ingest(int argc, char **argv)
{
	static struct ingest in = { .fd = -1, .listener = -1 };
	int ret;

	ret = ingest_parse(&in.opt, argc, argv);
	if (ret)
		return ret;
	raise_limits();
	interrupt_setup();
	ret = run(&in);
	ingest_accept_close(&in);
	ingest_queues_stop(&in);
	ingest_region_close(&in);
	if (in.nic && nic_restore(in.nic))
		ret = ret ?: EXIT_FAILED;
	return ret;
}
