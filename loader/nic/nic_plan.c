// SPDX-License-Identifier: GPL-2.0
/*
 * Can an interface be set up, and what has to change for it? See nic_plan.h.
 *
 * How packets get to the queues, and nothing else does:
 *
 *   one queue	the main RSS table leaves it out, a rule sends the port to it;
 *   several	the main table leaves them out, a rule sends the port to a further
 *		table (RSS context) that spreads over them;
 *   no context, or no queue left for the others
 *		the main table spreads over exactly these queues, there is no rule,
 *		and all other traffic comes there, too: nic_setup_note() tells.
 */
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nic_plan.h"

/* Say why it cannot be done. Returns err. */
int nic_refuse(struct nic_setup *s, int err, const char *fmt, ...)
{
	int n = snprintf(s->why, sizeof(s->why), "%s: ", s->state.name);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why + n, sizeof(s->why) - n, fmt, ap);
	va_end(ap);
	return err;
}

/* The kernel or the driver refused: what it said, if it said anything. */
int nic_refused(struct nic_setup *s, int err, const char *what)
{
	const char *words = s->ethtool.words;

	if (err == -EPERM || err == -EACCES)
		return nic_refuse(s, err, "cannot %s: run as root", what);
	return nic_refuse(s, err, "cannot %s: %s%s%s%s", what, strerror(-err), *words ? " (" : "",
			  words, *words ? ")" : "");
}

/* --- what is needed --------------------------------------------------------- */

static unsigned int highest(const struct nic_state *state)
{
	unsigned int i, top = 0;

	for (i = 0; i < state->nr_queues; i++)
		if (state->queues[i] > top)
			top = state->queues[i];
	return top;
}

bool nic_is_chosen(const struct nic_state *state, unsigned int queue)
{
	unsigned int i;

	for (i = 0; i < state->nr_queues; i++)
		if (state->queues[i] == queue)
			return true;
	return false;
}

/* How many queues it is to have: one besides those that are chosen, if it can. */
unsigned int nic_wanted_queues(const struct nic_setup *s)
{
	unsigned int want = highest(&s->state) + 1, max = nic_rx_queues_max(&s->nic);

	if (want < s->state.nr_queues + 1)
		want = s->state.nr_queues + 1;
	if (want > max)
		want = max;
	return want > nic_rx_queues(&s->nic) ? want : nic_rx_queues(&s->nic);
}

static int check(struct nic_setup *s)
{
	const struct nic *nic = &s->nic;

	if (!nic->has_split)
		return nic_refuse(
			s, -EOPNOTSUPP,
			"the driver cannot split headers from data (tcp-data-split): zero-copy receive needs a NIC that can; use ingest run --recv");
	if (!nic->up)
		return nic_refuse(s, -ENETDOWN, "the interface is down: ip link set %s up",
				  nic->name);
	if (nic->xdp)
		return nic_refuse(
			s, -EEXIST,
			"an XDP program is attached, which excludes zero-copy receive: ip link set %s xdp off",
			nic->name);
	if (highest(&s->state) >= nic_rx_queues_max(nic))
		return nic_refuse(s, -ERANGE,
				  "there is no queue %u: it can have %u, counted from 0",
				  highest(&s->state), nic_rx_queues_max(nic));
	if (!nic->nr_rss && nic_wanted_queues(s) > 1)
		return nic_refuse(
			s, -EOPNOTSUPP,
			"the driver has no RSS table that can be set, so no queue can be kept free of other traffic; use ingest run --recv");
	return 0;
}

/* What decides where the port goes: see the head of this file. */
static int choose_way(struct nic_setup *s)
{
	struct nic_state *state = &s->state;
	bool left = nic_wanted_queues(s) > state->nr_queues;
	int ret;

	s->shared = !left;
	if (state->port && left && state->nr_queues > 1) {
		ret = nic_free_context(&s->ethtool, state->name, &state->context);
		if (ret && ret != -EOPNOTSUPP)
			return nic_refused(s, ret, "find an RSS context");
		s->shared = ret;
		s->wants_context = !ret;
	}
	if (s->shared && state->port)
		snprintf(
			s->note, sizeof(s->note),
			"%s: %s, so all its traffic comes to the chosen queues, not only that of port %u",
			state->name,
			left ? "the driver has no RSS contexts" : "no other queue is left",
			state->port);
	return 0;
}

bool nic_needs_rule(const struct nic_setup *s)
{
	return s->state.port && !s->shared;
}

static int check_rules(struct nic_setup *s)
{
	const struct nic_state *state = &s->state;
	struct nic_rule rule = { .port = state->port, .location = NIC_ANYWHERE };
	uint32_t location;
	int i;

	if (s->nic.rules < 0 || (s->nic.ntuple_fixed && !s->nic.ntuple))
		return nic_refuse(
			s, -EOPNOTSUPP,
			"the driver has no n-tuple rules, so no port can be steered to a queue; use ingest run --recv");
	rule.queue = state->queues[0];
	rule.context = state->context;
	for (i = 0; i < 2; i++) {
		rule.ipv6 = i;
		if ((i ? state->ipv6 : state->ipv4) &&
		    !nic_find_other_rule(state->name, &rule, &location))
			return nic_refuse(
				s, -EEXIST,
				"n-tuple rule %u steers TCP port %u already: ethtool -N %s delete %u",
				location, state->port, state->name, location);
	}
	return 0;
}

/* The queues that hashed packets may go to, over and over. free() it. */
uint32_t *nic_make_table(const struct nic_setup *s, unsigned int nr)
{
	uint32_t *table = calloc(nr, sizeof(*table));
	unsigned int i, nr_queues = nic_wanted_queues(s), queue = nr_queues - 1;

	for (i = 0; table && i < nr; i++) {
		do
			queue = (queue + 1) % nr_queues;
		while (nic_is_chosen(&s->state, queue) != s->shared);
		table[i] = queue;
	}
	return table;
}

static int plan_rss(struct nic_setup *s)
{
	struct nic_state *state = &s->state;
	const struct nic *nic = &s->nic;
	uint32_t *table;

	if (!nic->nr_rss)
		return 0;
	table = nic_make_table(s, nic->nr_rss);
	state->rss = malloc(nic->nr_rss * sizeof(*state->rss));
	if (!table || !state->rss) {
		free(table);
		return nic_refused(s, -ENOMEM, "set the RSS table");
	}
	memcpy(state->rss, nic->rss, nic->nr_rss * sizeof(*state->rss));
	state->nr_rss = nic->nr_rss;
	state->rss_default = nic_rss_is_default(nic);
	/* A driver may fill its table anew for more queues. */
	state->has_rss =
		state->has_channels || memcmp(table, nic->rss, nic->nr_rss * sizeof(*table));
	free(table);
	return 0;
}

/* Find out what has to change, and note what it is now. */
int nic_plan(struct nic_setup *s)
{
	struct nic_state *state = &s->state;
	const struct nic *nic = &s->nic;
	int ret;

	ret = check(s);
	if (!ret)
		ret = choose_way(s);
	if (!ret && nic_needs_rule(s))
		ret = check_rules(s);
	if (ret)
		return ret;
	/* It is rules that tell the families apart. */
	if (!nic_needs_rule(s))
		state->ipv4 = state->ipv6 = true;
	state->has_split = nic->split != ETHTOOL_TCP_DATA_SPLIT_ENABLED;
	state->split = nic->split;
	state->has_threshold = nic->has_threshold && nic->threshold;
	state->threshold = nic->threshold;
	state->has_channels = nic_wanted_queues(s) > nic_rx_queues(nic);
	state->rx = nic->rx;
	state->combined = nic->combined;
	state->has_ntuple = nic_needs_rule(s) && !nic->ntuple;
	state->nr_others = nic->rules > 0 ? nic->rules : 0;
	return plan_rss(s);
}
