/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The region: its parts, and what its files do for the others.
 */
#ifndef UNIFIED_REGION_H
#define UNIFIED_REGION_H

#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sbitmap.h>
#include <linux/srcu.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "queue.h"
#include "unified_io.h"
#include "work.h"

/*
 * region.c says how it lives, memory.c what protects its pages and mappings.
 * Everything above map_lock is written before the region is published only.
 */
struct unified_io_region {
	u32 id;
	u32 flags; /* UNIFIED_IO_SETUP_* */
	u64 size;
	u64 ring_size;
	u64 rx_size;
	u32 slot_size;
	u32 nr_slots;
	struct unified_io_offsets offsets;
	int numa_node;
	u32 net_ifindex;
	u32 net_rxq;
	struct pid *owner;
	kuid_t uid;		  /* of who set it up */
	struct mem_cgroup *memcg; /* his; the memory of operations is charged to it */

	unsigned long nr_pages;
	struct page **pages;
	void *kaddr;	       /* all of them, one after the other */
	struct folio **folios; /* the module's own */
	u32 nr_folios;
	struct mm_struct *mm; /* whose RLIMIT_MEMLOCK it counts against */
	unsigned long nr_user_pinned;

	struct sbitmap free_slots; /* buffer.c; a clear bit is a free slot */
	struct unified_buffer *buffers;
	struct unified_io_ledger __percpu *ledger;

	struct mutex map_lock; /* for the next three */
	struct list_head maps;
	bool sealed;		     /* the rings are, and what the next two say */
	bool sealed_whole;	     /* all of the receive area */
	unsigned long *sealed_pages; /* of it, a bit each */

	struct list_head attachments;	   /* registry.c; policy_mutex */
	struct unified_chain __rcu *chain; /* RCU, and chain_srcu where a hook may sleep */
	struct srcu_struct chain_srcu;
	atomic_t old_chains; /* which somebody may still ask */
	wait_queue_head_t chain_wait;
	unsigned int hooks; /* that any policy of the chain has, a bit each */
	bool closed;	    /* policy_mutex: nothing more is attached */

	u32 chunk_size; /* pieces of it this large are contiguous for a device */

	struct mutex target_mutex; /* target.c; for changes of the next two */
	struct unified_target *targets[UNIFIED_IO_MAX_TARGETS]; /* set once */
	bool targets_sealed;
	bool targets_closed; /* set without it, see unified_targets_close() */

	struct unified_queue queue;

	/* engine.c; each is a work item of its own, so that none waits behind another */
	struct unified_work posted; /* by BPF, to be submitted */
	struct unified_work read;   /* for process hooks, which may sleep */
	struct unified_work ended;  /* to be finished */

	struct kref ref;
	struct work_struct free_work;
	struct rcu_head rcu;
};

/* chardev.c: /dev/unified_io_region */
int unified_chardev_register(void);
void unified_chardev_unregister(void);
bool unified_is_device(const struct kobject *kobj);

/* region.c: set-up, ids, life */
int unified_region_setup(struct file *file, struct unified_io_setup *setup);
void unified_region_close(struct file *file);
void unified_region_info(struct unified_io_region *r, struct unified_io_region_info *info);
int unified_region_info_from(u32 id, struct unified_io_region_info *info);
struct unified_io_region *unified_region_get(u32 id);

static inline void unified_region_release(struct kref *ref)
{
	struct unified_io_region *r = container_of(ref, struct unified_io_region, ref);

	queue_work(unified_wq, &r->free_work);
}

/* Any context. NULL is fine. */
static inline void unified_region_put(struct unified_io_region *r)
{
	if (r)
		kref_put(&r->ref, unified_region_release);
}

DEFINE_FREE(unified_region, struct unified_io_region *, unified_region_put(_T))

/* Set once, by SETUP; NULL before. Pairs with the cmpxchg_release() there. */
static inline struct unified_io_region *unified_file_region(struct file *file)
{
	return smp_load_acquire(&file->private_data); /* see above */
}

/*
 * For what grows with a region: charged to who asks for it, and refused where it
 * is too much; nobody is killed to make room, in the system or in a cgroup.
 */
#define UNIFIED_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* memory.c: pages and mappings */
int unified_memory_charge(struct unified_io_region *r);
int unified_memory_get(struct unified_io_region *r, unsigned long user_addr);
void unified_memory_put(struct unified_io_region *r);
void unified_memory_info(struct unified_io_region *r, struct unified_io_region_info *info);
int unified_memory_seal(struct unified_io_region *r);
int unified_memory_seal_part(struct unified_io_region *r, u64 offset, u64 len);
bool unified_memory_sealed(const struct unified_io_region *r, u64 addr, u32 len);
int unified_memory_mmap(struct unified_io_region *r, struct vm_area_struct *vma);

/* buffer.c: the slots, handed out one at a time */
int unified_buffers_init(struct unified_io_region *r);
void unified_buffers_exit(struct unified_io_region *r);
void unified_buffers_info(struct unified_io_region *r, struct unified_io_region_info *info);
s64 unified_buffer_alloc(struct unified_io_region *r, u64 owner);
int unified_buffer_free(struct unified_io_region *r, u64 handle);
int unified_buffer_get(struct unified_io_region *r, u64 handle);
void unified_buffer_put(struct unified_io_region *r, u64 handle);
s64 unified_buffer_addr(const struct unified_io_region *r, u64 handle);

/* stats.c: the ledger */
int unified_ledger_init(struct unified_io_region *r);
void unified_ledger_exit(struct unified_io_region *r);
void unified_ledger_info(struct unified_io_region *r, struct unified_io_ledger *sum);

/* Any context. */
#define unified_count(r, line, n) this_cpu_add((r)->ledger->line, n)

static inline void *unified_data(const struct unified_io_region *r, u64 addr)
{
	return r->kaddr + r->offsets.data + addr;
}

/* The address that a device has for a byte of the region. */
static inline u64 unified_phys(const struct unified_io_region *r, u64 at)
{
	return page_to_phys(r->pages[at >> PAGE_SHIFT]) + offset_in_page(at);
}

#endif
