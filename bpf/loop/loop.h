/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the loop of a pipeline and its loader share: how one is set up,
 * how they talk, and what the loop counts.
 *
 * There is one program, with its maps, for each ring. "Address" is an offset in
 * the region's data area, as in a descriptor.
 */
#ifndef LOOP_H
#define LOOP_H

/* vmlinux.h has all that this does. */
#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#endif

#define LOOP_STREAMS   256	 /* of one ring; a power of two */
#define LOOP_COMMANDS  1024	 /* likewise */
#define LOOP_PIECES    128	 /* of a command: fragments, and references */
#define LOOP_FRAGMENTS 96	 /* of one that is full, at most: of usual packets, 128 KiB */
#define LOOP_FEW       64	 /* at least */
#define LOOP_AREAS     64	 /* of receive buffers; a power of two */
#define LOOP_MAX_SLOTS (1 << 16) /* recv; of all rings */

/*
 * For each ring, in front of all buffers: lists of fragments, staging, zeroes. It
 * is what the loop can address, and that is 512 MiB of the region at most.
 *
 * Bytes of the lists of fragments of all commands, 16 for each.
 */
#define LOOP_LISTS   (LOOP_COMMANDS * LOOP_PIECES * 16)
/* Of zeroes, behind the last byte of a stream: the largest block. */
#define LOOP_ZEROES  4096
/* For bytes that are not worth a buffer each: a block for each command. */
#define LOOP_STAGING (LOOP_COMMANDS * 4096)

/* What a completion is about: the upper byte of user_data; below it an index. */
enum loop_tag {
	LOOP_OPEN = 1, /* a connection is in its file slot: from the loader */
	LOOP_WAKE,     /* look at control: from the loader */
	LOOP_RECEIVE,  /* of a stream */
	LOOP_COMMAND,  /* of a command */
	LOOP_CLOSE,    /* of a stream's file slot */
	LOOP_CANCEL,
	LOOP_TICK,
	LOOP_STARVED,  /* the NIC found no buffer */
	LOOP_RESET,    /* of a connection */
};

#define LOOP_TAG(tag, index) ((__u64)(tag) << 56 | (index))

/* File slot of the region, and of the first stream. */
#define LOOP_REGION_FILE 0
#define LOOP_FIRST_FILE  1

/*
 * Set by the loader before the program is loaded; constants for the verifier. A
 * pipeline may have more of its own.
 */
struct loop_config {
	/* The ring: its memory, and where in it things are. */
	__u64 cq_size;
	__u64 sq_size;
	__u64 mem_size; /* of the region, up to the first buffer */
	__u32 sq_tail, sq_mask;
	__u32 cq_head, cq_tail, cq_mask, cqes;
	__u32 cq_dropped;

	/* Zero-copy receive; recv otherwise. */
	__u32 zcrx;
	__u32 zcrx_id;
	__u64 refill; /* the refill ring, from the start of the region */
	__u32 refill_head, refill_tail, refill_mask, refill_rqes;
	__u32 area_shift; /* log2 of the size of an area; they follow one another */
	__u32 buffer_shift; /* of a buffer's */
	__u32 buffer_mask;
	__u32 resv;

	/* Memory: addresses. */
	__u64 data; /* from the start of the region */
	__u64 area;
	__u64 slots;
	__u32 slot_size;
	__u64 lists, zeroes, staging;
	__u64 user_data_area; /* where the process has the data area mapped; recv */

	__u32 region;
	__u32 submit;	     /* UNIFIED_IO_URING_SUBMIT */
	__u32 budget;	     /* buffers of an area that streams may hold, all together */
	__u32 budget_most;   /* of all areas */
	__u32 require_zero_copy;
	__u32 targets;	     /* that there are */
	__u32 queues;	     /* how many, and so loops */
	__u64 tick;	     /* of a struct __kernel_timespec of the process */
	__u64 nowhere;	     /* and of a struct sockaddr, of AF_UNSPEC */
	__u32 quiet_ticks;   /* for how many a stream is left alone */
	__u32 starved_ticks; /* after how many without a buffer it is given up */
};

/* Why the loop ended. */
enum loop_end {
	LOOP_RUNNING,
	LOOP_DRAINED,	 /* as it was told */
	LOOP_COPIED,	 /* a byte was copied, and must not be */
	LOOP_DEVICE,	 /* a device said no */
	LOOP_FULL,	 /* no target has room */
	LOOP_BROKEN,	 /* the ring is not what it should be */
	LOOP_UNSEEN,	 /* it cannot be told whether a byte was copied, and must be */
	LOOP_GIVEN_UP,	 /* as it was told; streams had not ended */
	LOOP_DROPPED,	 /* the kernel had no memory for a completion */
};

/* Who sends a stream: written by the loader before LOOP_OPEN. */
struct loop_peer {
	__u64 id;
	__u32 queue;
	__u16 family;
	__u16 local_port, remote_port;
	__u8 local[16], remote[16];
};

/* What a loop is to do about its end. */
enum loop_drain {
	LOOP_GO_ON,
	LOOP_DRAIN,   /* end the streams, then the loop */
	LOOP_GIVE_UP, /* the loop, whatever streams are there */
};

/* The loader writes, the loop reads. */
struct loop_control {
	__u32 drain; /* enum loop_drain; with LOOP_WAKE */
	__u32 areas; /* that io_uring has */
	__u32 areas_max; /* that it may have */
};

/* Why bytes were copied. */
enum loop_copy {
	LOOP_COPY_HEAD,  /* the NIC did not split it off, or has other buffers */
	LOOP_COPY_RECV,  /* the source is recv */
	LOOP_COPY_SMALL, /* fragments too small for a buffer each */
	LOOP_COPY_DEVICE, /* a device cannot take it where it is: counted by the module */
	LOOP_COPIES,
};

/* The loop writes, the loader reads. A pipeline may have more of its own. */
struct loop_stats {
	__u64 steps;
	__u64 submits;
	__u64 returned;	    /* of the next; read first, so that it is not more */
	__u64 receives;	    /* fragments, and so references on buffers */
	__u64 bytes;	    /* that arrived */
	__u64 unseen;	    /* of them, of which it cannot be told who put them there */
	__u64 copied[LOOP_COPIES];
	__u64 arms;
	__u64 paused;
	__u64 waits;	    /* a stream was not armed, as it holds its share of the buffers */
	__u64 cq_full;	    /* ends of a receive: -ENOSPC */
	__u64 no_buffers;   /* -ENOMEM, -ENOBUFS */
	__u64 missteered;   /* -EFAULT */
	__u64 starved;	    /* the NIC found none; told once for each time that there were more */
	__u64 refill_full;
	__u64 packed;	    /* fragments that did not begin a buffer */
	__u64 opened, closed, failed;
	__u32 under_way;    /* commands */
	__u32 streams;
	__u32 hidden;	    /* areas whose buffers are not where the kernel has them */
	__u32 areas;	    /* that the loop knows */
	__u32 grow;	    /* the thread is to add one and come back */
	__u32 flush;	    /* the thread is to flush the refill ring and come back */
	__u32 end;	    /* enum loop_end */
	__s32 error;
	__u32 where;	    /* line of LOOP_BROKEN */
};

/* From the loop to the loader, in the ring buffer. */
enum loop_event_type {
	LOOP_EVENT_EXTENT, /* bytes of a stream are at lba */
	LOOP_EVENT_CLOSED, /* its file slot is free; bytes and error of all */
};

/* How a stream ended. */
enum loop_ended {
	LOOP_BY_ERROR, /* also one that never ended */
	LOOP_BY_PEER,  /* it closed its side: that is all of it */
	LOOP_BY_DRAIN, /* it was cut off, as the loop was to end */
};

struct loop_event {
	__u32 type;
	__u32 index; /* of the stream's slot */
	__u64 id;    /* of the stream */
	__u64 lba;
	__u64 bytes;
	__u64 dropped;
	__u64 lost;
	__u32 targets;
	__s32 error;
	__u32 ended; /* enum loop_ended */
	__u32 resv;
};

/* Bytes of the ring buffer: twice what all commands and streams may say, and its headers. */
#define LOOP_EVENTS (512 << 10)
_Static_assert(LOOP_EVENTS / 2 >= (LOOP_COMMANDS + 2 * LOOP_STREAMS) * (sizeof(struct loop_event) + 8),
	       "what is under way may end");

/* The map of what only the loop may write, and that of blocks, if there is one. */
#define LOOP_PRIVATE ".bss.loop"
#define LOOP_SPACE   "space"

#define LOOP_RANGES 256 /* a power of two */

/* Blocks that a stream had and did not need, of all of some targets. */
struct loop_range {
	__u64 lba;
	__u64 blocks;
	__u32 targets;
	__u32 resv;
};

/* Blocks that no stream has; shared by all rings. */
struct loop_space {
	struct bpf_spin_lock lock;
	__u32 nr_ranges;
	__u64 next[32]; /* of each target, from here on nobody ever had one */
	__u64 end[32];
	struct loop_range ranges[LOOP_RANGES];
};

#endif
