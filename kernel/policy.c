// SPDX-License-Identifier: GPL-2.0
/*
 * Policies: the struct_ops type unified_region_ops, its registration and the
 * list of what is registered.
 *
 * A struct unified_policy lives from ->reg to ->unreg of its struct_ops map.
 * The map, and with it the hooks' code, outlives both: BPF calls ->unreg
 * before it drops the map and frees the code only after an RCU tasks grace
 * period. The map holds a reference on this module, so the module cannot go
 * while a policy is registered.
 *
 * policy_mutex protects the list and every ops->priv. It is held across the
 * init and exit hooks, which may sleep and call nothing that takes it.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "unified.h"

struct unified_policy {
	struct list_head node; /* in policies */
	struct unified_region_ops *ops;
};

static LIST_HEAD(policies);
static DEFINE_MUTEX(policy_mutex);

u32 unified_policy_count(void)
{
	guard(mutex)(&policy_mutex);
	return list_count_nodes(&policies);
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

static int unified_policy_init(struct unified_region_ops *ops)
{
	struct unified_bpf_ctx ctx = {};
	int ret;

	if (!ops->init)
		return 0;
	ret = ops->init(&ctx);
	/* A program may return anything; only 0 and an errno mean something. */
	return ret > 0 || ret < -MAX_ERRNO ? -EINVAL : ret;
}

static void unified_policy_exit(struct unified_region_ops *ops, enum unified_exit_kind kind,
				const char *reason)
{
	struct unified_exit_info info = { .kind = kind };
	struct unified_bpf_ctx ctx = {};

	if (!ops->exit)
		return;
	strscpy(info.reason, reason);
	ops->exit(&ctx, &info);
}

static int unified_policy_reg(void *kdata, struct bpf_link *link)
{
	struct unified_region_ops *ops = kdata;
	struct unified_policy *p;
	int ret;

	guard(mutex)(&policy_mutex);
	if (ops->priv)
		return -EBUSY;
	if (unified_policy_find(ops->name))
		return -EEXIST;

	p = kzalloc_obj(*p);
	if (!p)
		return -ENOMEM;
	p->ops = ops;

	ret = unified_policy_init(ops);
	if (ret) {
		kfree(p);
		return ret;
	}
	list_add_tail(&p->node, &policies);
	ops->priv = p;
	return 0;
}

static void unified_policy_unreg(void *kdata, struct bpf_link *link)
{
	struct unified_region_ops *ops = kdata;
	struct unified_policy *p;

	guard(mutex)(&policy_mutex);
	p = ops->priv;
	list_del(&p->node);
	ops->priv = NULL;
	kfree(p);
	unified_policy_exit(ops, UNIFIED_EXIT_DETACHED, "its link was closed");
}

static bool unified_policy_name_ok(const char *name)
{
	size_t i, len = strnlen(name, UNIFIED_POLICY_NAME);

	if (!len || len == UNIFIED_POLICY_NAME)
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("_.-", name[i])))
			return false;
	/* It becomes a file name under /sys/fs/bpf. */
	return name[0] != '.';
}

/* Data members are copied here; 1 tells BPF that it was done. */
static int unified_policy_init_member(const struct btf_type *t, const struct btf_member *member,
				      void *kdata, const void *udata)
{
	const struct unified_region_ops *uops = udata;
	struct unified_region_ops *ops = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct unified_region_ops, region):
		/* No region exists that a policy could ask for. */
		if (uops->region)
			return -ENOENT;
		return 1;
	case offsetof(struct unified_region_ops, priority):
		ops->priority = uops->priority;
		return 1;
	case offsetof(struct unified_region_ops, flags):
		return uops->flags ? -EINVAL : 1;
	case offsetof(struct unified_region_ops, name):
		if (!unified_policy_name_ok(uops->name))
			return -EINVAL;
		strscpy(ops->name, uops->name);
		return 1;
	}
	return 0;
}

/* Where a hook is called decides whether its program may sleep. */
static int unified_policy_check_member(const struct btf_type *t, const struct btf_member *member,
				       const struct bpf_prog *prog)
{
	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct unified_region_ops, init):
	case offsetof(struct unified_region_ops, exit):
	case offsetof(struct unified_region_ops, process):
		return 0;
	}
	return prog->sleepable ? -EINVAL : 0;
}

static int unified_policy_validate(void *kdata)
{
	const struct unified_region_ops *ops = kdata;

	/* Without a hook it could decide nothing: a mistake of its author. */
	if (!ops->init && !ops->exit && !ops->process && !ops->rx && !ops->submit && !ops->complete)
		return -EINVAL;
	return 0;
}

static bool unified_policy_is_valid_access(int off, int size, enum bpf_access_type type,
					   const struct bpf_prog *prog,
					   struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(off, size, type, prog, info);
}

static const struct bpf_verifier_ops unified_policy_verifier_ops = {
	.get_func_proto = bpf_base_func_proto,
	.is_valid_access = unified_policy_is_valid_access,
};

static int unified_policy_type_init(struct btf *btf)
{
	return 0;
}

/*
 * Stubs: never called, their prototypes are what BPF builds trampolines for.
 * Every hook needs one, a missing stub is dereferenced.
 */
static s32 unified_stub_init(struct unified_bpf_ctx *ctx)
{
	return 0;
}

static void unified_stub_exit(struct unified_bpf_ctx *ctx, struct unified_exit_info *info)
{
}

static s32 unified_stub_process(struct unified_bpf_ctx *ctx)
{
	return 0;
}

static s32 unified_stub_rx(struct unified_bpf_ctx *ctx)
{
	return 0;
}

static s32 unified_stub_submit(struct unified_bpf_ctx *ctx)
{
	return 0;
}

static s32 unified_stub_complete(struct unified_bpf_ctx *ctx)
{
	return 0;
}

static struct unified_region_ops unified_policy_stubs = {
	.init = unified_stub_init,
	.exit = unified_stub_exit,
	.process = unified_stub_process,
	.rx = unified_stub_rx,
	.submit = unified_stub_submit,
	.complete = unified_stub_complete,
};

static struct bpf_struct_ops unified_policy_type = {
	.verifier_ops = &unified_policy_verifier_ops,
	.init = unified_policy_type_init,
	.check_member = unified_policy_check_member,
	.init_member = unified_policy_init_member,
	.validate = unified_policy_validate,
	.reg = unified_policy_reg,
	.unreg = unified_policy_unreg,
	.cfi_stubs = &unified_policy_stubs,
	.name = "unified_region_ops",
	.owner = THIS_MODULE,
};

int unified_policy_register_type(void)
{
	static_assert(UNIFIED_POLICY_NAME == UNIFIED_POLICY_NAME_LEN);

	return register_bpf_struct_ops(&unified_policy_type, unified_region_ops);
}
