/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring of a loop: its memory, its submissions, and what a step may do.
 *
 * Functions that are not inline are checked by the verifier once and on their
 * own; that is what keeps a loop of this size within its limits. They take numbers
 * and the ring, and find the rest by index.
 */
#ifndef LOOP_RING_H
#define LOOP_RING_H

#include "compat.bpf.h"
#include "loop/loop.h"

#define SQE_FIXED_FILE 1U /* IOSQE_FIXED_FILE */
#define CQE_F_MORE     2U

#define EINTR	   4
#define ENOMEM	   12
#define EFAULT	   14
#define ENODEV	   19
#define ENOSPC	   28
#define ERANGE	   34
#define EADDRINUSE 98
#define EADDRNOTAVAIL 99
#define ENOBUFS	   105
#define ECANCELED  125

const volatile struct loop_config setup;

/* Shared with the loader. */
struct loop_control control;
struct loop_stats stats;
struct loop_peer peers[LOOP_STREAMS];

/*
 * Everything else that a loop knows is its own, and no process can write there; but for
 * the map of blocks (space.h), which all loops share and a lock keeps from being frozen.
 * libbpf makes a section mappable if it has a variable that is not static: so all of
 * this one are. The loader freezes its map.
 */
#define PRIVATE static __attribute__((section(LOOP_PRIVATE), used))

PRIVATE __u32 draining;	/* enum loop_end: what it will have ended with */

/* What a step added to the submission queue. */
PRIVATE __u32 sq_tail, sq_filled;

PRIVATE __u64 region_data; /* the data area, in the kernel */

PRIVATE volatile __u32 zero; /* the verifier does not know that it is */

/* The first argument of a function that uses the ring. */
#define RING struct iou_ctx *ring __arg_trusted

/* --- what a step may do ------------------------------------------------------------- */

/*
 * May the body of a loop run once more? Always, as far as this program is
 * concerned: no loop in it is anywhere near the 65535 times that the verifier
 * grants. Counters of such loops start from a number that it does not know.
 */
#define may_go_on()							\
({									\
	__label__ no, out;						\
	bool go = true;							\
	asm volatile goto("may_goto %l[no]" : : : : no);		\
	goto out;							\
no:	go = false;							\
out:	go;								\
})

/* What cannot be: the loop ends and the loader says where. */
#define broken(why)							\
({									\
	stats.end = LOOP_BROKEN;					\
	stats.error = (why);						\
	stats.where = __LINE__;						\
})

/* All streams end, and then the loop. */
static __always_inline void loop_end(__u32 end, __s32 error)
{
	if (draining)
		return;
	stats.error = error;
	draining = end;
}

/*
 * Elements are found by a masked index each time: a pointer that a loop moves on
 * is nothing that the verifier could bound, so the compiler must not make one.
 */
#define element(array, index)						\
({									\
	__u32 at = (index);						\
	barrier_var(at);						\
	&(array)[at & (sizeof(array) / sizeof(*(array)) - 1)];		\
})

/* --- its memory: NULL never happens, the verifier wants to hear of it ---------------- */

static __always_inline __u8 *region_memory(struct iou_ctx *ring)
{
	return bpf_io_uring_get_region(ring, IOU_REGION_MEM, setup.mem_size);
}

/* Where the kernel has the data area. */
static __always_inline void region_find(void)
{
	struct unified_io_region *r = bpf_unified_region_get(setup.region);

	if (!r) {
		broken(-ENODEV);
		return;
	}
	region_data = (__u64)((struct unified_io_region___memory *)r)->kaddr + setup.data;
	bpf_unified_region_put(r);
}

/* --- submissions ----------------------------------------------------------------------- */

__noinline int sq_submit(RING)
{
	__u8 *cq = bpf_io_uring_get_region(ring, IOU_REGION_CQ, setup.cq_size);
	int ret;

	if (!sq_filled || !cq)
		return 0;
	__atomic_store_n((__u32 *)(cq + setup.sq_tail), sq_tail, __ATOMIC_RELEASE);
	ret = bpf_io_uring_submit_sqes(ring, sq_filled);
	stats.submits++;
	if (ret != sq_filled)
		broken(ret);
	sq_filled = 0;
	return 0;
}

/* A new entry, all zero. */
static __always_inline struct io_uring_sqe *sq_entry(struct iou_ctx *ring)
{
	__u8 *sq = bpf_io_uring_get_region(ring, IOU_REGION_SQ, setup.sq_size);
	__u64 *words;
	int i;

	if (!sq)
		return NULL;
	if (sq_filled > setup.sq_mask)
		sq_submit(ring);
	words = (__u64 *)(sq + (__u64)(sq_tail & setup.sq_mask) * 128);
	for (i = 0; i < 16; i++)
		words[i] = 0;
	sq_tail++;
	sq_filled++;
	return (struct io_uring_sqe *)words;
}

#endif
