// SPDX-License-Identifier: GPL-2.0
/*
 * ingest: TCP streams to targets, in the event loop of an io_uring, without
 * going back to user mode.
 *
 *	a receive's completion	a fragment: to the stream's open command
 *	it is full		through the uring_cmd door, to blocks of its own
 *	that one's completion	its buffers go back to the NIC
 *	there is room again	the stream's receive is armed
 *
 * loop/ has all that is not about where a stream's bytes go; ingest_stream.h does
 * what becomes of them, and here their commands end.
 *
 * One receive completion is one reference on a buffer and becomes one entry of
 * the refill ring, when the last command that has a part of the fragment is done:
 * it belongs to the later one, which waits for the earlier. Entries are written in
 * descending order, so that the page pool hands neighbours out in ascending order
 * and what arrives in them can be joined.
 */
#include "loop/step.h"
#include "ingest_stream.h"

/* False: it is on its way once more. */
__noinline bool command_failed(RING, __u32 index, __s32 res)
{
	struct command *c = command_at(index);
	struct stream *s = stream_at(c->stream);

	if (command_is_copied(ring, index, res))
		return false;
	if (own_setup.on_error == INGEST_RETRY && c->tries < INGEST_MAX_TRIES) {
		c->tries++;
		own_stats.retries++;
		command_issue(ring, index);
		return false;
	}
	s->lost += c->bytes - c->padded;
	own_stats.lost += c->bytes - c->padded;
	if (!s->error) {
		s->error = res;
		stats.failed++;
	}
	if (own_setup.on_error != INGEST_DROP)
		loop_end(LOOP_DEVICE, res);
	return true;
}

static __always_inline void pipeline_command(struct iou_ctx *ring, __u32 index, __s32 res)
{
	struct command *c = command_at(index);

	if (res >= 0) {
		own_stats.stored += c->bytes - c->padded;
		own_stats.padded += c->padded;
	} else if (!command_failed(ring, index, res)) {
		return;
	}
	stream_at(c->stream)->under_way--;
	stats.under_way--;
	command_release(index);
}

LOOP_PIPELINE(ingest);
