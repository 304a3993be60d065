// SPDX-License-Identifier: GPL-2.0
/*
 * An interface becomes again what a state says that it was.
 *
 * The order is that of nic_setup.c backwards: rules before the RSS context that
 * they lead to, tables before the queues that are in them and go, and the header
 * split last. Each step looks at what is there first, so that a set-up which was
 * broken off anywhere, or an undoing, is undone as well. What is no longer as we
 * left it is somebody else's: a rule that leads elsewhere stays.
 */
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nic.h"
#include "nic_setup.h"
#include "nic_state.h"
#include "nic_undo.h"
#include "nl.h"

/* How long the kernel may take to free the queues of a ring that was closed. */
#define FREE_WAIT_MS 5000
#define FREE_STEP_MS 20

struct undo {
	const struct nic_state *state;
	char name[IF_NAMESIZE]; /* today */
	struct nic_report *report;
	struct nl ethtool;
	int err;
};

static void did(struct undo *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void did(struct undo *u, const char *fmt, ...)
{
	struct nic_report *report = u->report;
	va_list ap;

	if (report->nr_done == sizeof(report->done) / sizeof(*report->done))
		return;
	va_start(ap, fmt);
	vsnprintf(report->done[report->nr_done++], sizeof(*report->done), fmt, ap);
	va_end(ap);
}

/* The first failure is the one that is told. */
static void failed(struct undo *u, int err, const char *what)
{
	const char *words = u->ethtool.words;

	if (u->err)
		return;
	u->err = err;
	snprintf(u->report->why, sizeof(u->report->why), "%s: cannot restore %s: %s%s%s%s", u->name,
		 what, strerror(-err), *words ? " (" : "", words, *words ? ")" : "");
}

/* Of a queue that was taken away, or whose interface is down, nobody has the memory. */
static bool is_taken(const struct nic_state *state, unsigned int id)
{
	struct nic_queue queue;

	return !nic_queue(state->ifindex, id, &queue) &&
	       (queue.memory == NIC_MEMORY_IO_URING || queue.memory == NIC_MEMORY_DMABUF);
}

static int wait_until_free(struct undo *u)
{
	const struct timespec step = { .tv_nsec = FREE_STEP_MS * 1000000L };
	const struct nic_state *state = u->state;
	unsigned int i, waited = 0;

	for (i = 0; i < state->nr_queues; i++) {
		while (is_taken(state, state->queues[i])) {
			if (waited >= FREE_WAIT_MS) {
				snprintf(
					u->report->why, sizeof(u->report->why),
					"%s: queue %u is bound to a ring of some process: end that first",
					u->name, state->queues[i]);
				return -EBUSY;
			}
			nanosleep(&step, NULL);
			waited += FREE_STEP_MS;
		}
	}
	return 0;
}

static void undo_rules(struct undo *u)
{
	const struct nic_state *state = u->state;
	struct nic_rule rule;
	unsigned int i;
	int ret;

	for (i = 0; i < state->nr_rules; i++) {
		rule = state->rules[i];
		ret = nic_find_rule(u->name, &rule);
		if (ret == -ENOENT)
			continue;
		if (!ret)
			ret = nic_delete_rule(u->name, rule.location);
		if (ret)
			failed(u, ret, "the n-tuple rules");
		else
			did(u, "n-tuple rule %u removed", rule.location);
	}
}

/* As it was made: the queues, over and over. */
static void undo_context(struct undo *u)
{
	const struct nic_state *state = u->state;
	bool same = false;
	int ret;

	if (!state->context)
		return;
	ret = nic_match_context(&u->ethtool, u->name, state->context, state->queues,
				state->nr_queues, &same);
	if (ret == -ENOENT || (!ret && !same))
		return;
	if (!ret)
		ret = nic_delete_context(&u->ethtool, u->name, state->context);
	if (ret)
		failed(u, ret, "the RSS contexts");
	else
		did(u, "RSS context %u removed", state->context);
}

static void undo_threaded(struct undo *u)
{
	const struct nic_state *state = u->state;
	unsigned int i, napi;
	pid_t pid;
	int ret;

	for (i = 0; i < state->nr_threaded; i++) {
		/* With an interface that is down, or without that queue, there is no thread. */
		if (nic_queue_napi(state->ifindex, state->threaded[i], &napi))
			continue;
		ret = nic_napi_pid(napi, &pid);
		if (!ret && !pid)
			continue;
		if (!ret)
			ret = nic_napi_set_threaded(napi, false);
		if (ret)
			failed(u, ret, "how a queue is polled");
		else
			did(u, "queue %u polled without a thread", state->threaded[i]);
	}
}

static void undo_channels(struct undo *u, const struct nic *now)
{
	const struct nic_state *state = u->state;
	int ret;

	if (!state->has_channels || (now->rx == state->rx && now->combined == state->combined))
		return;
	ret = nic_set_channels(&u->ethtool, u->name, now->rx == state->rx ? -1 : (int)state->rx,
			       now->combined == state->combined ? -1 : (int)state->combined);
	if (ret)
		failed(u, ret, "the number of queues");
	else
		did(u, "queues %u", state->rx + state->combined);
}

static bool is_table(const struct nic *now, const struct nic_state *state)
{
	return now->nr_rss == state->nr_rss &&
	       !memcmp(now->rss, state->rss, state->nr_rss * sizeof(*state->rss));
}

/* Are there fewer queues by now than the table is for? Those that were noted come back. */
static bool has_table_gone(const struct nic_state *state, const struct nic *now)
{
	unsigned int i, n = nic_rx_queues(now);

	if (state->has_channels)
		n = state->rx + state->combined;
	for (i = 0; i < state->nr_rss; i++)
		if (state->rss[i] >= n)
			return true;
	return false;
}

/*
 * A table with a queue that is to go would keep it, so this comes before queues
 * that go, and after those that come; a default one is handed back to the driver
 * in the end.
 */
static void undo_rss(struct undo *u, const struct nic *now)
{
	const struct nic_state *state = u->state;
	int ret;

	if (!state->has_rss || is_table(now, state) || has_table_gone(state, now))
		return;
	ret = nic_set_rss(&u->ethtool, u->name, state->rss, state->nr_rss);
	if (ret)
		failed(u, ret, "the RSS table");
	else
		did(u, "RSS table");
}

static void undo_rss_default(struct undo *u, const struct nic *now)
{
	const struct nic_state *state = u->state;
	bool gone = has_table_gone(state, now);
	int ret;

	if (!state->has_rss || !(state->rss_default || gone))
		return;
	ret = nic_set_rss(&u->ethtool, u->name, state->rss, 0);
	if (ret)
		failed(u, ret, "the RSS table");
	else if (gone)
		did(u, "RSS table of the driver, as queues have gone");
}

static void undo_ntuple(struct undo *u, const struct nic *now)
{
	int ret;

	if (!u->state->has_ntuple || !now->ntuple)
		return;
	if (now->rules > (int)u->state->nr_others) {
		did(u, "n-tuple stays on, for rules that were added");
		return;
	}
	ret = nic_set_ntuple(&u->ethtool, u->name, false);
	if (ret)
		failed(u, ret, "n-tuple");
	else
		did(u, "n-tuple off");
}

static void undo_rings(struct undo *u, const struct nic *now)
{
	const struct nic_state *state = u->state;
	bool changed;
	int ret;

	if (state->has_threshold && now->threshold != state->threshold) {
		ret = nic_set_threshold(&u->ethtool, u->name, state->threshold);
		if (ret)
			failed(u, ret, "hds-thresh");
		else
			did(u, "hds-thresh %u", state->threshold);
	}
	/* Where nobody had asked for anything, what a driver tells says nothing of that. */
	if (state->has_split &&
	    (now->split != state->split || state->split == ETHTOOL_TCP_DATA_SPLIT_UNKNOWN)) {
		ret = nic_set_split(&u->ethtool, u->name, state->split, &changed);
		if (ret)
			failed(u, ret, "tcp-data-split");
		else if (changed)
			did(u, "tcp-data-split %s", nic_split_name(state->split));
	}
}

static int undo_all(struct undo *u)
{
	struct nic now;
	bool fewer;
	int ret;

	ret = wait_until_free(u);
	if (ret)
		return ret;
	undo_rules(u);
	undo_context(u);
	undo_threaded(u);
	ret = nic_get(u->name, &now);
	if (ret)
		return ret;
	fewer = nic_rx_queues(&now) < u->state->rx + u->state->combined;
	if (fewer)
		undo_channels(u, &now);
	undo_rss(u, &now);
	if (!fewer)
		undo_channels(u, &now);
	undo_rss_default(u, &now);
	undo_ntuple(u, &now);
	undo_rings(u, &now);
	nic_free(&now);
	return u->err;
}

int nic_undo(const struct nic_state *state, struct nic_report *report)
{
	struct undo *u = calloc(1, sizeof(*u));
	int ret;

	if (!u)
		return -ENOMEM;
	u->state = state;
	u->report = report;
	ret = nic_state_get_name(state, u->name);
	if (!ret)
		ret = nic_ethtool_open(&u->ethtool);
	if (!ret) {
		ret = undo_all(u);
		nl_close(&u->ethtool);
	}
	if (ret == -ENODEV)
		snprintf(report->why, sizeof(report->why), "%s: the interface has gone",
			 state->name);
	else if (ret == -EXDEV)
		snprintf(
			report->why, sizeof(report->why),
			"%s was set up in another network namespace: restore it there or, if that has gone, remove " NIC_STATE_DIR
			"/nic-%s",
			state->name, state->name);
	else if (ret && !report->why[0])
		snprintf(report->why, sizeof(report->why), "%s: cannot be restored: %s",
			 state->name, strerror(-ret));
	free(u);
	return ret;
}

int nic_undo_saved(const char *name, bool force, struct nic_report *report)
{
	struct nic_state state;
	char path[64];
	int ret;

	nic_state_path(name, path, sizeof(path));
	ret = nic_state_find(name, &state);
	if (ret == -ENOENT)
		snprintf(report->why, sizeof(report->why), "%s was not set up", name);
	else if (ret == -EBADMSG)
		snprintf(report->why, sizeof(report->why),
			 "%s: what was noted makes no sense. Look at %s, and remove it", name,
			 path);
	else if (ret == -EACCES || ret == -EPERM)
		snprintf(report->why, sizeof(report->why), "%s: cannot read %s: run as root", name,
			 path);
	else if (ret)
		snprintf(report->why, sizeof(report->why), "%s: cannot read %s: %s", name, path,
			 strerror(-ret));
	if (ret)
		return ret;
	if (nic_state_is_owned(&state) && !force) {
		snprintf(report->why, sizeof(report->why),
			 "%s: process %d, which set it up, is running: end it, or take it from it: "
			 "unifiedctl nic restore %s --force",
			 name, state.pid, name);
		ret = -EBUSY;
	} else {
		ret = nic_undo(&state, report);
		if (!ret || ret == -ENODEV)
			nic_state_remove(state.name);
	}
	nic_state_free(&state);
	return ret;
}

int nic_restore_saved(const char *name, bool force, struct nic_report *report)
{
	int lock = nic_state_lock(), ret;

	snprintf(report->name, sizeof(report->name), "%s", name);
	if (lock < 0) {
		snprintf(report->why, sizeof(report->why), "%s: cannot lock " NIC_STATE_DIR ": %s",
			 name, lock == -EACCES ? "run as root" : strerror(-lock));
		return lock;
	}
	ret = nic_undo_saved(name, force, report);
	close(lock);
	return ret;
}
