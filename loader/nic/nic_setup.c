// SPDX-License-Identifier: GPL-2.0
/*
 * Set-up of a network interface, see nic_setup.h.
 *
 * First it is looked at, and refused with a reason if it cannot do what is
 * wanted; then what will change is noted in a file; then it is changed: number of
 * queues, header split, n-tuple, RSS table, RSS context, rules. What the kernel
 * chooses is chosen here where possible and noted before it is asked for, so that
 * the file is right at any moment; nic_undo.c makes the way back.
 *
 * Its page size is no setting of an interface: it is asked for where a ring is
 * bound to a queue.
 */
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nic_plan.h"
#include "nic_setup.h"
#include "nic_undo.h"
#include "unifiedctl.h"

/* --- doing it --------------------------------------------------------------- */

static int set_channels(struct nic_setup *s)
{
	struct nic_state *state = &s->state;
	const struct nic *nic = &s->nic;
	unsigned int more = nic_wanted_queues(s) - nic_rx_queues(nic);
	int ret;

	if (nic->combined + more <= nic->combined_max)
		ret = nic_set_channels(&s->ethtool, state->name, -1, nic->combined + more);
	else
		ret = nic_set_channels(&s->ethtool, state->name, nic->rx + more, -1);
	return ret ? nic_refused(s, ret, "have more queues (ethtool -L)") : 0;
}

/*
 * A driver may tell what it does, and not what it was asked for. That is found out by
 * asking for the same: where the kernel calls that a change, nobody had asked. Until
 * it is known that is what is noted, as mostly nobody has.
 */
static int find_wish(struct nic_setup *s)
{
	struct nic_state *state = &s->state;
	bool had_split = state->has_split, changed = false;
	int ret;

	if (s->nic.split == ETHTOOL_TCP_DATA_SPLIT_UNKNOWN)
		return 0;
	state->has_split = true;
	state->split = ETHTOOL_TCP_DATA_SPLIT_UNKNOWN;
	ret = nic_state_update(state);
	if (!ret)
		ret = nic_set_split(&s->ethtool, state->name, s->nic.split, &changed);
	if (changed)
		return ret;
	state->has_split = had_split;
	state->split = s->nic.split;
	return ret ? ret : nic_state_update(state);
}

static int set_rings(struct nic_setup *s)
{
	struct nic_state *state = &s->state;
	int ret;

	ret = find_wish(s);
	/* Also where it is on: what counts for a ring is that somebody has asked for it. */
	if (!ret)
		ret = nic_set_split(&s->ethtool, state->name, ETHTOOL_TCP_DATA_SPLIT_ENABLED, NULL);
	if (ret)
		return nic_refused(s, ret, "split headers from data (tcp-data-split)");
	if (state->has_threshold) {
		ret = nic_set_threshold(&s->ethtool, state->name, 0);
		if (ret)
			return nic_refused(s, ret, "split packets of any size (hds-thresh)");
	}
	return 0;
}

/* The table may have another size by now. */
static int set_rss(struct nic_setup *s)
{
	struct nic now = {};
	uint32_t *table;
	int ret;

	strcpy(now.name, s->state.name);
	ret = nic_get_rss(&s->ethtool, &now);
	if (ret)
		return nic_refused(s, ret, "read the RSS table");
	table = nic_make_table(s, now.nr_rss);
	ret = table ? nic_set_rss(&s->ethtool, now.name, table, now.nr_rss) : -ENOMEM;
	free(table);
	nic_free(&now);
	return ret ? nic_refused(s, ret, "set the RSS table") : 0;
}

/* A table of the same size as the main one, as drivers have it. */
static int add_context(struct nic_setup *s)
{
	struct nic_state *state = &s->state;
	uint32_t *table = calloc(state->nr_rss, sizeof(*table));
	unsigned int i;
	int ret;

	if (!table)
		return nic_refused(s, -ENOMEM, "make an RSS context");
	for (i = 0; i < state->nr_rss; i++)
		table[i] = state->queues[i % state->nr_queues];
	ret = nic_create_context(&s->ethtool, state->name, state->context, table, state->nr_rss);
	free(table);
	if (!ret)
		return 0;
	/* Whose it is, we do not know. */
	state->context = 0;
	return nic_refused(s, ret, "make an RSS context");
}

static int add_rule(struct nic_setup *s, bool ipv6)
{
	struct nic_state *state = &s->state;
	struct nic_rule *rule = &state->rules[state->nr_rules];
	uint32_t planned;
	int ret;

	*rule = (struct nic_rule){
		.ipv6 = ipv6,
		.port = state->port,
		.queue = state->queues[0],
		.context = state->context,
		.location = NIC_ANYWHERE,
	};
	/* Somebody's own rule that does the same is not ours to remove. */
	if (!nic_find_rule(state->name, rule))
		return 0;
	ret = nic_free_location(state->name, &rule->location);
	if (ret)
		return nic_refused(s, ret, "find a place for an n-tuple rule");
	planned = rule->location;
	state->nr_rules++;
	ret = nic_state_update(state);
	if (ret)
		return nic_refused(s, ret, "note what it was");
	ret = nic_insert_rule(state->name, rule);
	if (ret)
		return nic_refused(s, ret,
				   ipv6 ? "steer the port to the queues, of IPv6 (ethtool -N)"
					: "steer the port to the queues (ethtool -N)");
	if (rule->location == planned)
		return 0;
	ret = nic_state_update(state);
	return ret ? nic_refused(s, ret, "note what it was") : 0;
}

static int apply(struct nic_setup *s)
{
	const struct nic_state *state = &s->state;
	int ret = 0;

	if (state->has_channels)
		ret = set_channels(s);
	if (!ret)
		ret = set_rings(s);
	if (!ret && state->has_ntuple) {
		ret = nic_set_ntuple(&s->ethtool, state->name, true);
		if (ret)
			nic_refused(s, ret, "switch n-tuple rules on (ethtool -K)");
	}
	if (!ret && state->has_rss)
		ret = set_rss(s);
	if (!ret && s->wants_context)
		ret = add_context(s);
	if (!ret && nic_needs_rule(s) && state->ipv4)
		ret = add_rule(s, false);
	if (!ret && nic_needs_rule(s) && state->ipv6)
		ret = add_rule(s, true);
	return ret;
}

/* --- what was noted before -------------------------------------------------- */

static bool is_same_wish(const struct nic_state *a, const struct nic_state *b)
{
	unsigned int i;

	if (a->port != b->port || a->nr_queues != b->nr_queues)
		return false;
	for (i = 0; i < a->nr_queues; i++)
		if (!nic_is_chosen(b, a->queues[i]))
			return false;
	return true;
}

/* By hand, and its interface is there: maybe another one, which had this name then. */
static int take_prepared(struct nic_setup *s, const struct nic_state *saved, const char *name)
{
	if (saved->ifindex != s->state.ifindex)
		return nic_refuse(
			s, -EBUSY,
			"what is noted under this name is of %s: unifiedctl nic restore %s", name,
			name);
	if (!is_same_wish(saved, &s->state))
		return nic_refuse(
			s, -EBUSY,
			"it is set up for other queues or another port: unifiedctl nic restore %s",
			name);
	if ((s->state.ipv4 && !saved->ipv4) || (s->state.ipv6 && !saved->ipv6))
		return nic_refuse(s, -EBUSY, "it is set up for %s alone: unifiedctl nic restore %s",
				  saved->ipv4 ? "IPv4" : "IPv6", name);
	return 0;
}

/* Restore what a process left that was killed. prepared: it was done by hand. */
static int resolve_saved(struct nic_setup *s, bool *prepared)
{
	struct nic_report report = {};
	struct nic_state saved;
	char name[IF_NAMESIZE];
	int ret;

	ret = nic_state_find(s->state.name, &saved);
	if (ret == -ENOENT)
		return 0;
	*prepared = !ret && !saved.pid && !nic_state_get_name(&saved, name);
	if (*prepared)
		ret = take_prepared(s, &saved, name);
	nic_state_free(&saved);
	if (*prepared)
		return ret;
	ret = nic_undo_saved(s->state.name, false, &report);
	if (ret && ret != -ENODEV)
		snprintf(s->why, sizeof(s->why), "%s", report.why);
	return ret == -ENODEV ? 0 : ret;
}

/* --- the interface of this file --------------------------------------------- */

static void unlock(struct nic_setup *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

/* -ECANCELED: somebody has restored it by force. */
static int note_again(const struct nic_setup *s)
{
	int lock = nic_state_lock(), ret;

	if (lock < 0)
		return lock;
	ret = nic_state_is_ours(s->state.name) ? nic_state_update(&s->state) : -ECANCELED;
	close(lock);
	return ret;
}

static void free_setup(struct nic_setup *s)
{
	unlock(s);
	nl_close(&s->ethtool);
	nic_free(&s->nic);
	nic_state_free(&s->state);
	free(s);
}

static int look(struct nic_setup *s, const char *ifname)
{
	int ret;

	ret = nic_get(ifname, &s->nic);
	if (ret == -ENODEV)
		return nic_refuse(s, ret, "there is no such interface. See: ip link");
	if (ret)
		return nic_refused(s, ret, "ask the kernel");
	strcpy(s->state.name, s->nic.name);
	s->state.ifindex = s->nic.ifindex;
	return 0;
}

static int do_setup(struct nic_setup *s, const char *ifname)
{
	bool prepared = false;
	int ret;

	snprintf(s->state.name, sizeof(s->state.name), "%s", ifname);
	ret = nic_ethtool_open(&s->ethtool);
	if (ret)
		return nic_refused(s, ret, "ask the kernel");
	ret = look(s, ifname);
	if (ret)
		return ret;
	s->lock = nic_state_lock();
	if (s->lock < 0)
		return nic_refused(s, s->lock, "lock " NIC_STATE_DIR);
	ret = resolve_saved(s, &prepared);
	if (ret || prepared)
		return ret;
	/* What was restored is another interface. */
	nic_free(&s->nic);
	ret = look(s, ifname);
	if (!ret)
		ret = nic_plan(s);
	if (ret)
		return ret;
	nic_state_own(&s->state);
	ret = nic_state_create(&s->state);
	if (ret == -EEXIST)
		return nic_refuse(s, ret, "another process is setting it up");
	if (ret)
		return nic_refused(s, ret, "note what it was");
	s->noted = true;
	return apply(s);
}

int nic_setup(struct nic_setup **setup, const char *ifname, const unsigned int *queues,
	      unsigned int nr_queues, unsigned int port, bool ipv4, bool ipv6)
{
	struct nic_report report = {};
	struct nic_setup *s;
	int ret;

	if (!nr_queues || nr_queues > NIC_MAX_QUEUES)
		return fail(0, "from 1 to %d queues can be set up", NIC_MAX_QUEUES);
	s = calloc(1, sizeof(*s));
	if (!s)
		return fail(-ENOMEM, "cannot set up %s", ifname);
	memcpy(s->state.queues, queues, nr_queues * sizeof(*queues));
	s->state.nr_queues = nr_queues;
	s->state.port = port;
	s->lock = -1;
	s->state.ipv4 = ipv4;
	s->state.ipv6 = ipv6;
	ret = do_setup(s, ifname);
	if (!ret) {
		unlock(s);
		*setup = s;
		return EXIT_OK;
	}
	if (s->noted && nic_undo(&s->state, &report))
		fail(0, "%s. It is not what it was, either: %s. Try: unifiedctl nic restore %s",
		     s->why, report.why, s->state.name);
	else
		fail(0, "%s", s->why);
	if (s->noted && !report.why[0])
		nic_state_remove(s->state.name);
	free_setup(s);
	return EXIT_FAILED;
}

const char *nic_setup_note(const struct nic_setup *s)
{
	return s->note[0] ? s->note : NULL;
}

const char *nic_setup_name(const struct nic_setup *s)
{
	return s->state.name;
}

unsigned int nic_setup_ifindex(const struct nic_setup *s)
{
	return s->state.ifindex;
}

int nic_setup_thread(struct nic_setup *s, unsigned int queue, pid_t *pid)
{
	struct nic_state *state = &s->state;
	unsigned int napi;
	int ret;

	ret = nic_queue_napi(state->ifindex, queue, &napi);
	if (!ret)
		ret = nic_napi_pid(napi, pid);
	if (!ret && !*pid) {
		if (s->noted && state->nr_threaded < NIC_MAX_QUEUES) {
			state->threaded[state->nr_threaded++] = queue;
			ret = note_again(s);
		}
		if (!ret)
			ret = nic_napi_set_threaded(napi, true);
		if (!ret)
			ret = nic_napi_pid(napi, pid);
	}
	if (!ret && !*pid)
		ret = -ESRCH;
	return ret ? fail(ret, "%s: cannot have a thread poll queue %u", state->name, queue)
		   : EXIT_OK;
}

static int restore(struct nic_setup *s)
{
	struct nic_report report = {};
	int ret;

	s->lock = nic_state_lock();
	if (s->lock < 0)
		return fail(s->lock, "%s: cannot lock " NIC_STATE_DIR, s->state.name);
	if (!nic_state_is_ours(s->state.name))
		return EXIT_OK;
	ret = nic_undo(&s->state, &report);
	if (!ret || ret == -ENODEV)
		nic_state_remove(s->state.name);
	if (!ret)
		return EXIT_OK;
	return fail_because(ret, "%s%s%s", report.why,
			    ret == -ENODEV ? "" : ". Try: unifiedctl nic restore ",
			    ret == -ENODEV ? "" : s->state.name);
}

int nic_restore(struct nic_setup *s)
{
	int ret = s->noted ? restore(s) : EXIT_OK;

	free_setup(s);
	return ret;
}

int nic_keep(struct nic_setup *s)
{
	int ret = 0;

	if (s->noted) {
		s->state.pid = 0;
		s->state.start = 0;
		ret = note_again(s);
	}
	if (ret) {
		fail(ret, "%s: cannot note that it is set up", s->state.name);
		nic_restore(s);
		return EXIT_FAILED;
	}
	free_setup(s);
	return EXIT_OK;
}
