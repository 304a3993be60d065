// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of operations. Each CPU keeps a few operations and vectors that
 * were freed there, so that a stream of them allocates nothing. What a CPU keeps
 * is touched with interrupts off, on that CPU.
 */
#include <linux/percpu.h>
#include <linux/slab.h>

#include "unified.h"

#define KEPT 128

struct unified_kept {
	void *item[KEPT];
	u32 nr;
};

static struct kmem_cache *op_cache, *vecs_cache;
static DEFINE_PER_CPU(struct unified_kept, kept_ops);
static DEFINE_PER_CPU(struct unified_kept, kept_vecs);

static void *unified_kept_get(struct unified_kept __percpu *kept)
{
	unsigned long flags;
	void *item = NULL;
	struct unified_kept *k;

	local_irq_save(flags);
	k = this_cpu_ptr(kept);
	if (k->nr)
		item = k->item[--k->nr];
	local_irq_restore(flags);
	return item;
}

static bool unified_kept_put(struct unified_kept __percpu *kept, void *item)
{
	struct unified_kept *k;
	unsigned long flags;
	bool room;

	local_irq_save(flags);
	k = this_cpu_ptr(kept);
	room = k->nr < KEPT;
	if (room)
		k->item[k->nr++] = item;
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
struct unified_op *unified_op_alloc(struct unified_io_region *r, const struct unified_door *door,
				    gfp_t gfp)
{
	struct unified_op *op = unified_kept_get(&kept_ops);

	if (!op) {
		op = kmem_cache_alloc(op_cache, gfp);
		if (!op)
			return NULL;
		unified_count(r, allocations, 1);
	}
	op->region = r;
	op->door = door;
	op->uring = NULL;
	op->may_wait = true;
	op->polled = false;
	op->posted = false;
	op->waiting = false;
	op->has_buffer = false;
	op->dropped = false;
	op->done = (struct unified_completion){};
	op->error = 0;
	op->nr_pieces = 0;
	op->pieces = op->inline_pieces;
	op->data = NULL;
	op->data_len = 0;
	op->commands = NULL;
	return op;
}

/* 4096 bytes: pieces of an operation, or vectors of a command of it. */
void *unified_vecs_alloc(struct unified_op *op)
{
	void *vecs = unified_kept_get(&kept_vecs);

	if (!vecs) {
		vecs = kmem_cache_alloc(vecs_cache, unified_op_gfp(op));
		unified_count(op->region, allocations, 1);
	}
	return vecs;
}

static void unified_vecs_free(void *vecs)
{
	if (!unified_kept_put(&kept_vecs, vecs))
		kmem_cache_free(vecs_cache, vecs);
}

/* One more command of an operation: the first is part of it. NULL: no memory. */
struct unified_command *unified_command_add(struct unified_op *op)
{
	struct unified_command *c = &op->first;

	if (op->commands) {
		c = kmalloc_obj(*c, unified_op_gfp(op));
		if (!c)
			return NULL;
		unified_count(op->region, allocations, 1);
	}
	c->op = op;
	c->next = op->commands;
	c->rq = NULL;
	c->bytes = 0;
	c->nr_vecs = 0;
	c->error = 0;
	c->status = 0;
	c->result = 0;
	c->vecs = c->inline_vecs;
	c->fixup = NULL;
	op->commands = c;
	return c;
}

/* Back to before its commands were made, so that it can be issued once more. */
void unified_op_reset(struct unified_op *op)
{
	struct unified_command *c;

	while ((c = op->commands)) {
		op->commands = c->next;
		if (c->vecs != c->inline_vecs)
			unified_vecs_free(c->vecs);
		if (c != &op->first)
			kfree(c);
	}
	op->error = 0;
}

/* Any context. */
void unified_op_free(struct unified_op *op)
{
	unified_op_reset(op);
	if (op->pieces != op->inline_pieces)
		unified_vecs_free(op->pieces);
	if (!unified_kept_put(&kept_ops, op))
		kmem_cache_free(op_cache, op);
}

int unified_ops_init(void)
{
	static_assert(sizeof(struct bio_vec) == sizeof(struct unified_segment));

	op_cache = KMEM_CACHE(unified_op, SLAB_HWCACHE_ALIGN);
	if (!op_cache)
		return -ENOMEM;
	vecs_cache = kmem_cache_create("unified_vecs", UNIFIED_NR_VECS * sizeof(struct bio_vec), 0,
				       0, NULL);
	if (!vecs_cache) {
		kmem_cache_destroy(op_cache);
		return -ENOMEM;
	}
	return 0;
}

/* No operation is left. */
void unified_ops_exit(void)
{
	struct unified_kept *k;
	int cpu;

	for_each_possible_cpu(cpu) {
		k = per_cpu_ptr(&kept_ops, cpu);
		while (k->nr)
			kmem_cache_free(op_cache, k->item[--k->nr]);
		k = per_cpu_ptr(&kept_vecs, cpu);
		while (k->nr)
			kmem_cache_free(vecs_cache, k->item[--k->nr]);
	}
	kmem_cache_destroy(vecs_cache);
	kmem_cache_destroy(op_cache);
}
