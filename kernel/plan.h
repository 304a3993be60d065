/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The planner: how the pieces of an operation become the segments of commands.
 * Arithmetic only, on addresses that it never looks behind, so that it is also
 * built and tested in user space.
 */
#ifndef UNIFIED_PLAN_H
#define UNIFIED_PLAN_H

#ifdef __KERNEL__
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>
#else
#include "plan-host.h"
#endif

/* A piece of memory that is contiguous for the device. */
struct unified_segment {
	u64 addr;
	u32 len;
	u32 copied; /* it goes through memory that fits; the next may go on there */
};

/* The pieces of some data, and where they meet. */
struct unified_pieces {
	struct unified_segment *list;
	u32 nr;
	u32 starts; /* address bits that are set where a piece starts, but the first */
	u32 ends;   /* and where one ends, but the last */
};

/* What a device demands of one command. */
struct unified_limits {
	u32 block;	   /* a command is a multiple of it; a power of two */
	u32 start_mask;	   /* address bits that are 0 where a segment starts */
	u32 end_mask;	   /* and where one ends that another follows */
	u32 gap_mask;	   /* in addition, where two segments meet */
	u64 boundary_mask; /* no segment goes across a multiple of this + 1, which is pages */
	u32 max_segments;  /* a copied one counts for each page of it */
	u32 max_bytes;
};

enum unified_plan_kind {
	UNIFIED_PLAN_DIRECT, /* one segment, as it is */
	UNIFIED_PLAN_GATHER, /* several, as they are */
	UNIFIED_PLAN_BOUNCE, /* some of it is copied */
	UNIFIED_PLAN_HOLD,   /* less than a block is left: more data is needed */
};

struct unified_plan {
	enum unified_plan_kind kind;
	u32 nr;	    /* segments */
	u32 bytes;  /* of the command */
	u32 copied; /* of them, bytes that are copied */
};

/* How far the pieces of an operation are planned. */
struct unified_cursor {
	u32 piece;
	u32 offset;
};

#define UNIFIED_PLAN_PAGE 4096U

/* No piece goes across a multiple of this + 1: the boundary of nearly every device. */
#define UNIFIED_PLAN_BOUNDARY 0xffffffffULL

/* Add a piece to a list, or to its last one if it goes on there. There is room. */
static inline void unified_plan_append(struct unified_pieces *p, u64 addr, u32 len)
{
	struct unified_segment *next = p->list + p->nr, *last = next - 1;
	u64 end;

	if (p->nr) {
		end = last->addr + last->len;
		if (end == addr && last->len + len > len &&
		    (last->addr | UNIFIED_PLAN_BOUNDARY) == (addr | UNIFIED_PLAN_BOUNDARY)) {
			last->len += len;
			return;
		}
		p->starts |= addr;
		p->ends |= end;
	}
	next->addr = addr;
	next->len = len;
	next->copied = 0;
	p->nr++;
}

/* Is all of this one command as it is? Its length is known to be whole blocks. */
static inline bool unified_plan_fits(const struct unified_limits *limits,
				     const struct unified_pieces *p, u32 bytes)
{
	u32 starts = limits->start_mask | limits->gap_mask;
	u32 ends = limits->end_mask | limits->gap_mask;

	return p->nr <= limits->max_segments && bytes <= limits->max_bytes &&
	       limits->boundary_mask >= UNIFIED_PLAN_BOUNDARY &&
	       !(p->list->addr & limits->start_mask) && !((p->starts & starts) | (p->ends & ends));
}

int unified_plan_command(const struct unified_limits *limits, const struct unified_pieces *pieces,
			 struct unified_cursor *at, struct unified_segment *segments, u32 max,
			 struct unified_plan *plan);

#endif
