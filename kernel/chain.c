// SPDX-License-Identifier: GPL-2.0
/*
 * Which policies are registered, to which regions they are attached, and how a
 * region's chain is asked.
 *
 * policy_mutex protects the list of policies, the attachments and every
 * ops->priv; it is held across init and exit hooks, which may sleep and can call
 * nothing that takes it. Whoever asks a chain takes no lock: it reads a
 * snapshot, struct unified_chain, under chain_srcu (a hook may sleep) or RCU
 * (hooks that may not). A change publishes a new snapshot and waits for both
 * before the old one, and with it the right to call its hooks, is gone. So when
 * ->unreg returns, no hook of the policy runs anywhere.
 *
 * A policy lives from ->reg to ->unreg, and longer only for work that ejects it.
 * An attachment goes with the policy or with the region, whichever is first: it
 * holds neither.
 */
#include <linux/bpf.h>
#include <linux/cleanup.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "unified.h"

#include "trace.h"

struct unified_policy {
	struct list_head node;		/* in policies */
	struct list_head attachments;	/* its own */
	struct unified_region_ops *ops; /* NULL after ->unreg */
	u32 id;
	bool exited; /* its exit hook ran, or was not due */
	atomic_t errors;
	/* Set once, by the error that was one too many; then read by the work. */
	atomic_t failed;
	struct unified_exit_info failure;
	struct work_struct eject;
	struct kref ref;
};

struct unified_attachment {
	struct list_head of_policy;
	struct list_head of_region; /* by priority */
	struct unified_policy *policy;
	struct unified_io_region *region;
};

/* A region's chain, as it was when this was made. */
struct unified_chain {
	u32 nr;
	struct unified_chain_link {
		struct unified_policy *policy;
		struct unified_region_ops *ops;
	} links[] __counted_by(nr);
};

static LIST_HEAD(policies);
static DEFINE_MUTEX(policy_mutex);
DEFINE_STATIC_SRCU(chain_srcu);
static u32 next_policy_id = 1; /* policy_mutex */
static u32 nr_policies;	       /* written under policy_mutex */

/* --- the policy ------------------------------------------------------------ */

static void unified_policy_free(struct kref *ref)
{
	kfree(container_of(ref, struct unified_policy, ref));
}

static void unified_policy_put(struct unified_policy *p)
{
	kref_put(&p->ref, unified_policy_free);
}

static struct unified_policy *unified_policy_find(const char *name)
{
	struct unified_policy *p;

	lockdep_assert_held(&policy_mutex);
	list_for_each_entry(p, &policies, node)
		if (!strcmp(p->ops->name, name))
			return p;
	return NULL;
}

static int unified_policy_init(struct unified_region_ops *ops, struct unified_io_region *r)
{
	struct unified_descriptor none = {};
	struct unified_bpf_ctx ctx = { .region = r, .desc = &none };
	int ret;

	if (!ops->init)
		return 0;
	ret = ops->init(&ctx);
	/* A program may return anything; only 0 and an errno mean something. */
	return ret > 0 || ret < -MAX_ERRNO ? -EINVAL : ret;
}

static void unified_policy_exit(struct unified_region_ops *ops, struct unified_exit_info *info)
{
	struct unified_descriptor none = {};
	struct unified_bpf_ctx ctx = { .desc = &none };

	if (ops->exit)
		ops->exit(&ctx, info);
}

/* --- attachments ----------------------------------------------------------- */

/*
 * Publish what is attached now, and wait until nobody uses an older snapshot. It
 * must not fail: what was taken off a chain has to be off it.
 */
static void unified_chain_refresh(struct unified_io_region *r)
{
	u32 nr = list_count_nodes(&r->attachments), i = 0;
	struct unified_chain *chain = NULL;
	struct unified_attachment *a;
	unsigned int hooks = 0;

	if (nr) {
		chain = kzalloc_flex(*chain, links, nr, GFP_KERNEL | __GFP_NOFAIL);
		chain->nr = nr;
	}
	list_for_each_entry(a, &r->attachments, of_region) {
		const struct unified_region_ops *ops = a->policy->ops;

		hooks |= (ops->process ? UNIFIED_HOOK_PROCESS : 0) |
			 (ops->submit ? UNIFIED_HOOK_SUBMIT : 0) |
			 (ops->complete ? UNIFIED_HOOK_COMPLETE : 0);
		chain->links[i].policy = a->policy;
		chain->links[i++].ops = a->policy->ops;
	}
	chain = rcu_replace_pointer(r->chain, chain, lockdep_is_held(&policy_mutex));
	/* Whoever sees a hook looks for it; that it is found is not promised. */
	WRITE_ONCE(r->hooks, hooks);
	synchronize_rcu();
	synchronize_srcu(&chain_srcu);
	kfree(chain);
}

static struct unified_attachment *unified_attachment_find(const struct unified_policy *p,
							  const struct unified_io_region *r)
{
	struct unified_attachment *a;

	list_for_each_entry(a, &p->attachments, of_policy)
		if (a->region == r)
			return a;
	return NULL;
}

static void unified_attachment_insert(struct unified_attachment *a)
{
	struct unified_attachment *other;

	list_for_each_entry(other, &a->region->attachments, of_region)
		if (other->policy->ops->priority > a->policy->ops->priority)
			break;
	/* Before the first that comes later, or at the end. */
	list_add_tail(&a->of_region, &other->of_region);
	list_add_tail(&a->of_policy, &a->policy->attachments);
}

static void unified_attachment_remove(struct unified_attachment *a)
{
	list_del(&a->of_region);
	list_del(&a->of_policy);
	kfree(a);
}

static int unified_attach(struct unified_policy *p, struct unified_io_region *r)
{
	struct unified_attachment *a;

	lockdep_assert_held(&policy_mutex);
	if (r->closed)
		return -ENOENT;
	if (atomic_read(&p->failed))
		return -ESTALE;
	if (unified_attachment_find(p, r))
		return -EEXIST;
	a = kzalloc_obj(*a);
	if (!a)
		return -ENOMEM;
	a->policy = p;
	a->region = r;
	unified_attachment_insert(a);
	unified_chain_refresh(r);
	return 0;
}

/* Off every chain; when this returns none of its hooks runs or will run. */
static void unified_detach_all(struct unified_policy *p)
{
	struct unified_attachment *a, *next;
	struct unified_io_region *r;

	list_for_each_entry_safe(a, next, &p->attachments, of_policy) {
		r = a->region;
		unified_attachment_remove(a);
		unified_chain_refresh(r);
	}
}

/* The region's file is closed: nothing is asked any more. */
void unified_chain_close(struct unified_io_region *r)
{
	struct unified_attachment *a, *next;

	guard(mutex)(&policy_mutex);
	r->closed = true;
	if (!rcu_access_pointer(r->chain))
		return;
	list_for_each_entry_safe(a, next, &r->attachments, of_region)
		unified_attachment_remove(a);
	unified_chain_refresh(r);
}

/* With the region's last reference: nobody is left to read it. */
void unified_chain_free(struct unified_io_region *r)
{
	kfree(rcu_dereference_protected(r->chain, true));
}

/* --- ejection -------------------------------------------------------------- */

static void unified_policy_eject(struct work_struct *work)
{
	struct unified_policy *p = container_of(work, struct unified_policy, eject);

	scoped_guard(mutex, &policy_mutex) {
		/* It may have been unregistered before its work came to run. */
		if (p->ops && !p->exited) {
			unified_detach_all(p);
			p->exited = true;
			unified_policy_exit(p->ops, &p->failure);
			pr_warn("unified_io_region: policy %s ejected: %s\n", p->ops->name,
				p->failure.reason);
		}
	}
	unified_policy_put(p);
}

/* A hook did what it must not. Any context, within a read of the chain. */
static __printf(2, 3) void unified_policy_error(struct unified_policy *p, const char *fmt, ...)
{
	va_list args;

	if (atomic_inc_return(&p->errors) < UNIFIED_POLICY_ERRORS)
		return;
	if (atomic_cmpxchg(&p->failed, 0, 1))
		return;
	p->failure.kind = UNIFIED_EXIT_ERROR;
	p->failure.error = -EINVAL;
	va_start(args, fmt);
	vsnprintf(p->failure.reason, sizeof(p->failure.reason), fmt, args);
	va_end(args);
	kref_get(&p->ref);
	queue_work(unified_wq, &p->eject);
}

static void unified_verdict_error(struct unified_policy *p, const char *hook, s32 verdict)
{
	unified_policy_error(p, "%s returned %d, which is no verdict of it", hook, verdict);
}

/* --- registration ---------------------------------------------------------- */

static struct unified_policy *unified_policy_alloc(struct unified_region_ops *ops)
{
	struct unified_policy *p = kzalloc_obj(*p);

	if (!p)
		return NULL;
	p->ops = ops;
	p->id = next_policy_id++;
	kref_init(&p->ref);
	INIT_LIST_HEAD(&p->attachments);
	INIT_WORK(&p->eject, unified_policy_eject);
	return p;
}

int unified_chain_register(struct unified_region_ops *ops)
{
	struct unified_io_region *r __free(unified_region) = NULL;
	struct unified_policy *p;
	int ret;

	guard(mutex)(&policy_mutex);
	if (ops->priv)
		return -EBUSY;
	if (unified_policy_find(ops->name))
		return -EEXIST;
	if (ops->region) {
		r = ops->region <= U32_MAX ? unified_region_get(ops->region) : NULL;
		if (!r)
			return -ENOENT;
	}
	p = unified_policy_alloc(ops);
	if (!p)
		return -ENOMEM;
	ret = unified_policy_init(ops, r);
	if (!ret && r) {
		ret = unified_attach(p, r);
		if (ret) {
			struct unified_exit_info info = { .kind = UNIFIED_EXIT_DETACHED,
							  .error = ret,
							  .reason = "it could not be attached" };

			unified_policy_exit(ops, &info);
		}
	}
	if (ret) {
		unified_policy_put(p);
		return ret;
	}
	list_add_tail(&p->node, &policies);
	WRITE_ONCE(nr_policies, nr_policies + 1);
	ops->priv = p;
	return 0;
}

void unified_chain_unregister(struct unified_region_ops *ops)
{
	struct unified_exit_info info = { .kind = UNIFIED_EXIT_DETACHED,
					  .reason = "its link was closed" };
	struct unified_policy *p;

	guard(mutex)(&policy_mutex);
	p = ops->priv;
	unified_detach_all(p);
	list_del(&p->node);
	WRITE_ONCE(nr_policies, nr_policies - 1);
	ops->priv = NULL;
	if (!p->exited)
		unified_policy_exit(ops, atomic_read(&p->failed) ? &p->failure : &info);
	p->ops = NULL;
	unified_policy_put(p);
}

/*
 * The new table takes the old one's place in every chain. In flight calls end in
 * the old one; its exit hook runs when none is left.
 */
int unified_chain_replace(struct unified_region_ops *ops, struct unified_region_ops *old)
{
	struct unified_exit_info info = { .kind = UNIFIED_EXIT_REPLACED,
					  .reason = "another version took its place" };
	struct unified_attachment *a;
	struct unified_policy *p;
	int ret;

	guard(mutex)(&policy_mutex);
	p = old->priv;
	if (ops->priv)
		return -EBUSY;
	if (atomic_read(&p->failed))
		return -ESTALE;
	/* It stays where it is: under its name, in its place, at its region. */
	if (strcmp(ops->name, old->name) || ops->priority != old->priority ||
	    ops->region != old->region)
		return -EINVAL;
	ret = unified_policy_init(ops, NULL);
	if (ret)
		return ret;
	p->ops = ops;
	ops->priv = p;
	old->priv = NULL;
	atomic_set(&p->errors, 0);
	list_for_each_entry(a, &p->attachments, of_policy)
		unified_chain_refresh(a->region);
	unified_policy_exit(old, &info);
	return 0;
}

int unified_chain_attach(struct unified_io_region *r, const struct unified_io_bpf *bpf)
{
	struct unified_policy *p;

	guard(mutex)(&policy_mutex);
	p = unified_policy_find(bpf->name);
	return p ? unified_attach(p, r) : -ENOENT;
}

int unified_chain_detach(struct unified_io_region *r, const struct unified_io_bpf *bpf)
{
	struct unified_attachment *a;
	struct unified_policy *p;

	guard(mutex)(&policy_mutex);
	p = unified_policy_find(bpf->name);
	a = p ? unified_attachment_find(p, r) : NULL;
	if (!a)
		return -ENOENT;
	unified_attachment_remove(a);
	unified_chain_refresh(r);
	return 0;
}

/* Without the mutex, which a hook may hold for long. */
u32 unified_policy_count(void)
{
	return READ_ONCE(nr_policies);
}

int unified_policy_info_from(u32 id, struct unified_io_policy_info *info)
{
	struct unified_policy *p, *found = NULL;
	struct unified_attachment *a;

	guard(mutex)(&policy_mutex);
	list_for_each_entry(p, &policies, node)
		if (p->id >= id && (!found || p->id < found->id))
			found = p;
	if (!found)
		return -ENOENT;
	*info = (struct unified_io_policy_info){
		.id = found->id,
		.map_id = bpf_struct_ops_id(found->ops),
		.priority = found->ops->priority,
		.errors = atomic_read(&found->errors),
		.ejected = found->exited,
		.exit_error = found->exited ? found->failure.error : 0,
	};
	strscpy(info->name, found->ops->name);
	if (found->exited)
		strscpy(info->reason, found->failure.reason);
	list_for_each_entry(a, &found->attachments, of_policy) {
		if (info->nr_regions < ARRAY_SIZE(info->regions))
			info->regions[info->nr_regions] = a->region->id;
		info->nr_regions++;
	}
	return 0;
}

/* --- asking a chain -------------------------------------------------------- */

/* An errno that the caller of an operation may get. */
static bool unified_is_errno(s32 verdict)
{
	/* Beyond are those that mean something inside the kernel only. */
	return verdict < 0 && verdict > -ERESTARTSYS;
}

/* A hook may change where an operation goes, and FUA, but not what it does. */
static void unified_keep_flags(struct unified_descriptor *d, u16 flags)
{
	d->flags = (flags & ~UNIFIED_DESC_F_FUA) | (d->flags & UNIFIED_DESC_F_FUA);
}

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
	struct unified_bpf_ctx ctx = {
		.region = op->region,
		.desc = &op->desc,
		.data = op->data,
		.data_len = op->data_len,
	};
	struct unified_chain *chain;
	s32 ret;
	u32 i;

	guard(srcu)(&chain_srcu);
	chain = srcu_dereference(op->region->chain, &chain_srcu);
	for (i = 0; chain && i < chain->nr; i++) {
		struct unified_chain_link *link = &chain->links[i];
		u16 flags = op->desc.flags;

		/* One that is being ejected is as good as gone. */
		if (!link->ops->process || atomic_read(&link->policy->failed))
			continue;
		ret = link->ops->process(&ctx);
		trace_unified_verdict(op->region->id, &op->desc, link->ops->name, "process", ret);
		unified_keep_flags(&op->desc, flags);
		if (unified_is_errno(ret))
			return ret;
		if (ret)
			unified_verdict_error(link->policy, "process", ret);
	}
	unified_count(op->region, bytes_processed, op->data_len);
	return 0;
}

/*
 * Who asks for rx from within rx would run out of stack. The filter of the kfuncs
 * lets no policy do so; this is for what nobody has thought of. An interrupt may ask
 * on top of a task: there is one for each level, used with preemption disabled.
 */
static DEFINE_PER_CPU(bool[4], rx_running);

/* Preemption is disabled, which is a read of RCU's. */
static int unified_ask_rx(struct unified_io_region *r, struct unified_rx *rx)
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
	s32 verdict = UNIFIED_CONTINUE;
	struct unified_chain *chain;
	u32 flags = 0, i;

	chain = rcu_dereference_sched(r->chain);
	for (i = 0; chain && i < chain->nr && verdict == UNIFIED_CONTINUE; i++) {
		struct unified_chain_link *link = &chain->links[i];

		if (!link->ops->rx || atomic_read(&link->policy->failed))
			continue;
		if (link->ops->flags & UNIFIED_POLICY_PER_FRAGMENT)
			flags |= UNIFIED_RX_PER_FRAGMENT;
		verdict = link->ops->rx(&ctx);
		trace_unified_verdict(r->id, &d, link->ops->name, "rx", verdict);
		if (unified_is_errno(verdict))
			return verdict;
		if (verdict != UNIFIED_CONTINUE && verdict != UNIFIED_ISSUE &&
		    verdict != UNIFIED_DROP && verdict != UNIFIED_RETRY) {
			unified_verdict_error(link->policy, "rx", verdict);
			verdict = UNIFIED_CONTINUE;
		}
	}
	rx->targets = d.targets;
	rx->flags = flags | (d.flags & UNIFIED_DESC_F_FUA ? UNIFIED_RX_FUA : 0);
	return verdict == UNIFIED_CONTINUE ? UNIFIED_ISSUE : verdict;
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
	verdict = unified_ask_rx(r, rx);
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
		unified_policy_error(link->policy, "submit made flags %#x of %#x: only FUA is its",
				     d->flags, flags);
		d->flags = flags;
		return -EINVAL;
	}
	return verdict;
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
	struct unified_chain *chain;
	s32 verdict;
	u32 i;

	guard(rcu)();
	chain = rcu_dereference(op->region->chain);
	for (i = 0; chain && i < chain->nr; i++) {
		struct unified_chain_link *link = &chain->links[i];

		if (!link->ops->submit || atomic_read(&link->policy->failed))
			continue;
		verdict = unified_ask_submit(link, &ctx);
		if (verdict == UNIFIED_ISSUE)
			return 0;
		if (verdict == UNIFIED_DROP)
			return -ECANCELED;
		if (unified_is_errno(verdict))
			return verdict;
		if (verdict != UNIFIED_CONTINUE)
			unified_verdict_error(link->policy, "submit", verdict);
	}
	return 0;
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
	struct unified_chain *chain;
	s32 verdict;
	u32 i;

	guard(rcu)();
	chain = rcu_dereference(op->region->chain);
	for (i = 0; chain && i < chain->nr; i++) {
		struct unified_chain_link *link = &chain->links[i];
		u16 flags = op->desc.flags;

		if (!link->ops->complete || atomic_read(&link->policy->failed))
			continue;
		verdict = link->ops->complete(&ctx);
		trace_unified_verdict(op->region->id, &op->desc, link->ops->name, "complete",
				      verdict);
		unified_keep_flags(&op->desc, flags);
		if (verdict == UNIFIED_TO_USER || verdict == UNIFIED_DROP ||
		    verdict == UNIFIED_RETRY || unified_is_errno(verdict))
			return verdict;
		if (verdict != UNIFIED_CONTINUE)
			unified_verdict_error(link->policy, "complete", verdict);
	}
	return UNIFIED_TO_USER;
}
