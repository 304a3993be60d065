/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a loop tells its loader while it runs, in a ring buffer.
 *
 * A loader that does not listen stops the streams: when half of it is full, no receive is
 * armed. What is under way then are some commands, LOOP_COMMANDS at most, of which each may
 * end an extent, and streams that end; for those there is room in the other half.
 */
#ifndef LOOP_EVENTS_H
#define LOOP_EVENTS_H

#include "loop/ring.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LOOP_EVENTS);
} events SEC(".maps");

static __always_inline bool events_are_many(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= LOOP_EVENTS / 2;
}

/* False: there is no room for it now. */
static __always_inline bool event_send(const struct loop_event *e)
{
	return !bpf_ringbuf_output(&events, (void *)e, sizeof(*e), 0);
}

#endif
