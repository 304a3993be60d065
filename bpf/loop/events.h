/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a loop tells its loader while it runs, in a ring buffer.
 */
#ifndef LOOP_EVENTS_H
#define LOOP_EVENTS_H

#include "loop/ring.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* False: there is no room for it now. */
static __always_inline bool event_send(const struct loop_event *e)
{
	return !bpf_ringbuf_output(&events, (void *)e, sizeof(*e), 0);
}

#endif
