// SPDX-License-Identifier: GPL-2.0
/*
 * How a region's chain of policies is asked.
 *
 * The chain is a snapshot, which registry.c replaces when something is attached or
 * detached. It is read under chain_srcu by the hooks that may sleep, and under RCU
 * by the others. The first verdict of a policy decides for those that are not
 * enforced; who is enforced comes after them, is asked unless they refused, and has the
 * last word.
 */
#include <linux/cleanup.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/srcu.h>

#include "chain.h"
#include "descriptor.h"
#include "op.h"
#include "policy.h"
#include "target.h"

#include "trace.h"

/* An errno that the caller of an operation may get. */
static bool unified_is_errno(s32 verdict)
{
	/* Beyond are those that mean something inside the kernel only. */
	return verdict < 0 && verdict > -ERESTARTSYS;
}

static void unified_verdict_error(struct unified_chain_link *link, const char *hook, s32 verdict)
{
	unified_table_error(link->table, "%s returned %d, which is no verdict of it", hook,
			    verdict);
}

/* One that is being ejected is as good as gone. */
static bool unified_link_failed(const struct unified_chain_link *link)
{
	return atomic_read(&link->table->failed);
}

/* Which link is asked after this one, if a policy has decided or not. */
static u32 unified_chain_next(const struct unified_chain *chain, u32 i, bool decided)
{
	return decided ? max(i + 1, chain->plain) : i + 1;
}

/* A hook may change where an operation goes, and FUA, but not what it does. */
static void unified_keep_flags(struct unified_descriptor *d, u16 flags)
{
	d->flags = (flags & ~UNIFIED_DESC_F_FUA) | (d->flags & UNIFIED_DESC_F_FUA);
}

/* --- where hooks send an operation ------------------------------------------- */

/* Who was the last to change that, and what it was before. */
struct unified_move {
	struct unified_table *by;
	u64 lba;
	u32 targets;
};

static struct unified_move unified_move_none(const struct unified_descriptor *d)
{
	return (struct unified_move){ .lba = d->lba, .targets = d->targets };
}

static void unified_move_see(struct unified_move *move, const struct unified_chain_link *link,
			     const struct unified_descriptor *d)
{
	if (likely(d->lba == move->lba && d->targets == move->targets))
		return;
	move->by = link->table;
	move->lba = d->lba;
	move->targets = d->targets;
}

/*
 * May it go there? What may not is refused later in any case; here it is known whose
 * mistake that is. Under the chain's lock.
 */
static int unified_move_check(const struct unified_move *move, const struct unified_op *op,
			      const char *hook)
{
	int ret;

	if (likely(!move->by))
		return 0;
	ret = unified_targets_fit(op);
	if (ret)
		unified_table_error(move->by, "%s chose lba %llu, targets %#x: %d", hook,
				    op->desc.lba, op->desc.targets, ret);
	return ret;
}

/* --- the hooks --------------------------------------------------------------- */

/**
 * unified_chain_process - let the chain's process hooks work on data
 * @op: the operation; its data is checked
 *
 * Each hook in turn, until one returns an errno. A hook of this kind has no
 * other verdict than 0.
 *
 * Context: process, may sleep.
 * Return: 0, or what a policy refused the operation with.
 */
int unified_chain_process(struct unified_op *op)
{
	struct unified_io_region *r = op->region;
	struct unified_bpf_ctx ctx = {
		.region = r,
		.desc = &op->desc,
		.data = op->data,
		.data_len = op->data_len,
	};
	struct unified_move move = unified_move_none(&op->desc);
	struct unified_chain *chain;
	s32 ret;
	u32 i;

	guard(srcu)(&r->chain_srcu);
	chain = srcu_dereference(r->chain, &r->chain_srcu);
	for (i = 0; chain && i < chain->nr; i++) {
		struct unified_chain_link *link = &chain->links[i];
		u16 flags = op->desc.flags;

		if (!link->ops->process || unified_link_failed(link))
			continue;
		ret = link->ops->process(&ctx);
		trace_unified_verdict(r->id, &op->desc, link->ops->name, "process", ret);
		unified_keep_flags(&op->desc, flags);
		unified_move_see(&move, link, &op->desc);
		if (unified_is_errno(ret))
			return ret;
		if (ret)
			unified_verdict_error(link, "process", ret);
	}
	unified_count(r, bytes_processed, op->data_len);
	/* What was read has arrived, and data alone goes nowhere. */
	if (op->desc.type == UNIFIED_REGION_F_BPF || unified_desc_fills(&op->desc))
		return 0;
	return unified_move_check(&move, op, "process");
}

/*
 * Who asks for rx from within rx would run out of stack. The filter of the kfuncs
 * lets no policy do so; this is for what nobody has thought of. An interrupt may ask
 * on top of a task: there is one for each level, used with preemption disabled.
 */
static DEFINE_PER_CPU(bool[4], rx_running);

/* One policy's rx hook. */
static s32 unified_ask_rx(struct unified_chain_link *link, struct unified_bpf_ctx *ctx)
{
	struct unified_descriptor *d = ctx->desc;
	u32 targets = d->targets;
	s32 verdict = link->ops->rx(ctx);

	trace_unified_verdict(ctx->region->id, d, link->ops->name, "rx", verdict);
	/* Who asked will be refused there. */
	if (unlikely(d->targets != targets && !unified_targets_known(ctx->region, d->targets)))
		unified_table_error(link->table, "rx chose targets %#x, which are not there",
				    d->targets);
	if (unified_is_errno(verdict) || verdict == UNIFIED_CONTINUE || verdict == UNIFIED_ISSUE ||
	    verdict == UNIFIED_DROP || verdict == UNIFIED_RETRY)
		return verdict;
	unified_verdict_error(link, "rx", verdict);
	return UNIFIED_CONTINUE;
}

/* Preemption is disabled, which is a read of RCU's. */
static int unified_ask_rx_all(struct unified_io_region *r, struct unified_rx *rx)
{
	struct unified_descriptor d = {
		.addr = rx->addr,
		.len = rx->len,
		.type = UNIFIED_REGION_F_NETWORK,
		.user_data = rx->stream.id,
		.targets = rx->targets,
	};
	struct unified_bpf_ctx ctx = {
		.region = r,
		.desc = &d,
		.data = unified_data(r, rx->addr),
		.data_len = rx->len,
		.stream = &rx->stream,
	};
	s32 verdict = UNIFIED_CONTINUE, said;
	struct unified_chain *chain;
	u32 flags = 0, i;

	chain = rcu_dereference_sched(r->chain);
	for (i = 0; chain && i < chain->nr;
	     i = unified_chain_next(chain, i, verdict != UNIFIED_CONTINUE)) {
		struct unified_chain_link *link = &chain->links[i];

		if (!link->ops->rx || unified_link_failed(link))
			continue;
		if (link->ops->flags & UNIFIED_POLICY_PER_FRAGMENT)
			flags |= UNIFIED_RX_PER_FRAGMENT;
		said = unified_ask_rx(link, &ctx);
		if (said < 0)
			return said;
		verdict = said ?: verdict;
	}
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
 * Return: UNIFIED_ISSUE, UNIFIED_DROP, UNIFIED_RETRY, or -errno: a policy's, or
 * -EDEADLK from within a hook that is asked. Unless it is -errno, rx->targets and
 * rx->flags are set.
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
	verdict = unified_ask_rx_all(r, rx);
	*running = false;
	return verdict;
}

/* One policy's submit hook, and what it must not have changed. */
static s32 unified_ask_submit(struct unified_chain_link *link, struct unified_bpf_ctx *ctx)
{
	struct unified_descriptor *d = ctx->desc;
	u16 flags = d->flags;
	s32 verdict = link->ops->submit(ctx);

	trace_unified_verdict(ctx->region->id, d, link->ops->name, "submit", verdict);
	if ((d->flags ^ flags) & ~UNIFIED_DESC_F_FUA) {
		unified_table_error(link->table, "submit made flags %#x of %#x: only FUA is its",
				    d->flags, flags);
		d->flags = flags;
		return -EINVAL;
	}
	if (verdict == UNIFIED_CONTINUE || verdict == UNIFIED_ISSUE || unified_is_errno(verdict))
		return verdict;
	if (verdict == UNIFIED_DROP)
		return -ECANCELED;
	unified_verdict_error(link, "submit", verdict);
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
	struct unified_bpf_ctx ctx = {
		.region = op->region,
		.desc = &op->desc,
		.data = op->data,
		.data_len = op->data_len,
	};
	struct unified_move move = unified_move_none(&op->desc);
	s32 verdict = UNIFIED_CONTINUE;
	struct unified_chain *chain;
	u32 i;

	guard(rcu)();
	chain = rcu_dereference(op->region->chain);
	for (i = 0; chain && i < chain->nr;
	     i = unified_chain_next(chain, i, verdict == UNIFIED_ISSUE)) {
		struct unified_chain_link *link = &chain->links[i];
		s32 said;

		if (!link->ops->submit || unified_link_failed(link))
			continue;
		said = unified_ask_submit(link, &ctx);
		if (said < 0)
			return said;
		unified_move_see(&move, link, &op->desc);
		verdict = said ?: verdict;
	}
	return unified_move_check(&move, op, "submit");
}

/* One policy's complete hook. */
static s32 unified_ask_complete(struct unified_chain_link *link, struct unified_bpf_ctx *ctx)
{
	struct unified_descriptor *d = ctx->desc;
	u16 flags = d->flags;
	s32 verdict = link->ops->complete(ctx);

	trace_unified_verdict(ctx->region->id, d, link->ops->name, "complete", verdict);
	unified_keep_flags(d, flags);
	if (verdict == UNIFIED_CONTINUE || verdict == UNIFIED_TO_USER || verdict == UNIFIED_DROP ||
	    verdict == UNIFIED_RETRY || unified_is_errno(verdict))
		return verdict;
	unified_verdict_error(link, "complete", verdict);
	return UNIFIED_CONTINUE;
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
	struct unified_bpf_ctx ctx = {
		.region = op->region,
		.desc = &op->desc,
		.data = op->data,
		.data_len = op->data_len,
		.completion = &op->done,
	};
	struct unified_move move = unified_move_none(&op->desc);
	s32 verdict = UNIFIED_CONTINUE;
	struct unified_chain *chain;
	u32 i;

	guard(rcu)();
	chain = rcu_dereference(op->region->chain);
	for (i = 0; chain && i < chain->nr;
	     i = unified_chain_next(chain, i, verdict != UNIFIED_CONTINUE)) {
		struct unified_chain_link *link = &chain->links[i];

		if (!link->ops->complete || unified_link_failed(link))
			continue;
		verdict = unified_ask_complete(link, &ctx) ?: verdict;
		unified_move_see(&move, link, &op->desc);
	}
	if (verdict == UNIFIED_RETRY)
		return unified_move_check(&move, op, "complete") ?: verdict;
	return verdict ?: UNIFIED_TO_USER;
}
