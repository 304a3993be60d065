/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where operations go (target.c), and how (target_block.c, target_nvme.c).
 */
#ifndef UNIFIED_TARGET_H
#define UNIFIED_TARGET_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/percpu-refcount.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "descriptor.h"
#include "op.h"
#include "region.h"
#include "work.h"

enum unified_target_state {
	UNIFIED_TARGET_ABSENT,
	UNIFIED_TARGET_PRESENT, /* it may be gone all the same */
	UNIFIED_TARGET_REMOVED, /* its device is not closed yet */
};

/* One for each index that was ever used, from then on until the region is freed. */
struct unified_target {
	struct percpu_ref users; /* dead unless it can be used */
	const struct unified_target_ops *ops;
	struct block_device *bdev;
	u32 access;
	u32 nsid;
	u64 start; /* of the range, in sectors */
	u64 end;
	bool odd_lengths;
	struct device *sgl_dev; /* target_nvme_sgl.c makes its lists; or NULL */
	u64 bus_offset;		/* from physical addresses to that device's */

	struct unified_work waiting; /* engine.c: for a request of it, or for memory */

	/* target_block.c: bios that are submitted once more, and may wait then */
	spinlock_t again_lock; /* irq-safe */
	struct bio_list again;
	struct work_struct again_work;

	enum unified_target_state state; /* target_mutex */
	struct unified_io_region *region;
	struct file *file; /* NULL: the device is closed */
	u32 nr_closed;	   /* how often it was */
	atomic_t killed;
	bool dead;		/* its device said so */
	wait_queue_head_t wait; /* for nr_closed */
	struct work_struct close_work;
	char name[32];
};

struct unified_target_ops {
	u32 kind;
	/*
	 * Make a command of what comes next of its operation: a request, or what is
	 * needed for a bio. -EAGAIN: not without waiting, which op->may_wait allows.
	 */
	int (*prepare)(struct unified_command *c);
	/* One that was prepared, to be a bio: it will end. */
	void (*send)(struct unified_command *c);
	/* No command is left. */
	void (*detach)(struct unified_target *t);
};

extern const struct unified_target_ops unified_target_block, unified_target_nvme;
int unified_nvme_attach(struct unified_target *t);
int unified_block_prepare(struct unified_command *c);
void unified_block_send(struct unified_command *c);
void unified_block_init(struct unified_target *t);
void unified_block_exit(struct unified_target *t);
struct device *unified_nvme_chardev(struct file *f);
int unified_target_add(struct unified_io_region *r, struct unified_io_target *info);
int unified_target_remove(struct unified_io_region *r, struct unified_io_target *info);
int unified_target_info_from(struct unified_io_region *r, struct unified_io_target *info);
int unified_targets_seal(struct unified_io_region *r);
int unified_targets_fit(struct unified_io_region *r, const struct unified_descriptor *d);
bool unified_targets_known(struct unified_io_region *r, u32 targets);
void unified_targets_close(struct unified_io_region *r);
void unified_targets_free(struct unified_io_region *r);

/* For one command. Any context. NULL: there is none, or it is gone. */
static inline struct unified_target *unified_target_get(struct unified_io_region *r, u32 index)
{
	struct unified_target *t = smp_load_acquire(&r->targets[index]); /* as it was made */

	return t && percpu_ref_tryget_live(&t->users) ? t : NULL;
}

static inline void unified_target_put(struct unified_target *t)
{
	percpu_ref_put(&t->users);
}

/* What the device demands now; it may change meanwhile, and the block layer looks again. */
static inline void unified_limits_of(const struct unified_target *t, struct unified_limits *limits)
{
	const struct queue_limits *l = &bdev_get_queue(t->bdev)->limits;

	limits->block = READ_ONCE(l->logical_block_size);
	limits->start_mask = READ_ONCE(l->dma_alignment);
	limits->end_mask = t->odd_lengths ? 0 : limits->start_mask;
	limits->gap_mask = READ_ONCE(l->virt_boundary_mask);
	limits->boundary_mask = READ_ONCE(l->seg_boundary_mask);
	limits->max_segments = min_t(u32, READ_ONCE(l->max_segments), UNIFIED_NR_VECS);
	/* Longer segments would count as several. */
	limits->max_bytes = min_t(u64, (u64)READ_ONCE(l->max_hw_sectors) << SECTOR_SHIFT,
				  READ_ONCE(l->max_segment_size));
}

/* A namespace can be formatted at any time; who issues a command asks again. */
static inline u32 unified_block_size(const struct unified_target *t)
{
	/* While it is, the old size or the new one. */
	return data_race(bdev_logical_block_size(t->bdev));
}

/**
 * unified_target_check - is an operation within what was granted?
 * @t: the target, which does not go meanwhile
 * @d: the operation
 * @block: the size of the target's blocks
 *
 * Return: 0, -EPERM, -EINVAL for what is no whole blocks, -ERANGE, or -ENODEV.
 */
static inline int unified_target_check(const struct unified_target *t,
				       const struct unified_descriptor *d, u32 block)
{
	/* A device that changes its size, or goes, does so at any time. */
	u64 size = data_race(bdev_nr_sectors(t->bdev)), end = min(t->end, size);
	u32 shift = __ffs(block) - SECTOR_SHIFT;
	u64 first = d->lba << shift;

	if (unified_desc_access(d) & ~t->access)
		return -EPERM;
	if (d->opcode == UNIFIED_OP_FLUSH)
		return 0;
	if (d->len & (block - 1))
		return -EINVAL;
	if (first >> shift != d->lba || first < t->start || first > end ||
	    d->len >> SECTOR_SHIFT > end - first)
		/* A device that is about to go has no size any more. */
		return size ? -ERANGE : -ENODEV;
	return 0;
}

#endif
