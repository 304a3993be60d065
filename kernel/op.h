/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations and their commands, and where their memory comes from: op.c.
 */
#ifndef UNIFIED_OP_H
#define UNIFIED_OP_H

#include <linux/bio.h>
#include <linux/cleanup.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/types.h>

#include "plan.h"
#include "region.h"
#include "unified_io.h"

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
	blk_qc_t cookie;    /* of its queue, if that is polled, else BLK_QC_T_NONE */
	u32 bytes;
	u32 nr_vecs;
	u32 gaps;	 /* address bits that are set where two vectors meet */
	sector_t sector; /* of a bio */
	bool nowait;	 /* the bio is tried, and does not wait for a tag */
	dma_addr_t list; /* where the device finds the vectors: target_nvme_sgl.c; or 0 */
	s32 error;
	u32 status;
	u64 result;
	struct bio_vec *vecs; /* one of the next, or UNIFIED_NR_VECS */
	struct bio_vec inline_vecs[4];
	struct unified_bounce *bounce; /* data.c */
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
	atomic_t pending;	    /* commands under way, and one more until the last is sent */
	bool may_wait;		    /* for memory, and for a request of the device */
	bool polled;
	bool posted;	 /* by BPF */
	bool resumed;	 /* by the work of a target, which waits for that one only */
	bool processed;	 /* process hooks have seen what was read */
	bool no_retry;	 /* who submitted it is gone */
	bool has_buffer; /* it keeps desc.buffer */
	bool has_bounce; /* a command has copies to be made or freed */
	bool has_more;	 /* memory of its own: commands, vectors or pieces */
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

	/* While policies are asked: chain.c. */
	u64 policy_ctx[4]; /* a struct unified_bpf_ctx, whose type has to stay out of here */
	u64 was_lba;	   /* what hooks may change of desc, as it was */
	u32 was_targets;
	u16 was_flags;
	u16 from_flags; /* if it was changed: as it was before the first of them */
	u64 from_lba;
	u32 from_targets;
	u32 moved_by; /* the last that changed where it goes: its link, from 1 on */
	bool changed;
	bool changed_freely; /* by one that is not enforced */

	struct list_head node;		  /* in a list of the region's work */
	struct unified_command *commands; /* that were issued; poll looks at any time */
	struct unified_command first;
};

#define UNIFIED_CACHE_SIZE 128

/* What a CPU keeps of what was freed there; touched with interrupts off, there. */
struct unified_cache {
	u32 nr;
	void *item[UNIFIED_CACHE_SIZE];
};

DECLARE_PER_CPU(struct unified_cache, unified_op_cache);

int unified_ops_init(void);
void unified_ops_exit(void);
struct unified_op *unified_op_alloc_slow(struct unified_io_region *r, gfp_t gfp);
void unified_op_free_slow(struct unified_op *op);
void unified_op_free_commands(struct unified_op *op);
struct unified_command *unified_command_alloc(struct unified_op *op);
void unified_command_free(struct unified_command *c);
void *unified_vecs_alloc(struct unified_op *op);

static __always_inline void *unified_cache_get(struct unified_cache __percpu *cache)
{
	unsigned long flags;
	void *item = NULL;
	struct unified_cache *k;

	local_irq_save(flags);
	k = this_cpu_ptr(cache);
	if (k->nr)
		item = k->item[--k->nr % UNIFIED_CACHE_SIZE];
	local_irq_restore(flags);
	return item;
}

static __always_inline bool unified_cache_put(struct unified_cache __percpu *cache, void *item)
{
	struct unified_cache *k;
	unsigned long flags;
	bool room;

	local_irq_save(flags);
	k = this_cpu_ptr(cache);
	/* KASAN sees the use of what was freed, not of what is kept here. */
	room = !IS_ENABLED(CONFIG_KASAN) && k->nr < UNIFIED_CACHE_SIZE;
	if (room)
		k->item[k->nr++ % UNIFIED_CACHE_SIZE] = item;
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
	struct unified_op *op = unified_cache_get(&unified_op_cache);

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
	op->has_bounce = false;
	op->has_more = false;
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

/* Any context. */
static __always_inline void unified_op_free(struct unified_op *op)
{
	if (op->has_more || !unified_cache_put(&unified_op_cache, op))
		unified_op_free_slow(op);
}

/* Without waiting, what is not there now is asked for again where waiting is fine. */
static inline gfp_t unified_op_gfp(const struct unified_op *op)
{
	return (op->may_wait ? GFP_NOIO : GFP_NOWAIT) | __GFP_NOWARN | __GFP_ACCOUNT;
}

/*
 * While this is in scope, what is allocated is charged to who set the region up: an
 * operation may be submitted by anybody who has the region, by BPF, or go on in the
 * work, and its memory may be kept for the next. Any context.
 */
DEFINE_CLASS(unified_charge, struct mem_cgroup *, set_active_memcg(_T), set_active_memcg(r->memcg),
	     const struct unified_io_region *r)

#endif
