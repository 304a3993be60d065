// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of operations. Each CPU keeps a few operations and vectors that
 * were freed there, so that a stream of them allocates nothing. What a CPU keeps
 * is touched with interrupts off, on that CPU.
 */
#include <linux/percpu.h>
#include <linux/slab.h>

#include "op.h"

static struct kmem_cache *op_slab, *vecs_slab;
DEFINE_PER_CPU(struct unified_cache, unified_op_cache);
static DEFINE_PER_CPU(struct unified_cache, unified_vecs_cache);

/* What is so again when a command ended. */
static void unified_command_init(struct unified_command *c, struct unified_op *op)
{
	c->op = op;
	c->vecs = c->inline_vecs;
	c->bounce = NULL;
	bio_init(&c->bio, NULL, NULL, 0, 0);
}

/* When none is kept. */
struct unified_op *unified_op_alloc_slow(struct unified_io_region *r, gfp_t gfp)
{
	CLASS(unified_charge, charge)(r);
	struct unified_op *op = kmem_cache_alloc(op_slab, gfp | __GFP_ACCOUNT);

	if (!op)
		return NULL;
	unified_count(r, allocations, 1);
	op->pieces.list = op->inline_pieces;
	op->max_pieces = ARRAY_SIZE(op->inline_pieces);
	unified_command_init(&op->first, op);
	return op;
}

/* 4096 bytes: pieces of an operation, or vectors of a command of it. */
void *unified_vecs_alloc(struct unified_op *op)
{
	void *vecs = unified_cache_get(&unified_vecs_cache);

	op->has_more = true;
	if (!vecs) {
		CLASS(unified_charge, charge)(op->region);

		vecs = kmem_cache_alloc(vecs_slab, unified_op_gfp(op));
		unified_count(op->region, allocations, 1);
	}
	return vecs;
}

static void unified_vecs_free(void *vecs)
{
	if (!unified_cache_put(&unified_vecs_cache, vecs))
		kmem_cache_free(vecs_slab, vecs);
}

/* One more command of an operation, when the first is in use. NULL: no memory. */
struct unified_command *unified_command_alloc(struct unified_op *op)
{
	CLASS(unified_charge, charge)(op->region);
	struct unified_command *c = kmalloc_obj(*c, unified_op_gfp(op));

	if (!c)
		return NULL;
	unified_count(op->region, allocations, 1);
	op->has_more = true;
	unified_command_init(c, op);
	return c;
}

/* One that is not among its operation's commands. */
void unified_command_free(struct unified_command *c)
{
	if (c->vecs != c->inline_vecs)
		unified_vecs_free(c->vecs);
	c->vecs = c->inline_vecs;
	if (c != &c->op->first)
		kfree(c);
}

/* Back to before its commands were made, so that it can be issued once more. */
void unified_op_free_commands(struct unified_op *op)
{
	struct unified_command *c;

	while ((c = op->commands)) {
		op->commands = c->next;
		unified_command_free(c);
	}
}

/* One with more to it than itself, or one too many. */
void unified_op_free_slow(struct unified_op *op)
{
	unified_op_free_commands(op);
	if (op->pieces.list != op->inline_pieces)
		unified_vecs_free(op->pieces.list);
	op->pieces.list = op->inline_pieces;
	op->max_pieces = ARRAY_SIZE(op->inline_pieces);
	if (!unified_cache_put(&unified_op_cache, op))
		kmem_cache_free(op_slab, op);
}

int unified_ops_init(void)
{
	static_assert(sizeof(struct bio_vec) == sizeof(struct unified_segment));

	op_slab = KMEM_CACHE(unified_op, SLAB_HWCACHE_ALIGN);
	if (!op_slab)
		return -ENOMEM;
	vecs_slab = kmem_cache_create("unified_vecs", UNIFIED_NR_VECS * sizeof(struct bio_vec), 0,
				      0, NULL);
	if (!vecs_slab) {
		kmem_cache_destroy(op_slab);
		return -ENOMEM;
	}
	return 0;
}

/* No operation is left. */
void unified_ops_exit(void)
{
	struct unified_cache *k;
	int cpu;

	for_each_possible_cpu(cpu) {
		k = per_cpu_ptr(&unified_op_cache, cpu);
		while (k->nr)
			kmem_cache_free(op_slab, k->item[--k->nr]);
		k = per_cpu_ptr(&unified_vecs_cache, cpu);
		while (k->nr)
			kmem_cache_free(vecs_slab, k->item[--k->nr]);
	}
	kmem_cache_destroy(vecs_slab);
	kmem_cache_destroy(op_slab);
}
