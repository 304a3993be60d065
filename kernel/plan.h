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

/* What a device demands of one command. */
struct unified_limits {
	u32 block;	  /* a command is a multiple of it; a power of two */
	u32 start_mask;	  /* address bits that are 0 where a segment starts */
	u32 end_mask;	  /* and where one ends that another follows */
	u32 gap_mask;	  /* in addition, where two segments meet */
	u32 max_segments; /* a copied one counts for each page of it */
	u32 max_bytes;
};

enum unified_plan_kind {
	UNIFIED_PLAN_DIRECT, /* one segment, as it is */
	UNIFIED_PLAN_GATHER, /* several, as they are */
	UNIFIED_PLAN_FIXUP,  /* some of it is copied */
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

/* Add a piece to a list, to the last one if it goes on there; how many are there then? */
static inline u32 unified_plan_append(struct unified_segment *pieces, u32 nr, u64 addr, u32 len)
{
	struct unified_segment *last = pieces + nr - 1;

	if (nr && last->addr + last->len == addr && last->len + len > len) {
		last->len += len;
		return nr;
	}
	pieces[nr] = (struct unified_segment){ .addr = addr, .len = len };
	return nr + 1;
}

int unified_plan_command(const struct unified_limits *limits, const struct unified_segment *pieces,
			 u32 nr, struct unified_cursor *at, struct unified_segment *segments,
			 u32 max, struct unified_plan *plan);

#endif
