// SPDX-License-Identifier: GPL-2.0
/*
 * What the loops of a pipeline say, see pipeline.h: where the bytes of a stream are,
 * and that it has ended and its slot is free.
 */
#include <errno.h>
#include <stdlib.h>

#include "pipeline.h"
#include "unifiedctl.h"

static int add_extent(struct pipeline_stream *s, const struct loop_event *e)
{
	struct pipeline_extent *more;

	more = realloc(s->extents, (s->nr_extents + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->extents = more;
	s->extents[s->nr_extents++] = (struct pipeline_extent){ e->lba, e->bytes };
	return 0;
}

static int on_event(void *arg, void *data, size_t size)
{
	struct pipeline_queue *q = arg;
	const struct loop_event *e = data;
	struct pipeline_stream *s = size >= sizeof(*e) ? q->slots[e->index % LOOP_STREAMS] : NULL;

	if (!s || s->peer.id != e->id) {
		q->pipeline->events_bad++;
		return 0;
	}
	if (e->type == LOOP_EVENT_EXTENT) {
		if (add_extent(s, e))
			q->pipeline->events_bad++;
		return 0;
	}
	s->closed = true;
	s->bytes = e->bytes;
	s->dropped = e->dropped;
	s->lost = e->lost;
	s->targets = e->targets;
	s->error = e->error;
	s->ended = e->ended;
	q->slots[e->index % LOOP_STREAMS] = NULL;
	q->nr_open--;
	q->pipeline->nr_closed++;
	return 0;
}

int pipeline_events_open(struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues; i++) {
		struct pipeline_queue *q = &p->queue[i];
		int fd = bpf_map__fd(q->loop.events);

		if (!p->events)
			p->events = ring_buffer__new(fd, on_event, q, NULL);
		else if (ring_buffer__add(p->events, fd, on_event, q))
			return fail(-errno, "cannot listen to the loops");
		if (!p->events)
			return fail(-errno, "cannot listen to the loops");
	}
	return EXIT_OK;
}
