/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between registry.c, which says what is registered and attached, and chain.c, which
 * asks it.
 *
 * For no other file: these structures lead to a policy's type, and that to a region's.
 * Each file knows a bit more or less of the kernel's types, and where all are in a
 * circle their BTF is not the same, is there several times, and BPF takes none of it.
 */
#ifndef UNIFIED_CHAIN_H
#define UNIFIED_CHAIN_H

#include <linux/atomic.h>
#include <linux/bpf.h>
#include <linux/kref.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "policy.h"
#include "unified_io.h"
#include "unified_kfuncs.h"

struct unified_io_region;
struct unified_policy;

/*
 * The hooks that a policy has now, or had before it was replaced. It holds its
 * struct_ops map, and so the hooks' code, which may still be running when BPF has
 * long forgotten it: users counts one for being registered and one for each chain
 * that it is in. With the last one its exit hook runs, from a work item, and it is
 * gone.
 */
struct unified_table {
	struct unified_policy *policy; /* holds it */
	struct unified_region_ops *ops;
	refcount_t users;
	atomic_t errors;
	/* Set once, by the error that was one too many; then read by the work. */
	atomic_t failed;
	struct unified_exit_info failure;
	struct unified_exit_info end; /* why it left the registry, if not for failure */
	struct work_struct eject_work;
	struct work_struct exit_work;
};

/* One policy's hook of one kind. */
struct unified_link {
	union {
		s32 (*process)(struct unified_bpf_ctx *ctx);
		s32 (*submit)(struct unified_bpf_ctx *ctx);
		s32 (*rx)(struct unified_bpf_ctx *ctx, struct unified_stream *stream);
		s32 (*complete)(struct unified_bpf_ctx *ctx, struct unified_completion *done);
		void *hook; /* whichever it is */
	};
	struct unified_table *table; /* holds it */
};

/* What is asked for a region, in this order, as it was when this was made. */
struct unified_chain {
	struct unified_io_region *region; /* holds it from when it is out of use */
	struct rcu_head rcu;
	struct unified_hooks {
		struct unified_link *links;
		struct unified_link *enforced; /* the first of those, which come last */
		struct unified_link *end;
	} hooks[UNIFIED_NR_HOOKS];
	struct unified_link links[]; /* of all hooks */
};

#define unified_for_each_link(link, hooks) for (link = (hooks)->links; link < (hooks)->end; link++)

/* chain.c */
struct unified_chain *unified_chain_alloc(struct unified_io_region *r, u32 nr_policies);
void unified_chain_add(struct unified_chain *chain, struct unified_table *t, bool enforced);
unsigned int unified_chain_hooks(const struct unified_chain *chain);
void unified_chain_free(struct unified_chain *chain);

/* registry.c */
void unified_table_put(struct unified_table *t);
bool unified_table_is_shared(const struct unified_table *t);
__printf(2, 3) void unified_table_error(struct unified_table *t, const char *fmt, ...);

#endif
