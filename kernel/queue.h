/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The doors of ioctl and BPF (queue.c), and of io_uring (uring.c).
 */
#ifndef UNIFIED_QUEUE_H
#define UNIFIED_QUEUE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "unified_io.h"

struct io_comp_batch;
struct io_uring_cmd;
struct unified_io_region;

/*
 * The operations that ioctl and BPF submit: queue.c. Completions are in ring until
 * user space takes them.
 */
struct unified_queue {
	spinlock_t lock; /* irq-safe, for all of the next */
	u32 size;	 /* of ring; a power of two */
	u32 head;
	u32 tail;
	u32 under_way; /* operations; each will want a place in ring */
	u32 wanted;    /* completions, by the most modest of waiters */
	struct list_head waiters;
	struct unified_completion *ring;
	wait_queue_head_t wait;
	struct mutex reap_mutex; /* one takes at a time */
};

int unified_queue_init(struct unified_io_region *r, u32 size);
void unified_queue_exit(struct unified_io_region *r);
int unified_queue_submit(struct unified_io_region *r, const struct unified_descriptor *request);
int unified_queue_post(struct unified_io_region *r, const struct unified_descriptor *request);
int unified_queue_reap(struct unified_io_region *r, struct unified_io_complete *complete);
void unified_queue_taken(struct unified_io_region *r, u32 count);

/* uring.c: the door of io_uring */
int unified_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);
int unified_uring_poll(struct io_uring_cmd *cmd, struct io_comp_batch *iob, unsigned int flags);

#endif
