// SPDX-License-Identifier: GPL-2.0
/*
 * Targets: which devices the operations of a region may go to, and with what
 * rights. All of that is decided here, when a target is added; whoever has the
 * region's descriptor can then use it so, and no more.
 *
 * A target's memory is there from its index's first use until the region is freed,
 * so that a command finds it without a lock. Whether it can be used is told by
 * users, of which a command has a reference from before it is issued until it
 * ended. It is killed when the target is removed, when its region is closed or
 * when its device goes; once no command is left a work item closes the device. So
 * the device and its driver can go although the target is still listed, as gone.
 * An open device holds the region. All else of a target changes under
 * target_mutex, while users is dead.
 *
 * An index is free again when its target was removed and the device is closed,
 * whichever comes last. Who removes it waits for that, but need not live to see
 * it; by the time it looks, another target may be there already.
 */
#include <linux/blkdev.h>
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "engine.h"
#include "region.h"
#include "target.h"
#include "work.h"

/* --- life ----------------------------------------------------------------------- */

static void unified_target_close(struct work_struct *work)
{
	struct unified_target *t = container_of(work, struct unified_target, close_work);
	struct unified_io_region *r = t->region;

	/* Who finds the device free is to find the index free, too. */
	scoped_guard(mutex, &r->target_mutex) {
		t->ops->detach(t);
		bdev_fput(t->file);
		t->file = NULL;
		if (t->state == UNIFIED_TARGET_REMOVED)
			t->state = UNIFIED_TARGET_ABSENT;
		WRITE_ONCE(t->nr_closed, t->nr_closed + 1);
	}
	wake_up_all(&t->wait);
	unified_region_put(r);
}

static void unified_target_drained(struct percpu_ref *users)
{
	struct unified_target *t = container_of(users, struct unified_target, users);

	queue_work(unified_wq, &t->close_work);
}

/* No command begins after this. Any context. */
static void unified_target_kill(struct unified_target *t)
{
	if (!atomic_xchg(&t->killed, 1))
		percpu_ref_kill(&t->users);
}

/* The device is going; its driver waits for what is under way, not for us. */
static void unified_target_dead(struct block_device *bdev, bool surprise)
{
	struct unified_target *t = bdev->bd_holder;

	WRITE_ONCE(t->dead, true);
	unified_target_kill(t); /* orders the two, see unified_target_publish() */
	mutex_unlock(&bdev->bd_holder_lock);
}

static const struct blk_holder_ops unified_holder_ops = {
	.mark_dead = unified_target_dead,
};

/* From here on commands use it. */
static void unified_target_publish(struct unified_target *t)
{
	kref_get(&t->region->ref);
	t->state = UNIFIED_TARGET_PRESENT;
	percpu_ref_reinit(&t->users);
	atomic_set(&t->killed, 0);
	/* Its device may have died, or its region been closed, before it could be killed. */
	smp_mb();
	if (READ_ONCE(t->dead) || READ_ONCE(t->region->targets_closed))
		unified_target_kill(t);
}

/* --- adding one --------------------------------------------------------------------- */

/*
 * The device that an NVMe character device's file is of, or NULL. The driver makes the
 * device the parent of its cdev, which is asked for here: nothing else leads from one
 * to the other.
 */
struct device *unified_nvme_chardev(struct file *f)
{
	struct inode *inode = file_inode(f);
	struct device *dev;

	if (!S_ISCHR(inode->i_mode) || !f->f_op->owner ||
	    strcmp(module_name(f->f_op->owner), "nvme_core") || !inode->i_cdev ||
	    !inode->i_cdev->kobj.parent || !unified_is_device(inode->i_cdev->kobj.parent))
		return NULL;
	dev = container_of(inode->i_cdev->kobj.parent, struct device, kobj);
	return dev->devt == inode->i_rdev ? dev : NULL;
}

/* The number of the block device that a descriptor stands for. */
static int unified_target_devt(struct file *f, dev_t *devt)
{
	struct inode *inode = file_inode(f);
	struct device *dev, *disk;
	const char *name;
	char disk_name[32];

	if (S_ISBLK(inode->i_mode)) {
		*devt = file_bdev(f)->bd_dev;
		return 0;
	}
	/* /dev/ng0n1: the disk nvme0n1 has the same parent. */
	dev = unified_nvme_chardev(f);
	if (!dev)
		return -ENODEV;
	name = dev_name(dev);
	if (!dev->class || strcmp(dev->class->name, "nvme-generic") || strncmp(name, "ng", 2) ||
	    !dev->parent)
		return -ENODEV;
	snprintf(disk_name, sizeof(disk_name), "nvme%s", name + 2);
	disk = device_find_child_by_name(dev->parent, disk_name);
	if (!disk)
		return -ENODEV;
	*devt = disk->devt;
	put_device(disk);
	return 0;
}

/* What may be done: no more than fd was opened for. */
static int unified_target_access(const struct file *f, u32 wanted)
{
	u32 open = 0;

	if (f->f_mode & FMODE_READ)
		open |= UNIFIED_TARGET_READ;
	if (f->f_mode & FMODE_WRITE)
		open |= UNIFIED_TARGET_WRITE;
	if (wanted & ~open)
		return -EACCES;
	return wanted ?: open;
}

static int unified_target_open(struct unified_target *t, const struct unified_io_target *info)
{
	blk_mode_t mode = BLK_OPEN_READ;
	struct file *file;
	dev_t devt;
	int ret;

	CLASS(fd, f)(info->fd);
	if (info->fd < 0 || fd_empty(f))
		return -EBADF;
	ret = unified_target_devt(fd_file(f), &devt);
	if (ret)
		return ret;
	ret = unified_target_access(fd_file(f), info->access);
	if (ret < 0)
		return ret;
	t->access = ret;
	if (t->access & UNIFIED_TARGET_WRITE)
		mode |= BLK_OPEN_WRITE;
	t->dead = false;
	file = bdev_file_open_by_dev(devt, mode, t, &unified_holder_ops);
	if (IS_ERR(file))
		return PTR_ERR(file);
	t->file = file;
	t->bdev = file_bdev(file);
	snprintf(t->name, sizeof(t->name), "%pg", t->bdev);
	return 0;
}

static int unified_target_range(struct unified_target *t, const struct unified_io_target *info)
{
	/* It may change at any time: each operation is held against the size it has then. */
	u64 size = data_race(bdev_nr_bytes(t->bdev)), block = unified_block_size(t);

	if ((info->start | info->length) & (block - 1))
		return -EINVAL;
	if (info->start > size || info->length > size - info->start)
		return -ERANGE;
	t->start = info->start >> SECTOR_SHIFT;
	/* Up to the end is also up to an end that moves. */
	t->end = info->length ? t->start + (info->length >> SECTOR_SHIFT) : U64_MAX;
	return 0;
}

static int unified_target_attach(struct unified_target *t, u32 flags)
{
	int ret;

	if ((t->access & UNIFIED_TARGET_WRITE) && bdev_read_only(t->bdev))
		return -EACCES;
	/* A copied run lies in pages: nothing larger can be promised to meet. */
	if (queue_virt_boundary(bdev_get_queue(t->bdev)) & PAGE_MASK)
		return -EOPNOTSUPP;
	t->nsid = 0;
	t->odd_lengths = false;
	t->ops = &unified_target_block;
	if (flags & UNIFIED_TARGET_F_BLOCK)
		return 0;
	ret = unified_nvme_attach(t);
	if (!ret)
		t->ops = &unified_target_nvme;
	/* What cannot be driven by commands is a block device; want of memory is no such thing. */
	return flags & UNIFIED_TARGET_F_NVME || ret == -ENOMEM ? ret : 0;
}

/* The target of an index that is not in use. */
static struct unified_target *unified_target_at(struct unified_io_region *r, u32 index)
{
	struct unified_target *t = r->targets[index];

	if (t)
		return t;
	t = kzalloc_obj(*t, GFP_KERNEL_ACCOUNT);
	if (!t)
		return NULL;
	t->region = r;
	atomic_set(&t->killed, 1);
	init_waitqueue_head(&t->wait);
	INIT_WORK(&t->close_work, unified_target_close);
	unified_work_init(&t->waiting, r, unified_resume_operation);
	unified_block_init(t);
	if (percpu_ref_init(&t->users, unified_target_drained,
			    PERCPU_REF_INIT_DEAD | PERCPU_REF_ALLOW_REINIT,
			    GFP_KERNEL_ACCOUNT | __GFP_NOWARN)) {
		kfree(t);
		return NULL;
	}
	smp_store_release(&r->targets[index], t); /* for unified_target_get() */
	return t;
}

static int unified_target_build(struct unified_target *t, const struct unified_io_target *info)
{
	int ret = unified_target_open(t, info);

	if (ret)
		return ret;
	ret = unified_target_range(t, info);
	if (!ret)
		ret = unified_target_attach(t, info->flags);
	if (ret) {
		bdev_fput(t->file);
		t->file = NULL;
	}
	return ret;
}

static void unified_target_info(struct unified_target *t, u32 index, struct unified_io_target *info)
{
	struct unified_limits limits;

	*info = (struct unified_io_target){
		.fd = -1,
		.access = t->access,
		.region = info->region,
		.start = t->start << SECTOR_SHIFT,
		.length = t->end == U64_MAX ? 0 : (t->end - t->start) << SECTOR_SHIFT,
		.index = index,
		.kind = t->ops->kind,
		.nsid = t->nsid,
	};
	strscpy(info->name, t->name);
	/* Only who has a user's reference may look at the device. */
	if (!percpu_ref_tryget_live(&t->users)) {
		info->gone = 1;
		return;
	}
	unified_limits_of(t, &limits);
	info->lba_size = limits.block;
	info->max_bytes = limits.max_bytes;
	info->max_segments = limits.max_segments;
	info->dma_alignment = limits.start_mask + 1;
	info->virt_boundary = limits.gap_mask ? limits.gap_mask + 1 : 0;
	info->odd_lengths = t->odd_lengths;
	percpu_ref_put(&t->users);
}

int unified_target_add(struct unified_io_region *r, struct unified_io_target *info)
{
	struct unified_target *t;
	u32 i;
	int ret;

	if (info->flags & ~(UNIFIED_TARGET_F_BLOCK | UNIFIED_TARGET_F_NVME) ||
	    info->flags == (UNIFIED_TARGET_F_BLOCK | UNIFIED_TARGET_F_NVME) ||
	    info->access & ~(UNIFIED_TARGET_READ | UNIFIED_TARGET_WRITE) || info->resv)
		return -EINVAL;
	guard(mutex)(&r->target_mutex);
	if (READ_ONCE(r->targets_closed))
		return -ENODEV;
	/* An administrator names the region. */
	if (r->targets_sealed && !info->region)
		return -EPERM;
	for (i = 0; i < UNIFIED_IO_MAX_TARGETS; i++)
		if (!r->targets[i] || r->targets[i]->state == UNIFIED_TARGET_ABSENT)
			break;
	if (i == UNIFIED_IO_MAX_TARGETS)
		return -ENOSPC;
	t = unified_target_at(r, i);
	if (!t)
		return -ENOMEM;
	ret = unified_target_build(t, info);
	if (ret)
		return ret;
	unified_target_publish(t);
	unified_target_info(t, i, info);
	return 0;
}

/* --- for policies ------------------------------------------------------------------ */

/* Is each of these a target, or was one? Any context. */
bool unified_targets_known(struct unified_io_region *r, u32 targets)
{
	for (; targets; targets &= targets - 1)
		if (!READ_ONCE(r->targets[__ffs(targets)]))
			return false;
	return true;
}

/**
 * unified_targets_fit - could an operation be issued where it is to go?
 * @r: the region
 * @d: the operation
 *
 * A target that is gone is not the policy's fault, and fits.
 *
 * Return: 0, or what it will be refused with.
 */
int unified_targets_fit(struct unified_io_region *r, const struct unified_descriptor *d)
{
	u32 targets = d->targets ?: 1;
	int ret = 0;

	if (!unified_targets_known(r, targets))
		return -ENODEV;
	for (; targets && !ret; targets &= targets - 1) {
		struct unified_target *t = unified_target_get(r, __ffs(targets));

		if (!t)
			continue;
		ret = unified_target_check(t, d, unified_block_size(t));
		unified_target_put(t);
	}
	return ret == -ENODEV ? 0 : ret;
}

/* --- removing and looking ------------------------------------------------------------- */

/*
 * Waits for the commands that are under way, unless the caller is killed, which
 * alone would see -EINTR. It holds the region.
 */
int unified_target_remove(struct unified_io_region *r, struct unified_io_target *info)
{
	struct unified_target *t = NULL;
	u32 nr_closed, index = info->index;

	if (info->flags || info->resv)
		return -EINVAL;
	scoped_guard(mutex, &r->target_mutex) {
		if (r->targets_sealed && !info->region)
			return -EPERM;
		if (index < UNIFIED_IO_MAX_TARGETS)
			t = r->targets[index];
		if (!t || t->state != UNIFIED_TARGET_PRESENT)
			return -ENODEV;
		if (!t->file) {
			/* Its device went before. */
			t->state = UNIFIED_TARGET_ABSENT;
			return 0;
		}
		t->state = UNIFIED_TARGET_REMOVED;
		nr_closed = t->nr_closed;
		/* Later, another device may be the target of this index. */
		unified_target_kill(t);
	}
	return wait_event_killable(t->wait, READ_ONCE(t->nr_closed) != nr_closed) ? -EINTR : 0;
}

/* The target with the lowest index from info->index on. */
int unified_target_info_from(struct unified_io_region *r, struct unified_io_target *info)
{
	u32 i;

	if (info->flags || info->resv)
		return -EINVAL;
	guard(mutex)(&r->target_mutex);
	for (i = info->index; i < UNIFIED_IO_MAX_TARGETS; i++) {
		struct unified_target *t = r->targets[i];

		if (t && t->state == UNIFIED_TARGET_PRESENT) {
			unified_target_info(t, i, info);
			return 0;
		}
	}
	return -ENOENT;
}

/* By the region's descriptor none is added or removed any more. */
int unified_targets_seal(struct unified_io_region *r)
{
	guard(mutex)(&r->target_mutex);
	r->targets_sealed = true;
	return 0;
}

/*
 * The region's file is closed. What is under way ends on its own. Without the mutex,
 * which somebody who adds a target may hold as long as that device does not answer.
 */
void unified_targets_close(struct unified_io_region *r)
{
	struct unified_target *t;
	u32 i;

	WRITE_ONCE(r->targets_closed, true);
	smp_mb(); /* see unified_target_publish() */
	for (i = 0; i < UNIFIED_IO_MAX_TARGETS; i++) {
		t = smp_load_acquire(&r->targets[i]); /* from unified_target_at() */
		if (t)
			unified_target_kill(t);
	}
}

/* With the region's last reference: no device is open. */
void unified_targets_free(struct unified_io_region *r)
{
	u32 i;

	for (i = 0; i < UNIFIED_IO_MAX_TARGETS; i++) {
		if (!r->targets[i])
			continue;
		unified_work_exit(&r->targets[i]->waiting);
		unified_block_exit(r->targets[i]);
		percpu_ref_exit(&r->targets[i]->users);
		kfree(r->targets[i]);
	}
}
