// SPDX-License-Identifier: GPL-2.0
/*
 * The region: its parameters and layout, its id, and how long it lives.
 *
 * A region is made by SETUP for one open file and is complete before it is
 * published: in file->private_data, where it stays until the file's release, and
 * in region_ids, where BPF and the command find it. The file holds one
 * reference; whoever looks a region up by its id takes another. The last one
 * frees it from a work item, since it may be dropped in any context. Until then
 * the region holds the module. Parameters and layout never change and need no
 * lock.
 */
#include <linux/blkdev.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "engine.h"
#include "policy.h"
#include "queue.h"
#include "region.h"
#include "target.h"
#include "work.h"

static DEFINE_XARRAY_ALLOC1(region_ids);
static u32 last_region_id; /* xa_lock of region_ids */

/* --- life ------------------------------------------------------------------ */

static void unified_region_free(struct work_struct *work)
{
	struct unified_io_region *r = container_of(work, struct unified_io_region, free_work);

	unified_targets_free(r);
	unified_engine_exit(r);
	unified_queue_exit(r);
	unified_attachments_exit(r);
	unified_buffers_exit(r);
	unified_ledger_exit(r);
	unified_memory_put(r);
	put_pid(r->owner);
	mem_cgroup_put(r->memcg);
	/* A lookup by id may still be looking at the reference count. */
	kfree_rcu(r, rcu);
	/* Unloading waits for the work that this runs in. */
	module_put(THIS_MODULE);
}

/* Any context. NULL if there is no region of that id. */
struct unified_io_region *unified_region_get(u32 id)
{
	struct unified_io_region *r;

	guard(rcu)();
	r = xa_load(&region_ids, id);
	return r && kref_get_unless_zero(&r->ref) ? r : NULL;
}

/* The region with the lowest id from id on. */
static struct unified_io_region *unified_region_get_from(unsigned long id)
{
	struct unified_io_region *r;

	guard(rcu)();
	xa_for_each_start(&region_ids, id, r, id)
		if (kref_get_unless_zero(&r->ref))
			return r;
	return NULL;
}

/* --- parameters ------------------------------------------------------------ */

static bool unified_ring_ok(u32 entries)
{
	return is_power_of_2(entries) && entries <= UNIFIED_IO_MAX_RING;
}

static int unified_setup_check(const struct unified_io_setup *s)
{
	u32 slot = s->slot_size;

	if (s->flags & ~UNIFIED_IO_SETUP_FLAGS)
		return -EINVAL;
	if (s->resv2 || memchr_inv(s->resv, 0, sizeof(s->resv)))
		return -EINVAL;
	if (!unified_ring_ok(s->sq_entries) || !unified_ring_ok(s->cq_entries))
		return -EINVAL;
	if (slot &&
	    (!is_power_of_2(slot) || slot < UNIFIED_IO_MIN_SLOT || slot > UNIFIED_IO_MAX_SLOT))
		return -EINVAL;
	if (!s->region_size || s->region_size > UNIFIED_IO_MAX_SIZE ||
	    !PAGE_ALIGNED(s->region_size) || !PAGE_ALIGNED(s->ring_size) ||
	    !PAGE_ALIGNED(s->rx_size))
		return -EINVAL;
	if (s->ring_size > s->region_size || s->rx_size > s->region_size)
		return -EINVAL;
	if (!(s->flags & UNIFIED_IO_SETUP_NODE) && s->numa_node)
		return -EINVAL;
	if (!(s->flags & UNIFIED_IO_SETUP_USER_MEMORY) && s->user_addr)
		return -EINVAL;
	if (!s->net_ifindex && s->net_rxq)
		return -EINVAL;
	return PAGE_ALIGNED(s->user_addr) ? 0 : -EINVAL;
}

/*
 * Place the parts one after the other. The sizes were checked to be below
 * UNIFIED_IO_MAX_SIZE, so no sum here overflows. The states of the slots stand
 * before the slots, whose number they limit: a slot and its state share what
 * is left.
 */
static int unified_region_layout(struct unified_io_region *r, const struct unified_io_setup *s)
{
	struct unified_io_offsets *o = &r->offsets;
	u64 at, left;

	o->control = 0;
	o->rings = PAGE_SIZE;
	o->sq = o->rings + r->ring_size;
	o->cq = o->sq + (u64)s->sq_entries * sizeof(struct unified_descriptor);
	o->slot_states = o->cq + (u64)s->cq_entries * sizeof(struct unified_completion);
	at = ALIGN(o->slot_states, UNIFIED_IO_DATA_ALIGN) + r->rx_size;
	if (at > r->size)
		return -EINVAL;
	left = r->size - o->slot_states - r->rx_size;
	r->nr_slots = div_u64(left, r->slot_size + sizeof(struct unified_slot));
	/* Alignment of the data area may cost some. */
	for (;; r->nr_slots--) {
		o->data = ALIGN(o->slot_states + (u64)r->nr_slots * sizeof(struct unified_slot),
				UNIFIED_IO_DATA_ALIGN);
		o->rx = o->data;
		o->slots = ALIGN(o->rx + r->rx_size, r->slot_size);
		at = o->slots + (u64)r->nr_slots * r->slot_size;
		if (at <= r->size)
			return 0;
		if (!r->nr_slots)
			return -EINVAL;
	}
}

/* The node of a drive, by a block device's file or an NVMe character device's. */
static int unified_drive_node(int fd)
{
	struct device *dev;
	struct inode *inode;

	CLASS(fd, f)(fd);
	if (fd_empty(f))
		return -EBADF;
	inode = file_inode(fd_file(f));
	if (S_ISBLK(inode->i_mode))
		return file_bdev(fd_file(f))->bd_disk->node_id;
	dev = unified_nvme_chardev(fd_file(f));
	return dev ? dev_to_node(dev) : -ENODEV;
}

static int unified_nic_node(u32 ifindex, u32 rxq)
{
	struct net_device *dev;
	int node;

	guard(rcu)();
	dev = dev_get_by_index_rcu(current->nsproxy->net_ns, ifindex);
	if (!dev)
		return -ENODEV;
	if (rxq >= READ_ONCE(dev->real_num_rx_queues))
		return -ERANGE;
	node = dev->dev.parent ? dev_to_node(dev->dev.parent) : NUMA_NO_NODE;
	return node;
}

/* Where the memory goes: as told, else near the NIC, else near the drive. */
static int unified_setup_node(const struct unified_io_setup *s, int *node)
{
	int nic = NUMA_NO_NODE, drive = NUMA_NO_NODE;

	if (s->net_ifindex) {
		nic = unified_nic_node(s->net_ifindex, s->net_rxq);
		if (nic < NUMA_NO_NODE)
			return nic;
	}
	if (s->nvme_fd > 0) {
		drive = unified_drive_node(s->nvme_fd);
		if (drive < NUMA_NO_NODE)
			return drive;
	}
	if (s->uring_fd > 0) {
		CLASS(fd, f)(s->uring_fd);
		if (fd_empty(f))
			return -EBADF;
	}
	*node = nic != NUMA_NO_NODE ? nic : drive;
	if (s->flags & UNIFIED_IO_SETUP_NODE) {
		if (s->numa_node < 0 || s->numa_node >= nr_node_ids || !node_online(s->numa_node))
			return -ERANGE;
		*node = s->numa_node;
	}
	return 0;
}

/* --- the ioctls ------------------------------------------------------------ */

/* The drive that the region was set up with is its first target. */
static int unified_region_drive(struct unified_io_region *r, int fd)
{
	struct unified_io_target target = { .fd = fd };

	return unified_target_add(r, &target);
}

static struct unified_io_region *unified_region_build(const struct unified_io_setup *s)
{
	struct unified_io_region *r;
	int ret;

	r = kzalloc_obj(*r, GFP_KERNEL_ACCOUNT);
	if (!r)
		return ERR_PTR(-ENOMEM);
	ret = unified_attachments_init(r);
	if (ret) {
		kfree(r);
		return ERR_PTR(ret);
	}
	/* Operations outlive the file, which holds the module now, and end in its code. */
	__module_get(THIS_MODULE);
	kref_init(&r->ref);
	INIT_WORK(&r->free_work, unified_region_free);
	mutex_init(&r->target_mutex);
	unified_engine_init(r);
	r->flags = s->flags;
	r->size = s->region_size;
	r->nr_pages = r->size >> PAGE_SHIFT;
	r->ring_size = s->ring_size;
	r->rx_size = s->rx_size;
	r->slot_size = s->slot_size ?: PAGE_SIZE;
	r->net_ifindex = s->net_ifindex;
	r->net_rxq = s->net_rxq;
	r->owner = get_task_pid(current, PIDTYPE_TGID);
	r->uid = current_euid();
	r->memcg = get_mem_cgroup_from_mm(current->mm);

	ret = unified_queue_init(r, s->cq_entries);
	if (!ret)
		ret = unified_setup_node(s, &r->numa_node);
	if (!ret)
		ret = unified_region_layout(r, s);
	if (!ret)
		ret = unified_ledger_init(r);
	if (!ret)
		ret = unified_memory_charge(r);
	if (!ret)
		ret = unified_buffers_init(r);
	if (!ret)
		ret = unified_memory_get(r, s->user_addr);
	if (!ret && s->nvme_fd > 0)
		ret = unified_region_drive(r, s->nvme_fd);
	if (!ret)
		return r;
	/* Nobody else has it, and no target was added: no need to wait for the work. */
	unified_region_free(&r->free_work);
	return ERR_PTR(ret);
}

/*
 * Publishes last. Two calls at once on one file build two regions, and one of
 * them finds that it came too late.
 */
int unified_region_setup(struct file *file, struct unified_io_setup *s)
{
	struct unified_io_region *r;
	int ret;

	ret = unified_setup_check(s);
	if (ret)
		return ret;
	if (unified_file_region(file))
		return -EBUSY;
	r = unified_region_build(s);
	if (IS_ERR(r))
		return PTR_ERR(r);

	/*
	 * The id is known to others only when the region is the file's. Ids go
	 * round: one that somebody remembers is not soon another region's.
	 */
	ret = xa_alloc_cyclic(&region_ids, &r->id, NULL, xa_limit_31b, &last_region_id,
			      GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		goto put;
	if (cmpxchg_release(&file->private_data, NULL, r)) {
		ret = -EBUSY;
		goto erase;
	}
	s->id = r->id;
	s->nr_slots = r->nr_slots;
	s->offsets = r->offsets;
	xa_store(&region_ids, r->id, r, GFP_KERNEL_ACCOUNT);
	return 0;
erase:
	xa_erase(&region_ids, r->id);
put:
	unified_targets_close(r);
	unified_region_put(r);
	return ret;
}

void unified_region_close(struct file *file)
{
	struct unified_io_region *r = file->private_data;

	if (!r)
		return;
	xa_erase(&region_ids, r->id);
	unified_targets_close(r);
	unified_attachments_close(r);
	unified_region_put(r);
}

void unified_region_info(struct unified_io_region *r, struct unified_io_region_info *info)
{
	*info = (struct unified_io_region_info){
		.id = r->id,
		.flags = r->flags,
		.size = r->size,
		.rx_size = r->rx_size,
		.ring_size = r->ring_size,
		.nr_slots = r->nr_slots,
		.slot_size = r->slot_size,
		.numa_node = r->numa_node,
		.owner_pid = pid_vnr(r->owner),
		.net_ifindex = r->net_ifindex,
		.net_rxq = r->net_rxq,
		.offsets = r->offsets,
	};
	unified_memory_info(r, info);
	unified_buffers_info(r, info);
	unified_ledger_info(r, &info->ledger);
}

int unified_region_info_from(u32 id, struct unified_io_region_info *info)
{
	struct unified_io_region *r;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	r = unified_region_get_from(id);
	if (!r)
		return -ENOENT;
	unified_region_info(r, info);
	unified_region_put(r);
	return 0;
}
