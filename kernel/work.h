/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the work items of a region do for operations of any door: work.c.
 */
#ifndef UNIFIED_WORK_H
#define UNIFIED_WORK_H

#include <linux/bio.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct unified_command;
struct unified_io_region;
struct unified_op;
struct unified_target;

struct unified_work {
	spinlock_t lock;	 /* irq-safe, for all of the next */
	struct list_head posted; /* by BPF, to be submitted */
	struct list_head read;	 /* for process hooks, which may sleep */
	struct list_head ended;	 /* to be finished */
	struct work_struct submit;
	struct work_struct process;
	struct work_struct finish;
};

/* What waits for one target, for a tag or for memory. Under the same lock. */
struct unified_work_target {
	struct list_head waiting; /* to be issued, or what is left of it */
	struct bio_list again;	  /* to be submitted once more */
	struct work_struct issue;
};

/* main.c: for what cannot be done where it is noticed; drained before unload */
extern struct workqueue_struct *unified_wq;

void unified_work_init(struct unified_io_region *r);
void unified_work_exit(struct unified_io_region *r);
void unified_work_target_init(struct unified_target *t);
void unified_work_target_exit(struct unified_target *t);
void unified_work_submit(struct unified_op *op);
void unified_work_issue(struct unified_op *op, struct unified_target *t);
void unified_work_again(struct unified_command *c);
void unified_work_process(struct unified_op *op);
void unified_work_finish(struct unified_op *op);

#endif
