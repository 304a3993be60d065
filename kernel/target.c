// SPDX-License-Identifier: GPL-2.0
/*
 * Targets: which devices the operations of a region may go to, and with what
 * rights. All of that is decided here, when a target is added; whoever has the
 * region's descriptor can then use it so, and no more.
 *
 * region->targets[] changes under target_mutex and is read under RCU. A target
 * has one reference of that array and one of its open device. A command has a
 * reference on target->users from before it is issued until it ended. When the
 * target is removed, when its region is closed or when its device goes, users is
 * killed; once no command is left a work item closes the device. So the device
 * can go, and its driver, although the target is still listed as gone.
 */
#include <linux/blkdev.h>
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "unified.h"

/* --- life ----------------------------------------------------------------------- */

static void unified_target_free(struct kref *ref)
{
	struct unified_target *t = container_of(ref, struct unified_target, ref);

	percpu_ref_exit(&t->users);
	/* Who looks for one may still be looking at users. */
	kfree_rcu(t, rcu);
}

static void unified_target_close(struct work_struct *work)
{
	struct unified_target *t = container_of(work, struct unified_target, close_work);

	t->ops->detach(t);
	bdev_fput(t->file);
	complete_all(&t->drained);
	kref_put(&t->ref, unified_target_free);
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
	unified_target_kill(bdev->bd_holder);
	mutex_unlock(&bdev->bd_holder_lock);
}

static const struct blk_holder_ops unified_holder_ops = {
	.mark_dead = unified_target_dead,
};

/* For one command. Any context. NULL: there is none, or it is gone. */
struct unified_target *unified_target_get(struct unified_io_region *r, u32 index)
{
	struct unified_target *t;

	guard(rcu)();
	t = rcu_dereference(r->targets[index]);
	return t && percpu_ref_tryget_live(&t->users) ? t : NULL;
}

void unified_target_put(struct unified_target *t)
{
	percpu_ref_put(&t->users);
}

/* --- what a command may do -------------------------------------------------------- */

/* What the device demands now. */
void unified_limits_of(const struct unified_target *t, struct unified_limits *limits)
{
	const struct request_queue *q = bdev_get_queue(t->bdev);

	limits->block = queue_logical_block_size(q);
	limits->start_mask = queue_dma_alignment(q);
	limits->end_mask = t->odd_lengths ? 0 : limits->start_mask;
	limits->gap_mask = queue_virt_boundary(q);
	limits->max_segments = min_t(u32, queue_max_segments(q), UNIFIED_NR_VECS);
	/* Longer segments would count as several. */
	limits->max_bytes =
		min_t(u64, (u64)queue_max_hw_sectors(q) << SECTOR_SHIFT, queue_max_segment_size(q));
}

/**
 * unified_target_check - is the operation of a command within what was granted?
 * @c: the command
 * @limits: of its device, which cannot change until the command is issued
 * @sector: where this command is
 *
 * Return: 0, -EPERM, -EINVAL for what is no whole blocks, -ERANGE.
 */
int unified_target_check(const struct unified_command *c, const struct unified_limits *limits,
			 sector_t *sector)
{
	const struct unified_descriptor *d = &c->op->desc;
	const struct unified_target *t = c->target;
	u32 shift = ilog2(limits->block) - SECTOR_SHIFT;
	u64 end = min_t(u64, t->end, bdev_nr_sectors(t->bdev)), first;

	if (!(t->access & (unified_desc_writes(d) ? UNIFIED_TARGET_WRITE : UNIFIED_TARGET_READ)))
		return -EPERM;
	if (d->opcode == UNIFIED_OP_FLUSH)
		return 0;
	if (d->len & (limits->block - 1))
		return -EINVAL;
	first = d->lba << shift;
	if (first >> shift != d->lba || first < t->start || first > end ||
	    d->len >> SECTOR_SHIFT > end - first)
		return -ERANGE;
	*sector = c->lba << shift;
	return 0;
}

/* --- adding one --------------------------------------------------------------------- */

/* The device that an NVMe character device's file is of, or NULL. */
struct device *unified_nvme_chardev(struct file *f)
{
	struct inode *inode = file_inode(f);

	if (!S_ISCHR(inode->i_mode) || !f->f_op->owner ||
	    strcmp(module_name(f->f_op->owner), "nvme_core") || !inode->i_cdev ||
	    !inode->i_cdev->kobj.parent)
		return NULL;
	return container_of(inode->i_cdev->kobj.parent, struct device, kobj);
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
	t->file = bdev_file_open_by_dev(devt, mode, t, &unified_holder_ops);
	if (IS_ERR(t->file))
		return PTR_ERR(t->file);
	/* From here on it is closed by close_work. */
	t->bdev = file_bdev(t->file);
	snprintf(t->name, sizeof(t->name), "%pg", t->bdev);
	if ((t->access & UNIFIED_TARGET_WRITE) && bdev_read_only(t->bdev))
		return -EACCES;
	return 0;
}

static int unified_target_range(struct unified_target *t, const struct unified_io_target *info)
{
	u64 size = bdev_nr_bytes(t->bdev), block = bdev_logical_block_size(t->bdev);

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

	/* A copied run lies in pages: nothing larger can be promised to meet. */
	if (queue_virt_boundary(bdev_get_queue(t->bdev)) & PAGE_MASK)
		return -EOPNOTSUPP;
	t->ops = &unified_target_block;
	if (flags & UNIFIED_TARGET_F_BLOCK)
		return 0;
	ret = unified_nvme_attach(t);
	if (!ret)
		t->ops = &unified_target_nvme;
	return flags & UNIFIED_TARGET_F_NVME ? ret : 0;
}

static struct unified_target *unified_target_build(const struct unified_io_target *info)
{
	struct unified_target *t = kzalloc_obj(*t, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->ops = &unified_target_block;
	kref_init(&t->ref);
	init_completion(&t->drained);
	INIT_WORK(&t->close_work, unified_target_close);
	ret = percpu_ref_init(&t->users, unified_target_drained, 0, GFP_KERNEL_ACCOUNT);
	if (ret) {
		kfree(t);
		return ERR_PTR(ret);
	}
	/* The device may go as soon as it is open: not under our hands. */
	percpu_ref_get(&t->users);
	ret = unified_target_open(t, info);
	if (!ret)
		ret = unified_target_range(t, info);
	if (!ret)
		ret = unified_target_attach(t, info->flags);
	percpu_ref_put(&t->users);
	if (!ret)
		return t;
	if (t->bdev) {
		kref_get(&t->ref);
		unified_target_kill(t);
		wait_for_completion(&t->drained);
	}
	kref_put(&t->ref, unified_target_free);
	return ERR_PTR(ret);
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

	if (info->flags & ~(UNIFIED_TARGET_F_BLOCK | UNIFIED_TARGET_F_NVME) ||
	    info->flags == (UNIFIED_TARGET_F_BLOCK | UNIFIED_TARGET_F_NVME) ||
	    info->access & ~(UNIFIED_TARGET_READ | UNIFIED_TARGET_WRITE) || info->resv)
		return -EINVAL;
	guard(mutex)(&r->target_mutex);
	if (r->targets_closed)
		return -ENODEV;
	for (i = 0; i < UNIFIED_IO_MAX_TARGETS && rcu_access_pointer(r->targets[i]); i++)
		;
	if (i == UNIFIED_IO_MAX_TARGETS)
		return -ENOSPC;
	t = unified_target_build(info);
	if (IS_ERR(t))
		return PTR_ERR(t);
	/* One reference for the open device, which close_work drops, one for the array. */
	kref_get(&t->ref);
	unified_target_info(t, i, info);
	rcu_assign_pointer(r->targets[i], t);
	return 0;
}

/* --- removing and looking ------------------------------------------------------------- */

static struct unified_target *unified_target_take(struct unified_io_region *r, u32 index)
{
	return rcu_replace_pointer(r->targets[index], NULL, lockdep_is_held(&r->target_mutex));
}

/* Waits for the commands that are under way. */
int unified_target_remove(struct unified_io_region *r, u32 index)
{
	struct unified_target *t;

	if (index >= UNIFIED_IO_MAX_TARGETS)
		return -ENODEV;
	scoped_guard(mutex, &r->target_mutex)
		t = unified_target_take(r, index);
	if (!t)
		return -ENODEV;
	unified_target_kill(t);
	wait_for_completion(&t->drained);
	kref_put(&t->ref, unified_target_free);
	return 0;
}

/* The target with the lowest index from info->index on. */
int unified_target_info_from(struct unified_io_region *r, struct unified_io_target *info)
{
	struct unified_target *t;
	u32 i;

	guard(mutex)(&r->target_mutex);
	for (i = info->index; i < UNIFIED_IO_MAX_TARGETS; i++) {
		t = rcu_dereference_protected(r->targets[i], lockdep_is_held(&r->target_mutex));
		if (!t)
			continue;
		unified_target_info(t, i, info);
		return 0;
	}
	return -ENOENT;
}

/* The region's file is closed. What is under way ends on its own. */
void unified_targets_close(struct unified_io_region *r)
{
	struct unified_target *t;
	u32 i;

	guard(mutex)(&r->target_mutex);
	r->targets_closed = true;
	for (i = 0; i < UNIFIED_IO_MAX_TARGETS; i++) {
		t = unified_target_take(r, i);
		if (!t)
			continue;
		unified_target_kill(t);
		kref_put(&t->ref, unified_target_free);
	}
}
