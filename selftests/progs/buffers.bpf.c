// SPDX-License-Identifier: GPL-2.0
/*
 * Programs for pool.h: they take buffers of a region's pool and give them
 * back in every context there is, a system call, a hook, the softirq of a packet
 * and a timer that interrupts any of those, and keep a record of their own of
 * who has what.
 */
#include "unified.bpf.h"
#include "buffers.h"

#define ENOENT	2
#define ESTALE	116
#define ENOBUFS 105
#define DEPTH	4
#define PERIOD	50000 /* ns */

/* Whoever owns a buffer is a thread, or one of these on a CPU. */
#define BY_PACKET 0x100
#define BY_TIMER  0x200
#define BY_HOOK	  0x300

struct buffer_tally tally;

#define count(what) __sync_fetch_and_add(&tally.what, 1)

static __always_inline s64 take(struct unified_io_region *r, u64 me)
{
	s64 buffer = bpf_unified_buffer_alloc(r, me);
	u32 index = buffer;

	if (buffer == -ENOBUFS) {
		count(exhausted);
		return buffer;
	}
	if (buffer < 0 || index >= MAX_SLOTS ||
	    bpf_unified_buffer_addr(r, buffer) != tally.first + (u64)index * SLOT_SIZE) {
		count(wrong);
		return -1;
	}
	if (__sync_val_compare_and_swap(&tally.owners[index], 0, me))
		count(twice);
	count(taken);
	return buffer;
}

static __always_inline void give(struct unified_io_region *r, s64 buffer, u64 me)
{
	u32 index = buffer;

	if (buffer < 0 || index >= MAX_SLOTS)
		return;
	if (__sync_val_compare_and_swap(&tally.owners[index], me, 0) != me)
		count(twice);
	if (bpf_unified_buffer_free(r, buffer))
		count(wrong);
	/* Somebody else may have it by now, but not with this handle. */
	if (bpf_unified_buffer_free(r, buffer) == -ESTALE)
		count(stale);
	else
		count(wrong);
}

static __always_inline void round(struct unified_io_region *r, u64 me)
{
	s64 held[DEPTH];
	int i;

#pragma unroll
	for (i = 0; i < DEPTH; i++)
		held[i] = take(r, me);
#pragma unroll
	for (i = 0; i < DEPTH; i++)
		give(r, held[i], me);
}

static __always_inline bool round_of(u32 id, u64 me)
{
	struct unified_io_region *r = bpf_unified_region_get(id);

	if (!r)
		return false;
	round(r, me);
	bpf_unified_region_put(r);
	return true;
}

/* --- called by the test ---------------------------------------------------- */

#define CALLED(name, body)						\
	SEC("syscall")							\
	int name(struct buffer_call *call)				\
	{								\
		struct unified_io_region *r = bpf_unified_region_get(call->region); \
									\
		call->result = -ENOENT;					\
		if (!r)							\
			return 0;					\
		call->result = 0;					\
		body;							\
		bpf_unified_region_put(r);				\
		return 0;						\
	}

CALLED(one_alloc, call->result = bpf_unified_buffer_alloc(r, call->owner))
CALLED(one_free, call->result = bpf_unified_buffer_free(r, call->buffer))
CALLED(one_addr, call->result = bpf_unified_buffer_addr(r, call->buffer))

CALLED(hammer,
	u32 i;

	bpf_for(i, 0, call->count)
		round(r, call->owner))

CALLED(take_list,
	u32 i;

	bpf_for(i, 0, call->count)
		if (i < MAX_SLOTS)
			tally.list[i] = bpf_unified_buffer_alloc(r, call->owner))

/* How many of them it was that gave back. */
CALLED(give_list,
	u32 i;

	bpf_for(i, 0, call->count)
		if (i < MAX_SLOTS && !bpf_unified_buffer_free(r, tally.list[i]))
			call->result++)

/* --- called by the kernel -------------------------------------------------- */

struct timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer);
} timers SEC(".maps");

static int tick(void *map, u32 *key, struct timer *t)
{
	/* Without a region it ends. */
	if (round_of(tally.region, BY_TIMER | bpf_get_smp_processor_id())) {
		count(in_timer);
		bpf_timer_start(&t->timer, PERIOD, 0);
	}
	return 0;
}

SEC("tcx/ingress")
int on_packet(struct __sk_buff *skb)
{
	u32 key = 0;
	struct timer *t = bpf_map_lookup_elem(&timers, &key);

	/* Once: whoever comes later finds it made. */
	if (t && !bpf_timer_init(&t->timer, &timers, 1 /* CLOCK_MONOTONIC */)) {
		bpf_timer_set_callback(&t->timer, tick);
		bpf_timer_start(&t->timer, PERIOD, 0);
	}
	if (round_of(tally.region, BY_PACKET | bpf_get_smp_processor_id()))
		count(in_packet);
	return TCX_NEXT;
}

SEC("xdp")
int on_frame(struct xdp_md *frame)
{
	return round_of(tally.region, BY_PACKET) ? XDP_DROP : XDP_ABORTED;
}

SEC("struct_ops/process")
s32 BPF_PROG(hook_process, struct unified_bpf_ctx *uctx)
{
	if (round_of(uctx->region->id, BY_HOOK | bpf_get_smp_processor_id()))
		count(in_hook);
	return 0;
}

UNIFIED_POLICY(hook,
	.process = (void *)hook_process);
