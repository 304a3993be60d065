// SPDX-License-Identifier: GPL-2.0
/*
 * The struct_ops type unified_region_ops: which hooks there are, which of them
 * may sleep, what the verifier lets their programs write, and what a policy's
 * data may be. What becomes of one that is sound is registry.c's.
 *
 * BPF serialises the calls for one map: ->reg, ->update and ->unreg of a link
 * never run at once. The map, and with it the hooks' code, outlives all of them:
 * it is freed only after an RCU tasks grace period. It holds a reference on this
 * module, so the module cannot go while there is a policy.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/ctype.h>
#include <linux/module.h>

#include "policy.h"

BTF_ID_LIST_SINGLE(unified_ops_id, struct, unified_region_ops)

/* What unified_policy_type_init() found in this module's BTF. */
static const struct btf_type *descriptor_type;
static u32 btf_shift;

u32 unified_btf_shift(void)
{
	return btf_shift;
}

static int unified_policy_reg(void *kdata, struct bpf_link *link)
{
	return unified_policy_register(kdata);
}

static void unified_policy_unreg(void *kdata, struct bpf_link *link)
{
	unified_policy_unregister(kdata);
}

static int unified_policy_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	return unified_policy_replace(kdata, old_kdata);
}

static bool unified_policy_name_ok(const char *name)
{
	size_t i, len = strnlen(name, UNIFIED_POLICY_NAME);

	if (!len || len == UNIFIED_POLICY_NAME)
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("_.-", name[i])))
			return false;
	/* It becomes a file name under /sys/fs/bpf, and a word of commands. */
	return name[0] != '.' && name[0] != '-';
}

/* Data members are copied here; 1 tells BPF that it was done. */
static int unified_policy_init_member(const struct btf_type *t, const struct btf_member *member,
				      void *kdata, const void *udata)
{
	const struct unified_region_ops *uops = udata;
	struct unified_region_ops *ops = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct unified_region_ops, region):
		ops->region = uops->region;
		return 1;
	case offsetof(struct unified_region_ops, priority):
		ops->priority = uops->priority;
		return 1;
	case offsetof(struct unified_region_ops, flags):
		if (uops->flags & ~UNIFIED_POLICY_FLAGS)
			return -EINVAL;
		ops->flags = uops->flags;
		return 1;
	case offsetof(struct unified_region_ops, name):
		if (!unified_policy_name_ok(uops->name))
			return -EINVAL;
		strscpy(ops->name, uops->name);
		return 1;
	}
	return 0;
}

/* What the member at an offset of a structure points to, or NULL. */
static const struct btf_type *unified_btf_target(const struct btf *btf, const struct btf_type *t,
						 u32 offset)
{
	u32 i;

	for (i = 0; i < btf_type_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		const struct btf_type *type;

		if (__btf_member_bit_offset(t, m) != offset * BITS_PER_BYTE)
			continue;
		type = btf_type_by_id(btf, m->type);
		return btf_type_is_ptr(type) ? btf_type_by_id(btf, type->type) : NULL;
	}
	return NULL;
}

/*
 * Find the descriptor's type by the way that a program gets to one: a hook, its
 * argument, the member desc of that. A module cannot look its types up by name:
 * bpf_find_btf_id() takes a reference that modules cannot give back, and a BTF_ID
 * of its own is right only after btf_relocate_id(), which is not exported.
 */
static const struct btf_type *unified_descriptor_type(const struct btf *btf,
						      const struct btf_type *ops)
{
	const struct btf_type *t =
		unified_btf_target(btf, ops, offsetof(struct unified_region_ops, init));

	/* What is found below is what is meant: */
	static_assert(__same_type(((struct unified_region_ops *)0)->init,
				  s32 (*)(struct unified_bpf_ctx *)));
	static_assert(
		__same_type(((struct unified_bpf_ctx *)0)->desc, struct unified_descriptor *));

	if (!t || !btf_type_is_func_proto(t) || btf_type_vlen(t) != 1)
		return NULL;
	t = btf_type_by_id(btf, btf_params(t)->type);
	if (!btf_type_is_ptr(t))
		return NULL;
	t = btf_type_by_id(btf, t->type);
	if (!btf_type_is_struct(t) || t->size != sizeof(struct unified_bpf_ctx))
		return NULL;
	t = unified_btf_target(btf, t, offsetof(struct unified_bpf_ctx, desc));
	if (!t || !btf_type_is_struct(t) || t->size != sizeof(struct unified_descriptor))
		return NULL;
	return t;
}

/*
 * For the verifier, which looks for a structure of this name in the module's BTF:
 * the members of struct unified_bpf_ctx, by name and type, that are as good as an
 * argument of the hook. Programs may store through them without a test for NULL,
 * so they are never NULL.
 */
struct unified_bpf_ctx__safe_trusted {
	struct unified_descriptor *desc;
};

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

/* What a program may write through a pointer to one of the kernel's structures. */
static int unified_policy_struct_access(struct bpf_verifier_log *log,
					const struct bpf_reg_state *reg, int off, int size)
{
	static const struct {
		int start, end;
	} writable[] = {
#define UNIFIED_WRITABLE(member)                                                                   \
	{ offsetof(struct unified_descriptor, member),                                             \
	  offsetofend(struct unified_descriptor, member) }
		UNIFIED_WRITABLE(flags),
		UNIFIED_WRITABLE(lba),
		UNIFIED_WRITABLE(targets),
	};
	int i;

	if (btf_type_by_id(reg->btf, reg->btf_id) == descriptor_type)
		for (i = 0; i < ARRAY_SIZE(writable); i++)
			if (off >= writable[i].start && off + size <= writable[i].end)
				return SCALAR_VALUE;
	bpf_log(log, "a policy may write flags, lba and targets of its descriptor only\n");
	return -EACCES;
}

static const struct bpf_verifier_ops unified_policy_verifier_ops = {
	.get_func_proto = bpf_base_func_proto,
	.is_valid_access = unified_policy_is_valid_access,
	.btf_struct_access = unified_policy_struct_access,
};

/*
 * The ID of a type that this module was built with is too low by what the running
 * kernel has more of types before its own. Nothing that is exported tells how many:
 * the type of a policy is looked for, which no other type looks like.
 */
static int unified_policy_type_init(struct btf *btf)
{
	u32 id = unified_ops_id[0];
	const struct btf_type *t;

	for (; (t = btf_type_by_id(btf, id)); id++) {
		if (!btf_type_is_struct(t) || t->size != sizeof(struct unified_region_ops))
			continue;
		descriptor_type = unified_descriptor_type(btf, t);
		if (!descriptor_type)
			continue;
		btf_shift = id - unified_ops_id[0];
		return 0;
	}
	return -EPROTO;
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

static s32 unified_stub_rx(struct unified_bpf_ctx *ctx, struct unified_stream *stream)
{
	return 0;
}

static s32 unified_stub_submit(struct unified_bpf_ctx *ctx)
{
	return 0;
}

static s32 unified_stub_complete(struct unified_bpf_ctx *ctx, struct unified_completion *done)
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
	.update = unified_policy_update,
	.cfi_stubs = &unified_policy_stubs,
	.name = "unified_region_ops",
	.owner = THIS_MODULE,
};

/*
 * Where this module has no BTF, or its kernel takes none, BPF says that all went well
 * and has no policies and, for the same reason, no kfuncs.
 */
int unified_policy_register_type(void)
{
	int ret;

	static_assert(UNIFIED_POLICY_NAME == UNIFIED_POLICY_NAME_LEN);
	static_assert(UNIFIED_POLICY_ERRORS == UNIFIED_POLICY_MAX_ERRORS);
	BTF_TYPE_EMIT(struct unified_bpf_ctx__safe_trusted);

	ret = register_bpf_struct_ops(&unified_policy_type, unified_region_ops);
	if (ret || descriptor_type)
		return ret;
	pr_err("unified_io_region: built without BTF, see docs/testing.md\n");
	return -ENOEXEC;
}
