/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the module need of each other, file by file.
 */
#ifndef UNIFIED_H
#define UNIFIED_H

#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sbitmap.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "unified_io.h"
#include "unified_kfuncs.h"

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

	unsigned long nr_pages;
	struct page **pages;
	void *kaddr;	       /* all of them, one after the other */
	struct folio **folios; /* the module's own */
	u32 nr_folios;
	struct mm_struct *mm; /* of the caller's own, for its RLIMIT_MEMLOCK */
	unsigned long nr_user_pinned;

	struct sbitmap free_slots; /* buffer.c; a clear bit is a free slot */
	struct unified_buffer *buffers;
	struct unified_io_ledger __percpu *ledger;

	struct mutex map_lock; /* for the next two */
	struct list_head maps;
	bool sealed;

	struct list_head attachments; /* chain.c: by priority; policy_mutex */
	struct unified_chain __rcu *chain;
	bool closed; /* policy_mutex: nothing more is attached */

	struct kref ref;
	struct work_struct free_work;
	struct rcu_head rcu;
};

/* main.c: for what cannot be done where it is noticed; drained before unload */
extern struct workqueue_struct *unified_wq;

/* chardev.c: /dev/unified_io_region */
int unified_chardev_register(void);
void unified_chardev_unregister(void);

/* region.c: set-up, ids, life */
int unified_region_setup(struct file *file, struct unified_io_setup *setup);
void unified_region_close(struct file *file);
void unified_region_info(struct unified_io_region *r, struct unified_io_region_info *info);
int unified_region_info_from(u32 id, struct unified_io_region_info *info);
struct unified_io_region *unified_region_get(u32 id);
void unified_region_put(struct unified_io_region *r);

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
int unified_memory_get(struct unified_io_region *r, unsigned long user_addr);
void unified_memory_put(struct unified_io_region *r);
void unified_memory_info(struct unified_io_region *r, struct unified_io_region_info *info);
int unified_memory_seal(struct unified_io_region *r);
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

/* policy.c: struct_ops unified_region_ops */
int unified_policy_register_type(void);

/* chain.c: what is registered, attached where, and asked in which order */
int unified_chain_register(struct unified_region_ops *ops);
void unified_chain_unregister(struct unified_region_ops *ops);
int unified_chain_replace(struct unified_region_ops *ops, struct unified_region_ops *old);
int unified_chain_attach(struct unified_io_region *r, const struct unified_io_bpf *bpf);
int unified_chain_detach(struct unified_io_region *r, const struct unified_io_bpf *bpf);
void unified_chain_close(struct unified_io_region *r);
void unified_chain_free(struct unified_io_region *r);
int unified_chain_process(struct unified_io_region *r, struct unified_descriptor *desc);
int unified_policy_info_from(u32 id, struct unified_io_policy_info *info);
u32 unified_policy_count(void);

/* engine.c: every operation, from whatever door */
int unified_submit_operation(struct unified_io_region *r, const struct unified_descriptor *request);

static inline void *unified_data(const struct unified_io_region *r, u64 addr)
{
	return r->kaddr + r->offsets.data + addr;
}

/* kfuncs.c: what BPF programs may call */
int unified_kfuncs_register(void);

#endif
