// SPDX-License-Identifier: GPL-2.0
/*
 * A chain: which policies a region asks for each hook, and how they are asked.
 *
 * The chain is a snapshot, which registry.c replaces when something is attached or
 * detached: for each hook, the policies that have it. It is read under chain_srcu by
 * the hooks that may sleep, and with preemption disabled, which is a read of RCU's, by
 * the others. The first verdict of a policy decides for those that are not enforced;
 * who is enforced comes after them, is asked unless they refused, and has the last
 * word.
 */
#include <linux/cleanup.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "chain.h"
#include "descriptor.h"
#include "op.h"
#include "policy.h"
#include "target.h"

#include "trace.h"

/* --- what is asked ----------------------------------------------------------- */

static void *unified_hook_of(const struct unified_region_ops *ops, enum unified_hook hook)
{
	switch (hook) {
	case UNIFIED_HOOK_PROCESS:
		return ops->process;
	case UNIFIED_HOOK_RX:
		return ops->rx;
	case UNIFIED_HOOK_SUBMIT:
		return ops->submit;
	case UNIFIED_HOOK_COMPLETE:
		return ops->flags & UNIFIED_POLICY_COMPLETE_ERRORS ? NULL : ops->complete;
	case UNIFIED_HOOK_COMPLETE_ERRORS:
		return ops->complete;
	default:
		return NULL;
	}
}

/* A chain with room for all hooks of so many policies. It does not fail. */
struct unified_chain *unified_chain_alloc(struct unified_io_region *r, u32 nr_policies)
{
	struct unified_chain *chain;
	u32 i;

	chain = kzalloc_flex(*chain, links, nr_policies * UNIFIED_NR_HOOKS,
			     GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	chain->region = r;
	for (i = 0; i < UNIFIED_NR_HOOKS; i++) {
		struct unified_hooks *hooks = &chain->hooks[i];

		hooks->links = &chain->links[i * nr_policies];
		hooks->enforced = hooks->links;
		hooks->end = hooks->links;
	}
	return chain;
}

/* Add a policy, after those that are asked before it; the enforced ones come last. */
void unified_chain_add(struct unified_chain *chain, struct unified_table *t, bool enforced)
{
	u32 i;

	for (i = 0; i < UNIFIED_NR_HOOKS; i++) {
		struct unified_hooks *hooks = &chain->hooks[i];

		if (!unified_hook_of(t->ops, i))
			continue;
		refcount_inc(&t->users);
		*hooks->end++ = (struct unified_link){
			.hook = unified_hook_of(t->ops, i),
			.table = t,
		};
		if (!enforced)
			hooks->enforced = hooks->end;
	}
}

/* Which hooks there are, a bit each. */
unsigned int unified_chain_hooks(const struct unified_chain *chain)
{
	unsigned int hooks = 0, i;

	for (i = 0; i < UNIFIED_NR_HOOKS; i++)
		if (chain->hooks[i].links < chain->hooks[i].end)
			hooks |= BIT(i);
	return hooks;
}

/* Nobody asks it any more. */
void unified_chain_free(struct unified_chain *chain)
{
	const struct unified_link *link;
	u32 i;

	for (i = 0; i < UNIFIED_NR_HOOKS; i++)
		unified_for_each_link(link, &chain->hooks[i])
			unified_table_put(link->table);
	kfree(chain);
}

/* --- verdicts ---------------------------------------------------------------- */

/* An errno that the caller of an operation may get. */
static bool unified_is_errno(s32 verdict)
{
	/* Beyond are those that mean something inside the kernel only. */
	return verdict < 0 && verdict > -ERESTARTSYS;
}

static const char *unified_link_name(const struct unified_link *link)
{
	return link->table->ops->name;
}

static void unified_verdict_error(struct unified_table *table, const char *hook, s32 verdict)
{
	unified_table_error(table, "%s returned %d, which is no verdict of it", hook, verdict);
}

/* --- who is asked ------------------------------------------------------------ */

static const struct unified_hooks nobody;

/* With a constant hook. */
static __always_inline const struct unified_hooks *
unified_hooks_of(const struct unified_chain *chain, enum unified_hook hook)
{
	return likely(chain) ? &chain->hooks[hook] : &nobody;
}

/*
 * One that was or is being ejected is as good as gone; what it was to enforce is
 * refused then.
 */
static __always_inline bool unified_link_failed(const struct unified_link *link)
{
	return unlikely(atomic_read(&link->table->failed));
}

static bool unified_link_enforced(const struct unified_hooks *hooks,
				  const struct unified_link *link)
{
	return link >= hooks->enforced;
}

/* A policy has decided: after it, those that are enforced are asked. */
static const struct unified_link *unified_decided(const struct unified_hooks *hooks,
						  const struct unified_link *link)
{
	return max(link, hooks->enforced - 1);
}

/* --- what a hook sees, and what it changed ----------------------------------- */

/* What the hooks see of an operation. Noted is what they may change of it. */
static __always_inline struct unified_bpf_ctx *unified_op_ctx(struct unified_op *op)
{
	struct unified_bpf_ctx *ctx = (struct unified_bpf_ctx *)op->policy_ctx;

	static_assert(sizeof(*ctx) == sizeof(op->policy_ctx));

	ctx->region = op->region;
	ctx->desc = &op->desc;
	ctx->data = op->data;
	ctx->data_len = op->data_len;
	op->was_lba = op->desc.lba;
	op->was_targets = op->desc.targets;
	op->was_flags = op->desc.flags;
	op->moved_by = 0;
	op->changed = false;
	op->changed_freely = false;
	return ctx;
}

static __always_inline bool unified_changed(const struct unified_op *op)
{
	return op->desc.lba != op->was_lba || op->desc.targets != op->was_targets ||
	       op->desc.flags != op->was_flags;
}

/*
 * Note what a hook changed, and undo what it may not: where an operation goes is its to
 * say, and FUA, but not what is done.
 */
static void unified_see_changes(struct unified_op *op, const struct unified_hooks *hooks,
				const struct unified_link *link)
{
	struct unified_descriptor *d = &op->desc;

	d->flags = (op->was_flags & ~UNIFIED_DESC_F_FUA) | (d->flags & UNIFIED_DESC_F_FUA);
	if (!unified_changed(op))
		return;
	if (!op->changed) {
		op->from_lba = op->was_lba;
		op->from_targets = op->was_targets;
		op->from_flags = op->was_flags;
	}
	op->changed = true;
	op->changed_freely |= !unified_link_enforced(hooks, link);
	if (d->lba != op->was_lba || d->targets != op->was_targets)
		op->moved_by = link - hooks->links + 1;
	op->was_lba = d->lba;
	op->was_targets = d->targets;
	op->was_flags = d->flags;
}

/* As it was before any of the hooks changed it. */
static void unified_undo_changes(struct unified_op *op)
{
	op->desc.lba = op->from_lba;
	op->desc.targets = op->from_targets;
	op->desc.flags = op->from_flags;
}

/*
 * Somebody chose a place that an operation cannot go to. Where several regions use the
 * policy that does not count: what there is to choose is of this region, and no other is
 * to lose its policy by it.
 */
static bool unified_place_counts(const struct unified_link *link)
{
	return !unified_table_is_shared(link->table);
}

/*
 * May it go there? What may not is refused later in any case; here it is known whose
 * mistake that is: not the policy's, where it could not have gone to where it was to go
 * before. Under the chain's lock.
 */
static noinline int unified_check_move(const struct unified_op *op,
				       const struct unified_hooks *hooks, const char *hook)
{
	const struct unified_link *link = &hooks->links[op->moved_by - 1];
	int ret = unified_targets_fit(op->region, &op->desc);
	struct unified_descriptor before;

	if (!ret)
		return 0;
	before = op->desc;
	before.lba = op->from_lba;
	before.targets = op->from_targets;
	if (unified_place_counts(link) && !unified_targets_fit(op->region, &before))
		unified_table_error(link->table, "%s chose lba %llu, targets %#x: %d", hook,
				    op->desc.lba, op->desc.targets, ret);
	return ret;
}

/*
 * An operation was changed after the submit hooks were asked, so those that are enforced
 * have not seen where it goes now. They are asked again: it goes there if each of them
 * lets it pass as it is; else it is as it was before, and refused. Preemption is disabled.
 */
static int unified_ask_enforced(struct unified_op *op, const struct unified_chain *chain)
{
	const struct unified_hooks *hooks = &chain->hooks[UNIFIED_HOOK_SUBMIT];
	struct unified_bpf_ctx *ctx = (struct unified_bpf_ctx *)op->policy_ctx;
	const struct unified_link *link;
	s32 said;

	for (link = hooks->enforced; link < hooks->end; link++) {
		if (unified_link_failed(link)) {
			unified_undo_changes(op);
			return -EPERM;
		}
		said = link->submit(ctx);
		trace_unified_verdict(op->region->id, &op->desc, unified_link_name(link), "submit",
				      said);
		if ((said == UNIFIED_CONTINUE || said == UNIFIED_ISSUE) && !unified_changed(op))
			continue;
		unified_undo_changes(op);
		if (said == UNIFIED_DROP)
			return -ECANCELED;
		if (unified_is_errno(said))
			return said;
		if (said != UNIFIED_CONTINUE && said != UNIFIED_ISSUE)
			unified_verdict_error(link->table, "submit", said);
		return -EPERM;
	}
	return 0;
}

/* --- the hooks --------------------------------------------------------------- */

/* Each hook in turn, until one returns an errno. */
static int unified_ask_process(struct unified_op *op, const struct unified_hooks *hooks)
{
	struct unified_bpf_ctx *ctx = unified_op_ctx(op);
	const struct unified_link *link;
	s32 ret;

	unified_for_each_link(link, hooks) {
		if (unified_link_failed(link)) {
			if (unified_link_enforced(hooks, link))
				return -EPERM;
			continue;
		}
		ret = link->process(ctx);
		trace_unified_verdict(op->region->id, &op->desc, unified_link_name(link), "process",
				      ret);
		unified_see_changes(op, hooks, link);
		if (unified_is_errno(ret))
			return ret;
		if (ret)
			unified_verdict_error(link->table, "process", ret);
	}
	unified_count(op->region, bytes_processed, op->data_len);
	return 0;
}

/* They changed an operation, and @ret is what they said. */
static int unified_process_changed(struct unified_op *op, const struct unified_chain *chain,
				   const struct unified_hooks *hooks, int ret)
{
	/* What was read has arrived, and data alone goes nowhere. */
	if (op->desc.type == UNIFIED_REGION_F_BPF || unified_desc_fills(&op->desc)) {
		unified_undo_changes(op);
		return ret;
	}
	if (!ret && op->changed_freely) {
		guard(preempt)();
		ret = unified_ask_enforced(op, chain);
	}
	return ret || !op->moved_by ? ret : unified_check_move(op, hooks, "process");
}

/**
 * unified_chain_process - let the chain's process hooks work on data
 * @op: the operation; its data is checked
 *
 * A hook of this kind has no other verdict than 0 and an errno.
 *
 * Context: process, may sleep.
 * Return: 0, or what a policy refused the operation with.
 */
int unified_chain_process(struct unified_op *op)
{
	struct unified_io_region *r = op->region;
	const struct unified_chain *chain;
	const struct unified_hooks *hooks;
	int ret;

	guard(srcu)(&r->chain_srcu);
	chain = srcu_dereference(r->chain, &r->chain_srcu);
	hooks = unified_hooks_of(chain, UNIFIED_HOOK_PROCESS);
	ret = unified_ask_process(op, hooks);
	return unlikely(op->changed) ? unified_process_changed(op, chain, hooks, ret) : ret;
}

/*
 * Who asks for rx from within rx would run out of stack. The filter of the kfuncs
 * lets no policy do so; this is for what nobody has thought of. An interrupt may ask
 * on top of a task: there is one for each level, used with preemption disabled.
 */
static DEFINE_PER_CPU(bool[4], rx_running);

static bool unified_wants_more(s32 verdict)
{
	return verdict > UNIFIED_MORE && verdict <= UNIFIED_MORE + UNIFIED_MORE_MAX;
}

/* One policy's rx hook. */
static s32 unified_call_rx(const struct unified_link *link, struct unified_bpf_ctx *ctx,
			   struct unified_stream *stream)
{
	struct unified_descriptor *d = ctx->desc;
	u32 targets = d->targets;
	s32 verdict = link->rx(ctx, stream);

	trace_unified_verdict(ctx->region->id, d, unified_link_name(link), "rx", verdict);
	/* The caller is refused later. */
	if (unlikely(d->targets != targets && !unified_targets_known(ctx->region, d->targets)) &&
	    unified_place_counts(link))
		unified_table_error(link->table, "rx chose targets %#x, which are not there",
				    d->targets);
	/* Nothing of it could be moved there any more. */
	if (unlikely(stream->bytes && d->lba != UNIFIED_ANY_LBA)) {
		unified_table_error(link->table, "rx chose lba %llu for a stream that had begun",
				    d->lba);
		return -EINVAL;
	}
	if (unified_is_errno(verdict) || verdict == UNIFIED_CONTINUE || verdict == UNIFIED_ISSUE ||
	    verdict == UNIFIED_DROP || verdict == UNIFIED_RETRY)
		return verdict;
	if (unified_wants_more(verdict) && !stream->bytes && verdict - UNIFIED_MORE > ctx->data_len)
		return stream->flags & UNIFIED_STREAM_LAST ? UNIFIED_CONTINUE : verdict;
	unified_verdict_error(link->table, "rx", verdict);
	return UNIFIED_CONTINUE;
}

/* Preemption is disabled, which is a read of RCU's. */
static int unified_call_rx_all(struct unified_io_region *r, struct unified_rx *rx)
{
	struct unified_descriptor d = {
		.addr = rx->addr,
		.len = rx->len,
		.type = UNIFIED_REGION_F_NETWORK,
		.user_data = rx->stream.id,
		.lba = UNIFIED_ANY_LBA,
		.targets = rx->targets,
	};
	struct unified_bpf_ctx ctx = {
		.region = r,
		.desc = &d,
		.data = unified_data(r, rx->addr),
		.data_len = rx->len,
	};
	s32 verdict = UNIFIED_CONTINUE, said;
	const struct unified_hooks *hooks;
	const struct unified_link *link;
	u32 flags = 0;

	hooks = unified_hooks_of(rcu_dereference_sched(r->chain), UNIFIED_HOOK_RX);
	unified_for_each_link(link, hooks) {
		if (unified_link_failed(link)) {
			if (unified_link_enforced(hooks, link))
				return -EPERM;
			continue;
		}
		if (link->table->ops->flags & UNIFIED_POLICY_PER_FRAGMENT)
			flags |= UNIFIED_RX_PER_FRAGMENT;
		said = unified_call_rx(link, &ctx, &rx->stream);
		/* With MORE all are asked again. */
		if (said < 0 || unified_wants_more(said))
			return said;
		verdict = said ?: verdict;
		if (verdict != UNIFIED_CONTINUE)
			link = unified_decided(hooks, link);
	}
	rx->lba = d.lba;
	rx->targets = d.targets;
	rx->flags = flags | (d.flags & UNIFIED_DESC_F_FUA ? UNIFIED_RX_FUA : 0);
	return verdict ?: UNIFIED_ISSUE;
}

/**
 * unified_chain_rx - let the chain decide about data of a stream
 * @r: the region; the caller holds it
 * @rx: the data, which is in the region, and the stream
 *
 * Context: any but NMI; does not sleep.
 * Return: UNIFIED_ISSUE, UNIFIED_DROP, UNIFIED_RETRY, UNIFIED_MORE + n, or -errno: a
 * policy's, or -EDEADLK from within a hook that is asked. Unless it is -errno or MORE,
 * rx->lba, rx->targets and rx->flags are set.
 */
int unified_chain_rx(struct unified_io_region *r, struct unified_rx *rx)
{
	bool *running;
	int verdict;

	guard(preempt)();
	running = &(*this_cpu_ptr(&rx_running))[interrupt_context_level()];
	if (*running)
		return -EDEADLK;
	*running = true;
	verdict = unified_call_rx_all(r, rx);
	*running = false;
	return verdict;
}

/* What a submit hook said and did: the verdict, or an errno. */
static noinline s32 unified_submit_said(struct unified_op *op, const struct unified_hooks *hooks,
					const struct unified_link *link, s32 verdict)
{
	struct unified_table *table = link->table;
	struct unified_descriptor *d = &op->desc;

	if ((d->flags ^ op->was_flags) & ~UNIFIED_DESC_F_FUA) {
		unified_table_error(table, "submit made flags %#x of %#x: only FUA is its",
				    d->flags, op->was_flags);
		d->flags = op->was_flags;
		return -EINVAL;
	}
	if (unified_is_errno(verdict))
		return verdict;
	if (verdict == UNIFIED_DROP)
		return -ECANCELED;
	unified_see_changes(op, hooks, link);
	if (verdict == UNIFIED_CONTINUE || verdict == UNIFIED_ISSUE)
		return verdict;
	unified_verdict_error(table, "submit", verdict);
	return UNIFIED_CONTINUE;
}

/**
 * unified_chain_submit - let the chain decide about an operation
 * @op: the operation, not yet issued; policies rewrite its descriptor
 *
 * Context: process; does not sleep.
 * Return: 0 to issue it as it is now, or -errno.
 */
int unified_chain_submit(struct unified_op *op)
{
	struct unified_bpf_ctx *ctx = unified_op_ctx(op);
	const struct unified_hooks *hooks;
	const struct unified_link *link;
	s32 said;

	guard(preempt)();
	hooks = unified_hooks_of(rcu_dereference_sched(op->region->chain), UNIFIED_HOOK_SUBMIT);
	unified_for_each_link(link, hooks) {
		if (unified_link_failed(link)) {
			if (unified_link_enforced(hooks, link))
				return -EPERM;
			continue;
		}
		said = link->submit(ctx);
		trace_unified_verdict(op->region->id, &op->desc, unified_link_name(link), "submit",
				      said);
		if (likely(said == UNIFIED_CONTINUE && !unified_changed(op)))
			continue;
		said = unified_submit_said(op, hooks, link, said);
		if (said < 0)
			return said;
		if (said == UNIFIED_ISSUE)
			link = unified_decided(hooks, link);
	}
	return unlikely(op->moved_by) ? unified_check_move(op, hooks, "submit") : 0;
}

/* What a complete hook said and did: the verdict, or an errno. */
static noinline s32 unified_complete_said(struct unified_op *op, const struct unified_hooks *hooks,
					  const struct unified_link *link, s32 verdict)
{
	unified_see_changes(op, hooks, link);
	if (verdict == UNIFIED_CONTINUE || verdict == UNIFIED_TO_USER || verdict == UNIFIED_DROP ||
	    verdict == UNIFIED_RETRY || unified_is_errno(verdict))
		return verdict;
	unified_verdict_error(link->table, "complete", verdict);
	return UNIFIED_CONTINUE;
}

/* It is to be issued once more, and complete hooks changed it. */
static noinline int unified_retry_changed(struct unified_op *op, const struct unified_chain *chain,
					  const struct unified_hooks *hooks)
{
	int ret = op->changed_freely ? unified_ask_enforced(op, chain) : 0;

	if (ret)
		return ret;
	return op->moved_by ? unified_check_move(op, hooks, "complete") : 0;
}

/**
 * unified_chain_complete - ask the chain what becomes of an operation that is done
 * @op: the operation, with its completion
 *
 * Context: process; does not sleep.
 * Return: UNIFIED_TO_USER, UNIFIED_DROP, UNIFIED_RETRY, or -errno.
 */
int unified_chain_complete(struct unified_op *op)
{
	struct unified_bpf_ctx *ctx = unified_op_ctx(op);
	s32 verdict = UNIFIED_CONTINUE, said;
	const struct unified_hooks *hooks;
	const struct unified_link *link;
	const struct unified_chain *chain;

	guard(preempt)();
	chain = rcu_dereference_sched(op->region->chain);
	hooks = unlikely(op->done.res) ? unified_hooks_of(chain, UNIFIED_HOOK_COMPLETE_ERRORS)
				       : unified_hooks_of(chain, UNIFIED_HOOK_COMPLETE);
	unified_for_each_link(link, hooks) {
		if (unified_link_failed(link)) {
			if (unified_link_enforced(hooks, link))
				return -EPERM;
			continue;
		}
		said = link->complete(ctx, &op->done);
		trace_unified_verdict(op->region->id, &op->desc, unified_link_name(link),
				      "complete", said);
		if (likely(said == UNIFIED_CONTINUE && !unified_changed(op)))
			continue;
		verdict = unified_complete_said(op, hooks, link, said) ?: verdict;
		if (verdict != UNIFIED_CONTINUE)
			link = unified_decided(hooks, link);
	}
	if (unlikely(verdict == UNIFIED_RETRY && op->changed))
		return unified_retry_changed(op, chain, hooks) ?: verdict;
	return verdict ?: UNIFIED_TO_USER;
}
