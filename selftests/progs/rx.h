/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rx.c and its programs share.
 */
#ifndef RX_H
#define RX_H

/* As struct unified_rx. */
struct rx_rx {
	__u64 addr;
	__u32 len;
	__u32 targets;
	__u32 flags;
	__u32 resv;
	__u64 lba;
	__u64 id;
	__u64 bytes;
	__u32 queue;
	__u16 family, local_port, remote_port, stream_flags, resv2[2];
	__u8 local[16], remote[16];
};

struct rx_question {
	struct rx_rx rx;
	__u32 region;
	__u32 size;
	__s32 verdict;
};

struct rx_answer {
	/* Set by user space. */
	__s32 verdict;
	__u32 targets;
	__u16 flags, resv;
	__u64 lba;
	/* What it saw. */
	__u32 asked, order;
	__u32 magic, len;
	__u32 targets_seen;
	__u64 id;
	__u32 port;
};

#endif
