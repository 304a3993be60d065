/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the module need of each other, file by file.
 */
#ifndef UNIFIED_H
#define UNIFIED_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu.h>
#include <linux/sbitmap.h>
#include <linux/srcu.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "plan.h"
#include "unified_io.h"
#include "unified_kfuncs.h"

struct io_uring_cmd;
struct unified_op;

/*
 * The operations that ioctl and BPF hand in: queue.c. Completions are in ring until
 * user space takes them.
 */
struct unified_queue {
	spinlock_t lock; /* irq-safe, for all of the next */
	u32 size;	 /* of ring; a power of two */
	u32 head;
	u32 tail;
	u32 under_way; /* operations; each will want a place in ring */
	struct unified_completion *ring;
	wait_queue_head_t wait;
	struct mutex take_mutex; /* one takes at a time */
};

/* What a process has to do for operations of any door: work.c. */
struct unified_work {
	spinlock_t lock;	  /* irq-safe, for all of the next */
	struct list_head waiting; /* to be issued */
	struct bio_list again;	  /* to be submitted once more */
	struct list_head ended;	  /* to be finished */
	struct work_struct issue;
	struct work_struct finish;
};

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
	kuid_t uid; /* of who set it up */

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
	unsigned int hooks; /* UNIFIED_HOOK_* that any policy of the chain has */
	bool closed;	    /* policy_mutex: nothing more is attached */

	u32 chunk_size; /* pieces of it this large are contiguous for a device */

	struct mutex target_mutex; /* target.c; for changes of the next two */
	struct unified_target *targets[UNIFIED_IO_MAX_TARGETS]; /* set once */
	bool targets_closed;
	bool targets_sealed;

	struct unified_queue queue;
	struct unified_work work;

	struct kref ref;
	struct work_struct free_work;
	struct rcu_head rcu;
};

/* --- operations -------------------------------------------------------------- */

/* How an operation came, and what is done with its completion. */
struct unified_door {
	/* From any context: let unified_finish_operation() be called in a process. */
	void (*defer)(struct unified_op *op);
	/* The completion is there. Frees the operation. */
	void (*deliver)(struct unified_op *op);
	/* Is deliver() for any context? */
	bool deliver_anywhere;
};

/* In what unified_vecs_alloc() returns. */
#define UNIFIED_NR_VECS 256

/* One command to one target: a request or a bio. */
struct unified_command {
	struct unified_op *op;
	struct unified_command *next; /* of op->commands */
	struct unified_target *target;
	struct request *rq; /* while a passthrough command is under way */
	u32 bytes;
	u32 nr_vecs;
	u32 gaps;	 /* address bits that are set where two vectors meet */
	sector_t sector; /* of a bio */
	dma_addr_t list; /* where the device finds the vectors: target_nvme_sgl.c; or 0 */
	s32 error;
	u32 status;
	u64 result;
	struct bio_vec *vecs; /* one of the next, or UNIFIED_NR_VECS */
	struct bio_vec inline_vecs[4];
	struct unified_fixup *fixup; /* data.c */
	struct bio bio;
};

/*
 * From its door to its delivery. One context works on it at any time: the door,
 * then, when its last command ended, whoever saw that.
 */
struct unified_op {
	struct unified_descriptor desc;
	struct unified_completion done;
	struct unified_io_region *region;
	const struct unified_door *door;
	struct io_uring_cmd *uring; /* of that door */
	s32 error;		    /* of issuing more commands than were */
	u32 issued;		    /* how many were */
	atomic_t pending;	    /* commands under way, and one while they are issued */
	bool may_wait;		    /* for memory, and for a request of the device */
	bool polled;
	bool posted;	 /* not yet checked */
	bool processed;	 /* process hooks have seen what was read */
	bool no_retry;	 /* who handed it in is gone */
	bool has_buffer; /* it keeps desc.buffer */
	bool has_fixup;	 /* a command has copies to be made or freed */
	bool dropped;	 /* a policy said so */

	/* Its data, as pieces that are contiguous for a device. */
	struct unified_pieces pieces; /* its list is the next, or UNIFIED_NR_VECS */
	struct unified_segment inline_pieces[2];
	u32 max_pieces;
	u32 data_len; /* of the first range, as policies see it */
	void *data;   /* if there is any */
	u64 bytes;    /* moved by devices, to all targets */

	/* While it is issued: to which targets yet, and where its next command begins. */
	u32 left;
	u32 block; /* of the first of them, in bytes; 0: not yet looked at */
	struct unified_cursor at;
	u64 lba;

	struct list_head node;		  /* in a list of the region's work */
	struct unified_command *commands; /* that were issued; poll looks at any time */
	struct unified_command first;
};

/* --- what each file has for the others --------------------------------------- */

/* main.c: for what cannot be done where it is noticed; drained before unload */
extern struct workqueue_struct *unified_wq;

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

/* Has any policy of the region this hook now? Any context. */
static inline bool unified_chain_has(const struct unified_io_region *r, unsigned int hook)
{
	return READ_ONCE(r->hooks) & hook;
}

/* registry.c: which policies there are, and where */
int unified_policy_register(struct unified_region_ops *ops);
void unified_policy_unregister(struct unified_region_ops *ops);
int unified_policy_replace(struct unified_region_ops *ops, struct unified_region_ops *old);
int unified_policy_attach(struct unified_io_region *r, const struct unified_io_bpf *bpf);
int unified_policy_detach(struct unified_io_region *r, const struct unified_io_bpf *bpf);
int unified_policy_info_from(u32 id, struct unified_io_policy_info *info);
u32 unified_policy_count(void);
int unified_attachments_init(struct unified_io_region *r);
void unified_attachments_close(struct unified_io_region *r);
void unified_attachments_exit(struct unified_io_region *r);

/* policy.c: struct_ops unified_region_ops */
int unified_policy_register_type(void);

/* How much higher this module's BTF IDs are in the running kernel than when it was built. */
u32 unified_btf_shift(void);

/* chain.c: asks them */
int unified_chain_process(struct unified_op *op);
int unified_chain_rx(struct unified_io_region *r, struct unified_rx *rx);
int unified_chain_submit(struct unified_op *op);
int unified_chain_complete(struct unified_op *op);

#define UNIFIED_HOOK_PROCESS  BIT(0)
#define UNIFIED_HOOK_SUBMIT   BIT(1)
#define UNIFIED_HOOK_COMPLETE BIT(2)

/* engine.c: every operation, from whatever door */
int unified_submit_operation(struct unified_op *op);
void unified_resume_operation(struct unified_op *op);
void unified_command_end(struct unified_command *c);
void unified_finish_in_process(struct unified_op *op);
void unified_finish_operation(struct unified_op *op);

/* op.c: operations and their memory */
#define UNIFIED_KEPT 128

/* What a CPU keeps of what was freed there; touched with interrupts off, there. */
struct unified_kept {
	u32 nr;
	void *item[UNIFIED_KEPT];
};

DECLARE_PER_CPU(struct unified_kept, unified_kept_ops);

int unified_ops_init(void);
void unified_ops_exit(void);
struct unified_op *unified_op_alloc_slow(struct unified_io_region *r, gfp_t gfp);
void unified_op_free_slow(struct unified_op *op);
void unified_op_free_commands(struct unified_op *op);
struct unified_command *unified_command_alloc(struct unified_op *op);
void unified_command_free(struct unified_command *c);
void *unified_vecs_alloc(struct unified_op *op);

static __always_inline void *unified_kept_get(struct unified_kept __percpu *kept)
{
	unsigned long flags;
	void *item = NULL;
	struct unified_kept *k;

	local_irq_save(flags);
	k = this_cpu_ptr(kept);
	if (k->nr)
		item = k->item[--k->nr % UNIFIED_KEPT];
	local_irq_restore(flags);
	return item;
}

static __always_inline bool unified_kept_put(struct unified_kept __percpu *kept, void *item)
{
	struct unified_kept *k;
	unsigned long flags;
	bool room;

	local_irq_save(flags);
	k = this_cpu_ptr(kept);
	room = k->nr < UNIFIED_KEPT;
	if (room)
		k->item[k->nr++ % UNIFIED_KEPT] = item;
	local_irq_restore(flags);
	return room;
}

/**
 * unified_op_alloc - an operation
 * @r: its region, which the door holds until it is freed
 * @door: where it comes from
 * @gfp: how it may be allocated if none is kept
 *
 * Any context. Return: the operation, or NULL.
 */
static inline struct unified_op *unified_op_alloc(struct unified_io_region *r,
						  const struct unified_door *door, gfp_t gfp)
{
	struct unified_op *op = unified_kept_get(&unified_kept_ops);

	if (!op) {
		op = unified_op_alloc_slow(r, gfp);
		if (!op)
			return NULL;
	}
	op->region = r;
	op->door = door;
	op->done.tries = 0;
	op->error = 0;
	op->may_wait = true;
	op->polled = false;
	op->posted = false;
	op->processed = false;
	op->no_retry = false;
	op->has_buffer = false;
	op->has_fixup = false;
	op->dropped = false;
	op->pieces.nr = 0;
	op->pieces.starts = 0;
	op->pieces.ends = 0;
	op->data_len = 0;
	op->bytes = 0;
	op->commands = NULL;
	return op;
}

/* What is to be done, from memory that may change meanwhile: from now on, this is it. */
static inline void unified_op_take(struct unified_op *op, const struct unified_descriptor *request)
{
	op->desc = *request;
	barrier(); /* what was copied is what is checked: request is not read again */
}

/* Is it as it was allocated, but for the one command that is part of it? */
static inline bool unified_op_is_plain(const struct unified_op *op)
{
	return op->commands == &op->first && !op->first.next &&
	       op->first.vecs == op->first.inline_vecs && op->pieces.list == op->inline_pieces;
}

/* Any context. */
static __always_inline void unified_op_free(struct unified_op *op)
{
	if (!unified_op_is_plain(op) || !unified_kept_put(&unified_kept_ops, op))
		unified_op_free_slow(op);
}

/* Without waiting, what is not there now is asked for again where waiting is fine. */
static inline gfp_t unified_op_gfp(const struct unified_op *op)
{
	return (op->may_wait ? GFP_NOIO : GFP_NOWAIT) | __GFP_NOWARN | __GFP_ACCOUNT;
}

/* what a descriptor asks for */
static inline bool unified_desc_writes(const struct unified_descriptor *d)
{
	return d->opcode == UNIFIED_OP_RW ? d->flags & UNIFIED_DESC_F_WRITE
					  : d->opcode != UNIFIED_OP_COMPARE;
}

/* UNIFIED_TARGET_* that it takes. */
static inline u32 unified_desc_access(const struct unified_descriptor *d)
{
	static_assert(!(UNIFIED_DESC_F_READ ^ UNIFIED_TARGET_READ));
	static_assert(!(UNIFIED_DESC_F_WRITE ^ UNIFIED_TARGET_WRITE));

	if (likely(d->opcode == UNIFIED_OP_RW))
		return d->flags & (UNIFIED_DESC_F_READ | UNIFIED_DESC_F_WRITE);
	return d->opcode == UNIFIED_OP_COMPARE ? UNIFIED_TARGET_READ : UNIFIED_TARGET_WRITE;
}

/* Does the device write to the region? */
static inline bool unified_desc_fills(const struct unified_descriptor *d)
{
	return d->opcode == UNIFIED_OP_RW && (d->flags & UNIFIED_DESC_F_READ);
}

/* Do process hooks see what is there before anything else is done? */
static inline bool unified_desc_processed_first(const struct unified_descriptor *d)
{
	return (d->type & UNIFIED_REGION_F_BPF) && !unified_desc_fills(d);
}

static inline bool unified_desc_has_data(const struct unified_descriptor *d)
{
	return d->opcode == UNIFIED_OP_RW || d->opcode == UNIFIED_OP_COMPARE;
}

/* data.c: the data of an operation, for policies and for devices */
int unified_data_map_slow(struct unified_op *op);
int unified_data_room(struct unified_command *c, u32 nr);
void unified_data_take_all(struct unified_command *c);
int unified_data_plan(struct unified_command *c, const struct unified_limits *limits);
void unified_data_done(struct unified_command *c);
void unified_data_put_buffer(struct unified_op *op);

/* The address that a device has for a byte of the region. */
static inline u64 unified_phys(const struct unified_io_region *r, u64 at)
{
	return page_to_phys(r->pages[at >> PAGE_SHIFT]) + offset_in_page(at);
}

/* Is it where a device may not write, if that is sealed? */
static inline bool unified_data_guarded(const struct unified_op *op, u64 addr)
{
	return addr < op->region->rx_size && unified_desc_fills(&op->desc);
}

/* Find the data of a descriptor that has some. */
static inline int unified_data_map(struct unified_op *op)
{
	const struct unified_descriptor *d = &op->desc;
	const struct unified_io_region *r = op->region;
	u64 size = r->size - r->offsets.data, at = r->offsets.data + d->addr;

	/* Mostly it is one range that is one piece. */
	if (d->flags & (UNIFIED_DESC_F_GATHER | UNIFIED_DESC_F_BUFFER) || d->addr >= size ||
	    d->len > size - d->addr || (at & (r->chunk_size - 1)) + d->len > r->chunk_size ||
	    !d->len || unified_data_guarded(op, d->addr))
		return unified_data_map_slow(op);
	op->pieces.list[0].addr = unified_phys(r, at);
	op->pieces.list[0].len = d->len;
	op->pieces.nr = 1;
	op->data = r->kaddr + at;
	op->data_len = d->len;
	return 0;
}

/* Is all of the data one piece that fits as it is? Then nothing is to be planned. */
static inline bool unified_data_is_one(struct unified_command *c, u32 start_mask, u32 max_bytes)
{
	struct unified_op *op = c->op;
	const struct unified_segment *piece = op->pieces.list;

	if (op->pieces.nr != 1 || op->at.offset || (piece->addr & start_mask) ||
	    piece->len > max_bytes)
		return false;
	bvec_set_page(c->vecs, phys_to_page(piece->addr), piece->len, offset_in_page(piece->addr));
	c->nr_vecs = 1;
	c->bytes = piece->len;
	op->at.piece = 1;
	return true;
}

/* Is all of the data one command, each piece of it as it is? */
static inline bool unified_data_fits(const struct unified_command *c,
				     const struct unified_limits *limits)
{
	const struct unified_op *op = c->op;

	return !op->at.piece && !op->at.offset &&
	       unified_plan_fits(limits, &op->pieces, op->desc.len);
}

static inline void unified_data_unmap(struct unified_op *op)
{
	if (op->has_buffer)
		unified_data_put_buffer(op);
}

/* target.c: where operations go; target_block.c and target_nvme.c: how */
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
	/* 0: it will end. -EAGAIN: not without waiting, which op->may_wait allows. */
	int (*issue)(struct unified_command *c);
	/* No command is left. */
	void (*detach)(struct unified_target *t);
};

extern const struct unified_target_ops unified_target_block, unified_target_nvme;
int unified_nvme_attach(struct unified_target *t);
int unified_block_issue(struct unified_command *c);
void unified_block_submit(struct unified_command *c, blk_opf_t flags);
struct device *unified_nvme_chardev(struct file *f);
int unified_target_add(struct unified_io_region *r, struct unified_io_target *info);
int unified_target_remove(struct unified_io_region *r, struct unified_io_target *info);
int unified_target_info_from(struct unified_io_region *r, struct unified_io_target *info);
int unified_targets_seal(struct unified_io_region *r);
int unified_targets_fit(const struct unified_op *op);
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

/* What the device demands now. */
static inline void unified_limits_of(const struct unified_target *t, struct unified_limits *limits)
{
	const struct queue_limits *l = &bdev_get_queue(t->bdev)->limits;

	limits->block = l->logical_block_size;
	limits->start_mask = l->dma_alignment;
	limits->end_mask = t->odd_lengths ? 0 : l->dma_alignment;
	limits->gap_mask = l->virt_boundary_mask;
	limits->boundary_mask = l->seg_boundary_mask;
	limits->max_segments = min_t(u32, l->max_segments, UNIFIED_NR_VECS);
	/* Longer segments would count as several. */
	limits->max_bytes = min_t(u64, (u64)l->max_hw_sectors << SECTOR_SHIFT, l->max_segment_size);
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
	u64 size = bdev_nr_sectors(t->bdev), end = min(t->end, size);
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

/* work.c: what is done in a process, for any door */
void unified_work_init(struct unified_io_region *r);
void unified_work_exit(struct unified_io_region *r);
void unified_work_issue(struct unified_op *op);
void unified_work_finish(struct unified_op *op);
void unified_work_again(struct unified_command *c);

/* queue.c: the doors of ioctl and BPF */
int unified_queue_init(struct unified_io_region *r, u32 size);
void unified_queue_exit(struct unified_io_region *r);
int unified_queue_submit(struct unified_io_region *r, const struct unified_descriptor *request);
int unified_queue_post(struct unified_io_region *r, const struct unified_descriptor *request);
int unified_queue_take(struct unified_io_region *r, struct unified_io_complete *complete);

/* uring.c: the door of io_uring */
int unified_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);
int unified_uring_poll(struct io_uring_cmd *cmd, struct io_comp_batch *iob, unsigned int flags);

static inline void *unified_data(const struct unified_io_region *r, u64 addr)
{
	return r->kaddr + r->offsets.data + addr;
}

/* kfuncs.c: what BPF programs may call */
int unified_kfuncs_register(void);

#endif
