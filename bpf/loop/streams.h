/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Streams: what comes through a connection, as every pipeline knows it. What a
 * pipeline has to know beside that is in an array of its own.
 */
#ifndef LOOP_STREAMS_H
#define LOOP_STREAMS_H

#include "loop/commands.h"
#include "loop/events.h"

enum stream_phase {
	STREAM_FREE,
	STREAM_OPEN,
	STREAM_ENDING,	/* no more is received; what came is dealt with */
	STREAM_CLOSING, /* its file slot is being closed */
	STREAM_CLOSED,	/* it was; the loader is to be told */
};

enum stream_receive {
	RECEIVE_NONE,
	RECEIVE_ARMED,	   /* one is under way */
	RECEIVE_CANCELLED, /* and was told to end */
};

/* What may be so of a stream at the same time as anything else. */
enum {
	S_WAITING = 1 << 0,	 /* in line for being armed, or ended */
	S_LATER = 1 << 1,	 /* there was no buffer: not before the next tick */
	S_PAUSED = 1 << 2,	 /* receive nothing until policies say so */
	S_NEW = 1 << 3,		 /* policies were not asked yet */
	S_PER_FRAGMENT = 1 << 4, /* they want to be asked again */
	S_DROP = 1 << 5,	 /* nothing more of it is wanted */
	S_PEER = 1 << 6,	 /* the peer has closed its side */
	S_OWN = 1 << 8,		 /* from here on, what a pipeline has of its own */
};

struct stream {
	__u32 flags;
	__u32 command;	 /* the open one */
	__u32 got;	 /* bytes of the receive that is under way */
	__u32 credit;	 /* how many it may get */
	__u32 taken;	 /* references, ever */
	__u32 given;	 /* back */
	__u32 taken_then; /* when it was armed */
	__u32 taken_most; /* when it is to end, whatever it may still get */
	__u32 per_buffer; /* bytes of the stream in a buffer, as seen last */
	__u32 under_way; /* commands */
	__u16 phase;	 /* enum stream_phase */
	__u16 receive;	 /* enum stream_receive */
	__u32 targets;	 /* where it goes, a bit for each */
	__u32 desc_flags; /* of its commands, as policies want them */
	__u32 more;	 /* of its first bytes they want to see so many, and they are held */
	__s32 error;
	__u32 starved;	 /* receives in a row that found no buffer */
	__u32 fill;	 /* recv: bytes in the slot that is received into */
	__u32 idle;	 /* ticks without data */
	__u64 lba;	 /* where it is to begin, as they want it */
	__u64 slot;	 /* recv: its address */
	__u64 before;	 /* bytes of the receives that ended */
	__u64 seen;	 /* bytes at the last tick */
	__u64 dropped;	 /* bytes that a policy did not want */
	__u64 lost;	 /* and that a device did not take */
};

PRIVATE struct stream streams[LOOP_STREAMS];

/* In line. */
PRIVATE __u16 waiting[LOOP_STREAMS];
PRIVATE __u32 nr_waiting;

static __always_inline struct stream *stream_at(__u32 index)
{
	return element(streams, index);
}

static __always_inline __u64 stream_bytes(const struct stream *s)
{
	return s->before + s->got - s->dropped;
}

/* In line, to be armed or ended when the completions of this step were seen. */
static __always_inline void stream_wait(struct stream *s, __u32 index)
{
	if (s->flags & S_WAITING)
		return;
	s->flags |= S_WAITING;
	*element(waiting, nr_waiting++) = index;
}

/* No more is received of it. */
static __always_inline void stream_ends(struct stream *s)
{
	if (s->phase == STREAM_OPEN)
		s->phase = STREAM_ENDING;
}

/* It ends, with an error. What of it is stored stays so. */
static __always_inline void stream_error(struct stream *s, __u32 index, __s32 error)
{
	if (!s->error) {
		s->error = error;
		stats.failed++;
	}
	stream_ends(s);
	stream_wait(s, index);
}

/* Another command takes the place of the open one, whose buffers go back. */
static __always_inline void stream_next(struct stream *s, __u32 index)
{
	__u32 k = s->command;

	s->command = command_new(index);
	command_release(k);
}

__noinline int stream_open(__u32 index)
{
	struct stream *s = stream_at(index);

	if (s->phase != STREAM_FREE) {
		broken(index);
		return 0;
	}
	__builtin_memset(s, 0, sizeof(*s));
	s->phase = STREAM_OPEN;
	s->flags = S_NEW;
	s->targets = setup.targets & 1;
	s->lba = UNIFIED_ANY_LBA;
	/* Little, until it is known how the sender writes. */
	s->per_buffer = 256;
	s->command = command_new(index);
	stats.opened++;
	stats.streams++;
	stream_wait(s, index);
	return 0;
}

static __always_inline __u32 stream_ended(const struct stream *s)
{
	if (s->error)
		return LOOP_BY_ERROR;
	return s->flags & S_PEER ? LOOP_BY_PEER : LOOP_BY_DRAIN;
}

/* Its file slot is closed. Told later, at a tick, if there is no room for it now. */
__noinline int stream_closed(__u32 index)
{
	struct stream *s = stream_at(index);
	struct loop_event e = {
		.type = LOOP_EVENT_CLOSED,
		.index = index,
		.id = element(peers, index)->id,
		.bytes = stream_bytes(s),
		.dropped = s->dropped,
		.lost = s->lost,
		.targets = s->targets,
		.error = s->error,
		.ended = stream_ended(s),
	};

	s->phase = STREAM_CLOSED;
	if (!event_send(&e))
		return 0;
	command_release(s->command);
	s->phase = STREAM_FREE;
	s->flags = 0;
	stats.streams--;
	stats.closed++;
	return 0;
}

#endif
