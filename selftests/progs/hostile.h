/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the policy of hostile.c saw.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

struct testimony {
	__u64 data_size; /* of the region; set by the test */
	__u64 operations;
	__u64 alone; /* of them, for no target */
	__u64 gathered;
	__u64 bytes;
	__u64 wrong;   /* a descriptor that should have been refused */
	__u64 changed; /* one that changed while it was looked at */
};

#endif
