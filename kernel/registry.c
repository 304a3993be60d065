// SPDX-License-Identifier: GPL-2.0
/*
 * Which policies are registered, and to which regions they are attached.
 *
 * policy_mutex protects the list of policies, the attachments and every ops->priv.
 * No hook is called under it and nothing is waited for: a hook that sleeps holds
 * up neither another policy nor another region.
 *
 * Whoever asks a chain takes no lock: it reads a snapshot, struct unified_chain,
 * under the region's chain_srcu (a hook may sleep) or RCU (hooks that may not). A
 * change publishes a new snapshot; the old one is freed when both have let go of
 * it, and with it its use of the tables. Who detaches or unregisters a policy waits
 * for that, as long as it lives, so that what it took away is not running any
 * more; BPF, which holds a lock of its own over many of these calls, is not made to
 * wait for long.
 *
 * A policy is in the list from ->reg to ->unreg; its memory goes with its last
 * table. An attachment goes with the policy or with the region, whichever is first:
 * it holds neither.
 */
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include "chain.h"
#include "policy.h"
#include "region.h"
#include "work.h"

struct unified_policy {
	struct list_head node;		  /* in policies */
	struct list_head attachments;	  /* its own */
	struct unified_table *table;	  /* NULL: ejected and nowhere enforced, or not started */
	struct unified_exit_info failure; /* why it was ejected */
	bool ejected;
	u32 id;
	u32 map_id;
	u32 errors; /* of an ejected one */
	s32 priority;
	u32 region;	/* that it was loaded for; 0: for any */
	u32 nr_regions; /* where it is attached; written under policy_mutex */
	char name[UNIFIED_POLICY_NAME];
	atomic_t nr_tables; /* whose exit hook has not run */
	struct kref ref;    /* one for the list, one for each table */
};

struct unified_attachment {
	struct list_head of_policy;
	struct list_head of_region; /* in the order of asking */
	struct unified_policy *policy;
	struct unified_io_region *region;
	bool enforced;
	bool by_admin; /* only one may detach it, if it is enforced */
};

static LIST_HEAD(policies);
static DEFINE_MUTEX(policy_mutex);
static u32 next_policy_id = 1; /* policy_mutex */
static u32 nr_policies;	       /* written under policy_mutex */
static DECLARE_WAIT_QUEUE_HEAD(exit_wait);

/* --- tables ------------------------------------------------------------------ */

static void unified_policy_free(struct kref *ref)
{
	kfree(container_of(ref, struct unified_policy, ref));
}

static void unified_policy_put(struct unified_policy *p)
{
	kref_put(&p->ref, unified_policy_free);
}

static int unified_table_init(struct unified_table *t, struct unified_io_region *r)
{
	struct unified_descriptor none = {};
	struct unified_bpf_ctx ctx = { .region = r, .desc = &none };
	int ret;

	if (!t->ops->init)
		return 0;
	ret = t->ops->init(&ctx);
	/* A program may return anything; only 0 and an errno mean something. */
	return ret > 0 || ret < -MAX_ERRNO ? -EINVAL : ret;
}

static void unified_table_free(struct unified_table *t)
{
	struct unified_policy *p = t->policy;

	bpf_struct_ops_put(t->ops);
	kfree(t);
	atomic_dec(&p->nr_tables);
	wake_up_all(&exit_wait);
	unified_policy_put(p);
}

/* Nothing runs any more that belongs to it. */
static void unified_table_exit(struct work_struct *work)
{
	struct unified_table *t = container_of(work, struct unified_table, exit_work);
	struct unified_descriptor none = {};
	struct unified_bpf_ctx ctx = { .desc = &none };

	if (t->ops->exit)
		t->ops->exit(&ctx, atomic_read(&t->failed) ? &t->failure : &t->end);
	unified_table_free(t);
}

/* Any context. */
void unified_table_put(struct unified_table *t)
{
	if (refcount_dec_and_test(&t->users))
		queue_work(unified_wq, &t->exit_work);
}

/* It is on no chain that is published. */
static void unified_table_end(struct unified_table *t, enum unified_exit_kind kind, const char *why)
{
	t->end.kind = kind;
	strscpy(t->end.reason, why);
	unified_table_put(t);
}

static void unified_table_eject(struct work_struct *work);

static struct unified_table *unified_table_alloc(struct unified_policy *p,
						 struct unified_region_ops *ops)
{
	struct unified_table *t = kzalloc_obj(*t, GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	if (!bpf_struct_ops_get(ops)) {
		kfree(t);
		return NULL;
	}
	kref_get(&p->ref);
	atomic_inc(&p->nr_tables);
	t->policy = p;
	t->ops = ops;
	refcount_set(&t->users, 1);
	INIT_WORK(&t->eject_work, unified_table_eject);
	INIT_WORK(&t->exit_work, unified_table_exit);
	return t;
}

/*
 * Until no more than @left tables of a policy have yet to exit: their hooks are still
 * running. A hook that sleeps is given a second.
 */
static void unified_policy_wait(struct unified_policy *p, int left)
{
	wait_event_killable_timeout(exit_wait, atomic_read(&p->nr_tables) <= left, HZ);
}

/* --- chains ------------------------------------------------------------------ */

static void unified_chain_release(struct rcu_head *rcu)
{
	struct unified_chain *chain = container_of(rcu, struct unified_chain, rcu);
	struct unified_io_region *r = chain->region;

	unified_chain_free(chain);
	if (atomic_dec_and_test(&r->old_chains))
		wake_up_all(&r->chain_wait);
	unified_region_put(r);
}

/* Hooks that may sleep are through with it; now for the others. */
static void unified_chain_retire(struct rcu_head *rcu)
{
	call_rcu(rcu, unified_chain_release);
}

/* Publish what is attached now. It must not fail: what was taken off has to be off. */
static void unified_chain_refresh(struct unified_io_region *r)
{
	struct unified_chain *chain = NULL, *old;
	struct unified_attachment *a;

	if (!list_empty(&r->attachments))
		chain = unified_chain_alloc(r, list_count_nodes(&r->attachments));
	list_for_each_entry(a, &r->attachments, of_region)
		unified_chain_add(chain, a->policy->table, a->enforced);
	old = rcu_replace_pointer(r->chain, chain, lockdep_is_held(&policy_mutex));
	/* Whoever sees a hook looks for it; that it is found is not promised. */
	WRITE_ONCE(r->hooks, chain ? unified_chain_hooks(chain) : 0);
	if (!old)
		return;
	kref_get(&r->ref);
	atomic_inc(&r->old_chains);
	call_srcu(&r->chain_srcu, &old->rcu, unified_chain_retire);
}

/* Until nobody uses an older chain of the region, which the caller holds. */
static void unified_chain_wait(struct unified_io_region *r)
{
	wait_event_killable(r->chain_wait, !atomic_read(&r->old_chains));
}

/* --- attachments ----------------------------------------------------------- */

static struct unified_attachment *unified_attachment_find(const struct unified_policy *p,
							  const struct unified_io_region *r)
{
	struct unified_attachment *a;

	list_for_each_entry(a, &p->attachments, of_policy)
		if (a->region == r)
			return a;
	return NULL;
}

/* Who is enforced is asked last: nobody changes what it let pass. */
static bool unified_attachment_before(const struct unified_attachment *a,
				      const struct unified_attachment *b)
{
	if (a->enforced != b->enforced)
		return b->enforced;
	return a->policy->priority < b->policy->priority;
}

static void unified_attachment_insert(struct unified_attachment *a)
{
	struct unified_attachment *other;

	list_for_each_entry(other, &a->region->attachments, of_region)
		if (unified_attachment_before(a, other))
			break;
	/* Before the first that comes later, or at the end. */
	list_add_tail(&a->of_region, &other->of_region);
	list_add_tail(&a->of_policy, &a->policy->attachments);
	WRITE_ONCE(a->policy->nr_regions, a->policy->nr_regions + 1);
}

static void unified_attachment_unlink(struct unified_attachment *a)
{
	list_del(&a->of_region);
	list_del(&a->of_policy);
	WRITE_ONCE(a->policy->nr_regions, a->policy->nr_regions - 1);
}

static void unified_attachment_remove(struct unified_attachment *a)
{
	unified_attachment_unlink(a);
	kfree(a);
}

/* Does more than one region use it? Any context. */
bool unified_table_is_shared(const struct unified_table *t)
{
	return READ_ONCE(t->policy->nr_regions) > 1;
}

/* Enforce a policy, or end that: who set the region up, unless it was an administrator. */
static bool unified_may_enforce(const struct unified_io_region *r, bool by_admin)
{
	return (!by_admin && uid_eq(r->uid, current_euid())) || capable(CAP_SYS_ADMIN);
}

/* What is attached already can still become enforced, or that by an administrator. */
static int unified_attach(struct unified_policy *p, struct unified_io_region *r, bool enforced)
{
	/* What an administrator enforces, no other process of that user takes away. */
	bool by_admin = enforced && capable(CAP_SYS_ADMIN);
	struct unified_attachment *a;

	lockdep_assert_held(&policy_mutex);
	if (enforced && !unified_may_enforce(r, false))
		return -EPERM;
	if (r->closed)
		return -ENOENT;
	if (p->ejected || atomic_read(&p->table->failed))
		return -ESTALE;
	a = unified_attachment_find(p, r);
	if (a && enforced <= a->enforced && by_admin <= a->by_admin)
		return -EEXIST;
	/* A chain is one piece of memory. What an administrator enforces has room. */
	if (!a && !by_admin && list_count_nodes(&r->attachments) >= UNIFIED_IO_MAX_POLICIES)
		return -ENOSPC;
	if (a)
		unified_attachment_unlink(a);
	else
		a = kzalloc_obj(*a, GFP_KERNEL_ACCOUNT);
	if (!a)
		return -ENOMEM;
	a->policy = p;
	a->region = r;
	a->enforced = enforced;
	a->by_admin = by_admin;
	unified_attachment_insert(a);
	unified_chain_refresh(r);
	return 0;
}

/* Off every chain that is published; those that are enforced stay, unless they go too. */
static void unified_detach_all(struct unified_policy *p, bool enforced_too)
{
	struct unified_attachment *a, *next;
	struct unified_io_region *r;

	lockdep_assert_held(&policy_mutex);
	list_for_each_entry_safe(a, next, &p->attachments, of_policy) {
		if (a->enforced && !enforced_too)
			continue;
		r = a->region;
		unified_attachment_remove(a);
		unified_chain_refresh(r);
	}
}

/* With the region, before it is published. */
int unified_attachments_init(struct unified_io_region *r)
{
	INIT_LIST_HEAD(&r->attachments);
	init_waitqueue_head(&r->chain_wait);
	return init_srcu_struct(&r->chain_srcu);
}

/* The region's file is closed: nothing is asked any more. */
void unified_attachments_close(struct unified_io_region *r)
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

/* With the region's last reference: it has no chain, not even an old one. */
void unified_attachments_exit(struct unified_io_region *r)
{
	/* The callback that had the last of them may still be on its way back. */
	srcu_barrier(&r->chain_srcu);
	cleanup_srcu_struct(&r->chain_srcu);
}

/* --- ejection -------------------------------------------------------------- */

static void unified_table_eject(struct work_struct *work)
{
	struct unified_table *t = container_of(work, struct unified_table, eject_work);
	struct unified_policy *p = t->policy;

	scoped_guard(mutex, &policy_mutex) {
		/* It may have been unregistered or replaced meanwhile. */
		if (p->table == t) {
			p->ejected = true;
			p->failure = t->failure;
			p->errors = atomic_read(&t->errors);
			pr_warn("unified_io_region: policy %s ejected: %s\n", p->name,
				t->failure.reason);
			/* What is enforced is refused; those chains hold its table. */
			unified_detach_all(p, false);
			if (list_empty(&p->attachments)) {
				p->table = NULL;
				unified_table_put(t);
			}
		}
	}
	unified_table_put(t);
}

/* A hook did what it must not. Any context, by who uses the table. */
void unified_table_error(struct unified_table *t, const char *fmt, ...)
{
	va_list args;

	if (atomic_inc_return(&t->errors) < UNIFIED_POLICY_ERRORS)
		return;
	if (atomic_cmpxchg(&t->failed, 0, 1))
		return;
	t->failure.kind = UNIFIED_EXIT_ERROR;
	t->failure.error = -EINVAL;
	va_start(args, fmt);
	vsnprintf(t->failure.reason, sizeof(t->failure.reason), fmt, args);
	va_end(args);
	refcount_inc(&t->users);
	queue_work(unified_wq, &t->eject_work);
}

/* --- registration ---------------------------------------------------------- */

static struct unified_policy *unified_policy_find(const char *name)
{
	struct unified_policy *p;

	lockdep_assert_held(&policy_mutex);
	list_for_each_entry(p, &policies, node)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

/* One that is there for others: its init hook agreed. */
static struct unified_policy *unified_policy_find_ready(const char *name)
{
	struct unified_policy *p = unified_policy_find(name);

	return p && (p->table || p->ejected) ? p : NULL;
}

static struct unified_policy *unified_policy_alloc(const struct unified_region_ops *ops)
{
	struct unified_policy *p = kzalloc_obj(*p, GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	p->map_id = bpf_struct_ops_id(ops);
	p->priority = ops->priority;
	p->region = ops->region;
	strscpy(p->name, ops->name);
	kref_init(&p->ref);
	INIT_LIST_HEAD(&p->attachments);
	return p;
}

/* The name is taken from here on. */
static int unified_policy_enter(struct unified_policy *p, struct unified_region_ops *ops)
{
	guard(mutex)(&policy_mutex);
	if (ops->priv)
		return -EBUSY;
	if (unified_policy_find(p->name))
		return -EEXIST;
	p->id = next_policy_id++;
	list_add_tail(&p->node, &policies);
	ops->priv = p;
	return 0;
}

static void unified_policy_leave(struct unified_policy *p, struct unified_region_ops *ops)
{
	lockdep_assert_held(&policy_mutex);
	list_del(&p->node);
	ops->priv = NULL;
}

/* The region that a policy names, or NULL where it names none. */
static struct unified_io_region *unified_policy_region(const struct unified_region_ops *ops)
{
	struct unified_io_region *r;
	bool admin;

	if (!ops->region)
		/* What is enforced, is enforced somewhere. */
		return ops->flags & UNIFIED_POLICY_ENFORCED ? ERR_PTR(-EINVAL) : NULL;
	admin = capable(CAP_SYS_ADMIN);
	r = ops->region <= U32_MAX ? unified_region_get(ops->region) : NULL;
	if (r && !admin && !(r->flags & UNIFIED_IO_SETUP_BPF)) {
		unified_region_put(r);
		return ERR_PTR(-EPERM);
	}
	/* Who may not know which there are is not told. */
	return r ?: ERR_PTR(admin ? -ENOENT : -EPERM);
}

/* Its init hook has agreed: now it is there. */
static int unified_policy_start(struct unified_policy *p, struct unified_table *t,
				struct unified_io_region *r)
{
	int ret = 0;

	guard(mutex)(&policy_mutex);
	p->table = t;
	if (r)
		ret = unified_attach(p, r, t->ops->flags & UNIFIED_POLICY_ENFORCED);
	if (ret)
		p->table = NULL;
	else
		WRITE_ONCE(nr_policies, nr_policies + 1);
	return ret;
}

int unified_policy_register(struct unified_region_ops *ops)
{
	struct unified_io_region *r __free(unified_region) = NULL;
	struct unified_policy *p;
	struct unified_table *t;
	int ret;

	r = unified_policy_region(ops);
	if (IS_ERR(r))
		return PTR_ERR(no_free_ptr(r));
	p = unified_policy_alloc(ops);
	if (!p)
		return -ENOMEM;
	t = unified_table_alloc(p, ops);
	ret = t ? unified_policy_enter(p, ops) : -ENOMEM;
	if (ret)
		goto free;
	ret = unified_table_init(t, r);
	if (!ret) {
		ret = unified_policy_start(p, t, r);
		if (!ret)
			return 0;
		unified_table_end(t, UNIFIED_EXIT_DETACHED, "it could not be attached");
		t = NULL;
	}
	scoped_guard(mutex, &policy_mutex)
		unified_policy_leave(p, ops);
	if (!t)
		unified_policy_wait(p, 0);
free:
	if (t)
		unified_table_free(t);
	unified_policy_put(p);
	return ret;
}

void unified_policy_unregister(struct unified_region_ops *ops)
{
	struct unified_policy *p;

	scoped_guard(mutex, &policy_mutex) {
		p = ops->priv;
		unified_detach_all(p, true);
		unified_policy_leave(p, ops);
		WRITE_ONCE(nr_policies, nr_policies - 1);
		if (p->table)
			unified_table_end(p->table, UNIFIED_EXIT_DETACHED, "its link was closed");
		p->table = NULL;
	}
	unified_policy_wait(p, 0);
	unified_policy_put(p);
}

/* Of the one that is registered, by which another may be replaced. */
static int unified_policy_may_replace(const struct unified_policy *p,
				      const struct unified_region_ops *ops,
				      const struct unified_region_ops *old)
{
	lockdep_assert_held(&policy_mutex);
	if (ops->priv)
		return -EBUSY;
	if (p->ejected || atomic_read(&p->table->failed))
		return -ESTALE;
	/* It stays where it is: under its name, in its place, at its region. */
	if (strcmp(ops->name, old->name) || ops->priority != old->priority ||
	    ops->region != old->region || (ops->flags ^ old->flags) & UNIFIED_POLICY_ENFORCED)
		return -EINVAL;
	return 0;
}

/* The new table takes the old one's place in every chain. */
static int unified_policy_swap(struct unified_policy *p, struct unified_table *t,
			       struct unified_region_ops *old)
{
	struct unified_region_ops *ops = t->ops;
	struct unified_attachment *a;
	struct unified_table *was;
	int ret;

	guard(mutex)(&policy_mutex);
	/* It may have been ejected while init ran. */
	ret = unified_policy_may_replace(p, ops, old);
	if (ret)
		return ret;
	was = p->table;
	p->table = t;
	p->map_id = bpf_struct_ops_id(ops);
	ops->priv = p;
	old->priv = NULL;
	list_for_each_entry(a, &p->attachments, of_policy)
		unified_chain_refresh(a->region);
	unified_table_end(was, UNIFIED_EXIT_REPLACED, "another version took its place");
	return 0;
}

/*
 * Calls that are under way end in the old table; its exit hook runs when none is
 * left. BPF lets nobody unregister the policy meanwhile.
 */
int unified_policy_replace(struct unified_region_ops *ops, struct unified_region_ops *old)
{
	struct unified_policy *p;
	struct unified_table *t;
	int ret;

	scoped_guard(mutex, &policy_mutex) {
		p = old->priv;
		ret = unified_policy_may_replace(p, ops, old);
	}
	if (ret)
		return ret;
	t = unified_table_alloc(p, ops);
	if (!t)
		return -ENOMEM;
	ret = unified_table_init(t, NULL);
	if (ret) {
		unified_table_free(t);
		return ret;
	}
	ret = unified_policy_swap(p, t, old);
	if (ret)
		unified_table_end(t, UNIFIED_EXIT_DETACHED, "what it was to replace was ejected");
	unified_policy_wait(p, 1);
	return ret;
}

/* --- by name ----------------------------------------------------------------- */

int unified_policy_attach(struct unified_io_region *r, const struct unified_io_bpf *bpf)
{
	struct unified_policy *p;

	guard(mutex)(&policy_mutex);
	p = unified_policy_find_ready(bpf->name);
	if (!p)
		return -ENOENT;
	/* What was loaded for one region is for no other. */
	if (p->region && p->region != r->id)
		return -EXDEV;
	return unified_attach(p, r, bpf->flags & UNIFIED_IO_BPF_ENFORCE);
}

static int unified_detach(struct unified_io_region *r, const char *name)
{
	struct unified_attachment *a;
	struct unified_policy *p;

	guard(mutex)(&policy_mutex);
	p = unified_policy_find_ready(name);
	a = p ? unified_attachment_find(p, r) : NULL;
	if (!a)
		return -ENOENT;
	if (a->enforced && !unified_may_enforce(r, a->by_admin))
		return -EPERM;
	unified_attachment_remove(a);
	unified_chain_refresh(r);
	return 0;
}

/* Its hooks do not run for the region any more, unless the caller was killed. */
int unified_policy_detach(struct unified_io_region *r, const struct unified_io_bpf *bpf)
{
	int ret = bpf->flags ? -EINVAL : unified_detach(r, bpf->name);

	if (!ret)
		unified_chain_wait(r);
	return ret;
}

u32 unified_policy_count(void)
{
	return READ_ONCE(nr_policies);
}

/* The policy with the lowest id from id on. */
static struct unified_policy *unified_policy_from(u32 id)
{
	struct unified_policy *p;

	/* They are in the order of their ids. */
	list_for_each_entry(p, &policies, node)
		if (p->id >= id && (p->table || p->ejected))
			return p;
	return NULL;
}

int unified_policy_info_from(u32 id, struct unified_io_policy_info *info)
{
	struct unified_attachment *a;
	struct unified_policy *p;

	guard(mutex)(&policy_mutex);
	p = unified_policy_from(id);
	if (!p)
		return -ENOENT;
	*info = (struct unified_io_policy_info){
		.id = p->id,
		.map_id = p->map_id,
		.priority = p->priority,
		.errors = p->table ? atomic_read(&p->table->errors) : p->errors,
		.ejected = p->ejected,
		.exit_error = p->failure.error,
	};
	strscpy(info->name, p->name);
	strscpy(info->reason, p->failure.reason);
	list_for_each_entry(a, &p->attachments, of_policy) {
		if (info->nr_regions < ARRAY_SIZE(info->regions)) {
			info->enforced |= a->enforced << info->nr_regions;
			info->regions[info->nr_regions] = a->region->id;
		}
		info->nr_regions++;
	}
	return 0;
}
