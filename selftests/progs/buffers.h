/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What pool.h and its programs tell each other.
 */
#ifndef BUFFERS_H
#define BUFFERS_H

#define SLOT_SIZE 4096
#define MAX_SLOTS 2048

/* For programs that a test calls, its argument and its answer. */
struct buffer_call {
	__u32 region;
	__u32 count;
	__u64 owner;
	__s64 buffer;
	__s64 result;
};

struct buffer_tally {
	__u32 region; /* for programs that nobody calls; 0: they do nothing */
	__u32 resv;
	__u64 first; /* where the pool begins, in the data area */

	/* The programs' own record: 0, or who has the slot. */
	__u64 owners[MAX_SLOTS];

	__u64 taken;
	__u64 exhausted;
	__u64 stale;	 /* given back twice, and refused as it should be */
	__u64 twice;	 /* a slot was handed out that somebody had */
	__u64 wrong;	 /* any other answer that must not be */
	__u64 in_packet; /* rounds, by context */
	__u64 in_timer;
	__u64 in_hook;

	/* For those that give the same buffers back at the same time. */
	__s64 list[MAX_SLOTS];
};

#endif
