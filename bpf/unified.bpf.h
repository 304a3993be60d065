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

/*
 * A knob is a variable that people may set, by its name: when they load the policy, and
 * while it runs.
 *
 *	UNIFIED_KNOB(__u64, rate, 10 << 20, "bytes a second", 1, 16G, bytes);
 *	UNIFIED_KNOB(bool, strict, false, "refuse what is not known");
 *	UNIFIED_KNOB_AT_LOAD(char[4], magic, "UIO1", "what data begins with");
 *
 * Its type is bool, an integer, an enum, whose names are its values, or an array of char.
 * Behind the text are the least and the most that an integer may be, if that is not for
 * its type to say, as numbers that may end with K, M, G or T; and "bytes", if its value
 * may, too.
 *
 * What is a knob at load only is constant to the verifier, so it may be a size or a number
 * of rounds. Others may change while a hook runs: read them once.
 */
#define UNIFIED_KNOB(type, name, value, help, ...)		\
	SEC(".data") __UNIFIED_TAGS(help, __VA_ARGS__)		\
	volatile __typeof__(type) name = value

#define UNIFIED_KNOB_AT_LOAD(type, name, value, help, ...)	\
	__UNIFIED_TAGS(help, __VA_ARGS__)			\
	const volatile __typeof__(type) name = value

/* What it does, for "unifiedctl policy help": before UNIFIED_POLICY(). */
#define UNIFIED_HELP(text)	__UNIFIED_TAG("help=" text)

/* What they are known by, in BTF. */
#define __UNIFIED_TAG(text)	__attribute__((btf_decl_tag("unified:" text)))
#define __UNIFIED_TEXT(...)	#__VA_ARGS__
#define __UNIFIED_TAGS(help, ...)				\
	UNIFIED_HELP(help) __VA_OPT__(__UNIFIED_RANGE(__VA_ARGS__))
#define __UNIFIED_RANGE(min, max, ...)				\
	__UNIFIED_TAG("range=" __UNIFIED_TEXT(min) ".." __UNIFIED_TEXT(max)) \
	__VA_OPT__(__UNIFIED_TAG("unit=" __UNIFIED_TEXT(__VA_ARGS__)))

/* The ops table of a policy, and its licence: kfuncs are for GPL programs. */
#define UNIFIED_POLICY(policy, ...)				\
	SEC(".struct_ops.link")					\
	struct unified_region_ops policy = {			\
		.name = #policy,				\
		__VA_ARGS__					\
	};							\
	char _license[] SEC("license") = "GPL"

#endif
