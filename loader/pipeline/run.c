// SPDX-License-Identifier: GPL-2.0
/*
 * A pipeline runs, see pipeline.h: all is set up, connections are taken until it has
 * been enough, the loops drain, and what became of it is told.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "interrupt.h"
#include "nic_setup.h"
#include "pipeline.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

static_assert(PIPELINE_MAX_POLICIES * POLICIES_PER_FILE <= POLICY_MAX_USES);

static int use_policies(struct pipeline *p)
{
	const struct pipeline_options *opt = &p->opt;

	if (!opt->nr_policies && p->prog->policy)
		return policy_use_or_load(&p->policies, p->region.fd, p->prog->policy);
	return policy_use_all(&p->policies, p->region.fd, opt->policies, opt->nr_policies,
			      policy_use_or_load);
}

static int setup_nic(struct pipeline *p)
{
	const struct pipeline_options *opt = &p->opt;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&opt->address;
	bool ipv6 = opt->address.ss_family == AF_INET6;
	bool both = ipv6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
	int ret;

	if (!opt->nic)
		return EXIT_OK;
	ret = nic_watch_open(&p->watch, opt->ifindex);
	if (ret)
		return fail(ret, "cannot watch %s", opt->nic);
	return nic_setup(&p->nic, opt->nic, opt->queues, opt->nr_queues, ntohs(in6->sin6_port),
			 !ipv6 || both, ipv6);
}

static bool all_ended(const struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues; i++)
		if (p->queue[i].started)
			return false;
	return true;
}

static bool any_ended(const struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues; i++)
		if (!p->queue[i].started)
			return true;
	return false;
}

static void drain(struct pipeline *p, enum loop_drain how)
{
	unsigned int i;

	p->drain = how;
	pipeline_listen_end(p);
	for (i = 0; i < p->opt.nr_queues; i++)
		p->queue[i].loop.control->drain = how;
	pipeline_wake(p);
}

/*
 * Of a byte that --require-zero-copy forbids: why it was copied, LOOP_COPIES if that
 * cannot be told; -1: there is none. The loop that meets it ends of itself, the others
 * do not; and what a policy submits no loop sees.
 */
static int forbidden_copy(const struct pipeline *p)
{
	struct loop_stats s;
	int i;

	if (!p->opt.require_zero_copy)
		return -1;
	pipeline_report_sum(p, &s);
	for (i = 0; i < LOOP_COPIES; i++)
		if (s.copied[i])
			return i;
	return s.unseen ? LOOP_COPIES : -1;
}

/* There is no queue to receive from any more. The reason is told in the report. */
static bool nic_gone(struct pipeline *p)
{
	if (!nic_watch_gone(&p->watch))
		return false;
	snprintf(p->why, sizeof(p->why), "%s was removed, or moved to another network namespace",
		 p->opt.nic);
	return true;
}

static bool had_enough(const struct pipeline *p)
{
	return interrupted || any_ended(p) || (p->opt.count && p->nr_closed >= p->opt.count) ||
	       forbidden_copy(p) >= 0;
}

static bool takes_more(const struct pipeline *p)
{
	return !p->drain && !(p->opt.count && p->nr_streams >= p->opt.count);
}

/* Until the loops have ended, in their own time. */
static int serve(struct pipeline *p)
{
	uint64_t next = p->started + 1000000;
	bool unread = false; /* nobody reads what is told */
	int ret = EXIT_OK;

	while (!all_ended(p)) {
		struct pollfd fds[] = {
			{ .fd = ring_buffer__epoll_fd(p->events), .events = POLLIN },
			{ .fd = takes_more(p) ? p->listener : -1, .events = POLLIN },
			{ .fd = nic_watch_fd(&p->watch), .events = POLLIN },
		};

		poll(fds, 3, p->drain ? 10 : 100);
		ring_buffer__consume(p->events);
		if (fds[1].revents)
			ret = pipeline_accept(p);
		if (fds[2].revents && nic_gone(p))
			ret = EXIT_FAILED;
		if (!p->drain && (ret || unread || had_enough(p)))
			drain(p, LOOP_DRAIN);
		if (insisted && p->drain != LOOP_GIVE_UP)
			drain(p, LOOP_GIVE_UP);
		if (microseconds_of(CLOCK_MONOTONIC) >= next) {
			pipeline_cpu_look(p);
			pipeline_report_now(p);
			unread = output_error() == -EPIPE;
			policy_uses_look(&p->policies, p->region.fd, pipeline_report_ejected);
			next += 1000000;
		}
	}
	/* What they said last. */
	ring_buffer__consume(p->events);
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

static int status_of(const struct pipeline *p, char *why, size_t size)
{
	struct loop_stats s;
	uint64_t lost = 0;
	int ret, copy;
	size_t i;

	ret = pipeline_queues_status(p, why, size);
	if (ret)
		return ret;
	if (p->why[0]) {
		snprintf(why, size, "%s", p->why);
		return EXIT_FAILED;
	}
	/* Also of what came when it was ending already. */
	copy = forbidden_copy(p);
	if (copy >= 0) {
		pipeline_report_copy(copy, why, size);
		return EXIT_COPIED;
	}
	pipeline_report_sum(p, &s);
	for (i = 0; i < p->nr_streams; i++)
		lost += p->streams[i]->lost;
	if (lost || p->events_bad) {
		snprintf(why, size, "not all is stored, or it is not known where");
		return EXIT_FAILED;
	}
	for (i = 0; i < p->nr_streams; i++)
		if (p->streams[i]->error || !p->streams[i]->closed)
			return EXIT_STREAMS;
	return p->refused ? EXIT_STREAMS : EXIT_OK;
}

static int run(struct pipeline *p)
{
	char why[512] = "";
	const char *note;
	int ret, status;

	ret = pipeline_check_kernel(p);
	if (!ret)
		ret = pipeline_region_open(p);
	if (!ret)
		ret = use_policies(p);
	if (!ret)
		ret = setup_nic(p);
	if (ret)
		return ret;
	ret = pipeline_queues_start(p);
	if (!ret)
		ret = pipeline_events_open(p);
	if (!ret)
		ret = pipeline_listen(p);
	pipeline_queues_run(p, !ret);
	if (ret)
		return ret;
	note = p->nic ? nic_setup_note(p->nic) : NULL;
	if (note && !json_output && !p->opt.stats_json)
		printf("%s\n", note);
	if (!json_output && !p->opt.stats_json) {
		printf("receiving, until Ctrl-C\n");
		fflush(stdout);
	}
	p->started = microseconds_of(CLOCK_MONOTONIC);
	ret = serve(p);
	policy_uses_look_last(&p->policies, p->region.fd, pipeline_report_ejected);
	status = status_of(p, why, sizeof(why));
	pipeline_report_end(p, why);
	return status ?: ret;
}

int pipeline_run(const struct pipeline_prog *prog, const struct pipeline_options *opt)
{
	static struct pipeline p = { .region.fd = -1, .listener = -1 };
	struct loop_stats stats;
	int ret;

	assert(prog->nr_own <= PIPELINE_MAX_OWN);
	p.prog = prog;
	p.opt = *opt;
	raise_limits();
	interrupt_setup_undo();
	ret = run(&p);
	pipeline_listen_end(&p);
	nic_watch_close(&p.watch);
	ring_buffer__free(p.events);
	pipeline_queues_stop(&p);
	pipeline_report_sum(&p, &stats);
	if (p.region.fd >= 0 && !stats.under_way)
		target_remove_all(p.region.fd);
	region_close(&p.region);
	if (p.nic && nic_restore(p.nic))
		ret = ret ?: EXIT_FAILED;
	return ret;
}
