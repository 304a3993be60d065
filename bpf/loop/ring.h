/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a loop knows, and its ring's memory.
 *
 * Functions that are not inline are checked by the verifier once and on their
 * own; that is what keeps a loop of this size within its limits. They take numbers
 * and the ring, and find the rest by index.
 */
#ifndef LOOP_RING_H
#define LOOP_RING_H

#include "compat.bpf.h"
#include "loop.h"

#define SQE_FIXED_FILE	  1U /* IOSQE_FIXED_FILE */
#define RECV_MULTISHOT	  2U /* IORING_RECV_MULTISHOT */
#define TIMEOUT_MULTISHOT (1U << 6)
#define CQE_F_MORE	  2U

#define EINTR	   4
#define ENOMEM	   12
#define EFAULT	   14
#define ENODEV	   19
#define ENOSPC	   28
#define ERANGE	   34
#define ENOBUFS	   105
#define ECANCELED  125

/* Of a stream. */
enum {
	S_USED = 1 << 0,
	S_ARMED = 1 << 1,	 /* a receive is under way */
	S_CANCELLED = 1 << 2,	 /* and was told to end */
	S_WAITING = 1 << 3,	 /* in line for being armed, or ended */
	S_ENDING = 1 << 4,	 /* no more is received */
	S_CLOSING = 1 << 5,	 /* its file slot is being closed */
	S_CLOSED = 1 << 6,	 /* it was; the loader is to be told */
	S_PAUSED = 1 << 7,	 /* receive nothing until policies say so */
	S_DROP = 1 << 8,	 /* store nothing more of it */
	S_FULL = 1 << 9,	 /* nor can it be: its targets are full */
	S_NEW = 1 << 10,	 /* policies were not asked yet */
	S_PER_FRAGMENT = 1 << 11, /* they want to be asked again */
	S_LATER = 1 << 12,	 /* there was no buffer: not before the next tick */
	/* Of these, each fragment is looked at. */
	S_SLOW = S_DROP | S_FULL | S_NEW | S_PER_FRAGMENT,
};

struct stream {
	__u32 flags;
	__u32 command;	 /* the open one */
	__u32 got;	 /* bytes of the receive that is under way */
	__u32 credit;	 /* how many it may get */
	__u32 taken;	 /* references, ever */
	__u32 given;	 /* back */
	__u32 taken_then; /* when it was armed */
	__u32 per_buffer; /* bytes of the stream in a buffer, as seen last */
	__u32 under_way; /* commands */
	__u32 targets;
	__u32 desc_flags;
	__s32 error;
	__u32 starved;	 /* receives in a row that found no buffer */
	__u32 fill;	 /* recv: bytes in the slot that is received into */
	__u32 idle;	 /* ticks without data */
	__u64 slot;	 /* recv: its address */
	__u64 before;	 /* bytes of the receives that ended */
	__u64 seen;	 /* bytes at the last tick */
	__u64 dropped;
	__u64 lost;
	__u64 lba;	 /* of the next command */
	__u64 lba_end;	 /* of the extent */
	__u64 extent;	 /* where it began */
	__u64 in_extent; /* bytes */
};

struct command {
	__u32 stream;
	__u32 bytes;
	__u16 nr_refs;
	__u16 nr_frags;
	__u16 wait;   /* for its own end, and for the one before it */
	__u16 next;   /* who waits for it; plus 1 */
	__u32 last;   /* length of the last fragment, not yet in the list */
	__u32 padded; /* zeroes at its end */
	__u32 staged; /* bytes in its staging block: its first fragment */
	__u32 tries;
	__u64 first;  /* address of the first fragment */
	__u64 end;    /* address behind the last */
	__u64 lba;
};

/* A reference on a buffer: an address in it, and how many bytes of it. */
#define REF(addr, len)	((addr) << 21 | (len))
#define REF_ADDR(ref)	((ref) >> 21)
#define REF_LEN(ref)	((__u32)(ref) & ((1U << 21) - 1))

/* A place in the list of a command, as struct unified_fragment. */
struct fragment {
	__u64 addr;
	__u32 len;
	__u32 resv;
};

/* Receives that found no buffer, one a tick, before the stream is given up. */
#define STARVED 100

/* References that a command may hold, and when it is time to write it. */
#define PIECES_MAX  (LOOP_PIECES - 8)
#define PIECES_FULL (LOOP_PIECES - 16)

const volatile struct loop_config setup;

/* Shared with the loader. */
struct loop_control control;
struct loop_stats stats;
struct loop_peer peers[LOOP_STREAMS];

/* The loop's own. */
static struct stream streams[LOOP_STREAMS];
static struct command commands[LOOP_COMMANDS];
static __u64 refs[LOOP_COMMANDS][LOOP_PIECES];
static __u32 slot_generations[LOOP_MAX_SLOTS];	/* of the slots that are held */

/* Commands that nobody uses, and those whose buffers go back, first come first. */
#define SPARE_COMMAND (LOOP_COMMANDS - 1) /* never among them */
static __u16 free_commands[LOOP_COMMANDS];
static __u32 nr_free;
static __u16 done_commands[LOOP_COMMANDS];
static __u32 done_head, done_tail;

/* Streams in line. */
static __u16 waiting[LOOP_STREAMS];
static __u32 nr_waiting;

static __u64 niovs[LOOP_AREAS]; /* of each area, in the kernel; 0: cannot be seen */
__u32 nr_areas;
static __u64 region_data; /* the data area, in the kernel */
__u32 ready;
__u32 draining;		/* enum loop_end: what it will have ended with */

/* What a step added to the submission queue. */
__u32 sq_tail, sq_filled;

volatile __u32 zero;	/* the verifier does not know that it is */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct loop_space);
} space SEC(".maps");

/* The first argument of a function that uses the ring. */
#define RING struct iou_ctx *ring __arg_trusted

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

/* There are too few buffers. */
static __always_inline void loop_grow(void)
{
	if (nr_areas < *(volatile __u32 *)&control.areas_max)
		stats.grow = 1;
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

static __always_inline struct stream *stream_at(__u32 index)
{
	return element(streams, index);
}

static __always_inline struct command *command_at(__u32 index)
{
	return element(commands, index);
}

static __always_inline __u64 *refs_of(__u32 index)
{
	return *element(refs, index);
}

static __always_inline __u64 *nth_ref(__u64 *of, __u32 n)
{
	barrier_var(n);
	return &of[n & (LOOP_PIECES - 1)];
}

static __always_inline __u64 *ref_at(__u32 index, __u32 n)
{
	return nth_ref(refs_of(index), n);
}

static __always_inline struct fragment *fragment_at(__u8 *mem, __u32 index, __u32 n)
{
	__u64 at = (index & (LOOP_COMMANDS - 1)) * LOOP_PIECES + (n & (LOOP_PIECES - 1));

	return (struct fragment *)(mem + setup.data + setup.lists + at * sizeof(struct fragment));
}

/* --- the ring's memory: NULL never happens, the verifier wants to hear of it ------ */

static __always_inline __u8 *region_memory(struct iou_ctx *ring)
{
	return bpf_io_uring_get_region(ring, IOU_REGION_MEM, setup.mem_size);
}

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
