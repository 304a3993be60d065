/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For authors of policies and steering programs: include this one file.
 *
 *	#include "unified.bpf.h"
 *
 *	SEC("struct_ops/submit")
 *	int BPF_PROG(my_submit, struct unified_bpf_ctx *uctx)
 *	{
 *		return UNIFIED_CONTINUE;
 *	}
 *
 *	UNIFIED_POLICY(mine,
 *		.submit = (void *)my_submit);
 *
 * Do not name an argument of BPF_PROG "ctx": the macro uses that name.
 */
#ifndef UNIFIED_BPF_H
#define UNIFIED_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#include "unified_kfuncs.h"
#pragma clang attribute pop

/* The ops table of a policy, and its licence: kfuncs are for GPL programs. */
#define UNIFIED_POLICY(policy, ...)				\
	SEC(".struct_ops.link")					\
	struct unified_region_ops policy = {			\
		.name = #policy,				\
		__VA_ARGS__					\
	};							\
	char _license[] SEC("license") = "GPL"

#endif
