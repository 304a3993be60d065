/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A work item that sees to operations, one after the other: work.c.
 */
#ifndef UNIFIED_WORK_H
#define UNIFIED_WORK_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct unified_io_region;
struct unified_op;

struct unified_work {
	struct unified_io_region *region; /* which it is part of */
	void (*each)(struct unified_op *op);
	spinlock_t lock; /* irq-safe, for the next */
	struct list_head ops;
	struct work_struct item;
};

/* main.c: for what cannot be done where it is noticed; drained before unload */
extern struct workqueue_struct *unified_wq;

void unified_work_init(struct unified_work *w, struct unified_io_region *r,
		       void (*each)(struct unified_op *op));
void unified_work_exit(struct unified_work *w);
void unified_work_add(struct unified_work *w, struct unified_op *op);

#endif
