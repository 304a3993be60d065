/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the policies of the region say of a stream: is it wanted, and where does it go?
 */
#ifndef LOOP_POLICIES_H
#define LOOP_POLICIES_H

#include "loop/streams.h"

/*
 * Is this wanted? Where to is settled when it is asked for the first time. Without data:
 * may a stream that was paused go on? behind: bytes that have arrived after it. last:
 * there will be no more of it. Where a policy wants to see more first, s->more is set.
 */
__noinline bool stream_ask(__u32 index, __u64 addr, __u32 len, __u32 behind, __u32 last)
{
	const struct loop_peer *peer = element(peers, index);
	struct stream *s = stream_at(index);
	struct unified_io_region *r;
	struct unified_rx rx = {};
	__s32 verdict;

	rx.addr = addr;
	rx.len = len;
	rx.targets = s->targets;
	rx.lba = UNIFIED_ANY_LBA;
	rx.stream.id = peer->id;
	rx.stream.bytes = s->before + s->got - behind - len;
	rx.stream.flags = last ? UNIFIED_STREAM_LAST : 0;
	rx.stream.queue = peer->queue;
	rx.stream.family = peer->family;
	rx.stream.local_port = peer->local_port;
	rx.stream.remote_port = peer->remote_port;
	__builtin_memcpy(rx.stream.local, peer->local, sizeof(peer->local));
	__builtin_memcpy(rx.stream.remote, peer->remote, sizeof(peer->remote));
	r = bpf_unified_region_get(setup.region);
	if (!r)
		return true;
	verdict = bpf_unified_rx(r, &rx, sizeof(rx));
	bpf_unified_region_put(r);

	s->more = verdict > UNIFIED_MORE ? verdict - UNIFIED_MORE : 0;
	if (s->more)
		return true;
	s->flags &= ~(S_PAUSED | S_PER_FRAGMENT);
	if (rx.flags & UNIFIED_RX_PER_FRAGMENT)
		s->flags |= S_PER_FRAGMENT;
	if (s->flags & S_NEW && verdict >= 0) {
		s->flags &= ~S_NEW;
		if (rx.targets & ~setup.targets)
			verdict = -ENODEV;
		else
			s->targets = rx.targets ?: setup.targets & 1;
		s->lba = rx.lba;
		s->desc_flags = rx.flags & UNIFIED_RX_FUA ? DESC_FUA : 0;
	}
	if (verdict == UNIFIED_RETRY) {
		s->flags |= S_PAUSED;
		stats.paused++;
		stream_wait(s, index);
	}
	if (verdict < 0)
		stream_error(s, index, verdict);
	if (verdict < 0 || (verdict == UNIFIED_DROP && !(s->flags & S_PER_FRAGMENT)))
		s->flags |= S_DROP;
	return verdict >= 0 && verdict != UNIFIED_DROP;
}

#endif
