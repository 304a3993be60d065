/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies, for who asks them and for who lets them be registered. What they are made
 * of is in chain.h.
 */
#ifndef UNIFIED_POLICY_H
#define UNIFIED_POLICY_H

#include <linux/bits.h>
#include <linux/types.h>

#include "region.h"
#include "unified_io.h"
#include "unified_kfuncs.h"

struct unified_op;

/* registry.c: which policies there are, and where */
int unified_policy_register(struct unified_region_ops *ops);
void unified_policy_unregister(struct unified_region_ops *ops);
int unified_policy_replace(struct unified_region_ops *ops, struct unified_region_ops *old);
int unified_policy_attach(struct unified_io_region *r, const struct unified_io_bpf *bpf);
int unified_policy_detach(struct unified_io_region *r, const struct unified_io_bpf *bpf);
int unified_policy_info_from(u32 id, struct unified_io_policy_info *info);
u32 unified_policy_count(void);
int unified_attachments_init(struct unified_io_region *r);
void unified_attachments_close(struct unified_io_region *r);
void unified_attachments_exit(struct unified_io_region *r);

/* policy.c: struct_ops unified_region_ops */
int unified_policy_register_type(void);

/* How much higher this module's BTF IDs are in the running kernel than when it was built. */
u32 unified_btf_shift(void);

/* chain.c: asks them */
int unified_chain_process(struct unified_op *op);
int unified_chain_rx(struct unified_io_region *r, struct unified_rx *rx);
int unified_chain_submit(struct unified_op *op);
int unified_chain_complete(struct unified_op *op);

/* The hooks that operations and data ask. */
enum unified_hook {
	UNIFIED_HOOK_PROCESS,
	UNIFIED_HOOK_RX,
	UNIFIED_HOOK_SUBMIT,
	UNIFIED_HOOK_COMPLETE,	      /* of those that want to see what went well, too */
	UNIFIED_HOOK_COMPLETE_ERRORS, /* of all */
	UNIFIED_NR_HOOKS,
};

/* Has any policy of the region this hook now? Any context. */
static inline bool unified_chain_has(const struct unified_io_region *r, enum unified_hook hook)
{
	return READ_ONCE(r->hooks) & BIT(hook);
}

/* Which complete hooks are asked about an operation that ended so. */
static inline enum unified_hook unified_hook_complete(s32 res)
{
	return unlikely(res) ? UNIFIED_HOOK_COMPLETE_ERRORS : UNIFIED_HOOK_COMPLETE;
}

/* kfuncs.c: what BPF programs may call */
int unified_kfuncs_register(void);

#endif
