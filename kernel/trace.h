/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace points: an operation is submitted, a policy decides, it is done.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM unified

#if !defined(UNIFIED_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define UNIFIED_TRACE_H

#include <linux/tracepoint.h>

#include "unified_io.h"

/* A formatter does not know how these are written. */
/* clang-format off */

TRACE_EVENT(unified_submit,
	TP_PROTO(u32 region, const struct unified_descriptor *desc),
	TP_ARGS(region, desc),
	TP_STRUCT__entry(
		__field(u32, region)
		__field(u64, user_data)
		__field(u64, addr)
		__field(u64, lba)
		__field(u32, len)
		__field(u32, targets)
		__field(u32, opcode)
		__field(u16, type)
		__field(u16, flags)
		__field(u32, nr_frags)
	),
	TP_fast_assign(
		__entry->region = region;
		__entry->user_data = desc->user_data;
		__entry->addr = desc->addr;
		__entry->lba = desc->lba;
		__entry->len = desc->len;
		__entry->targets = desc->targets;
		__entry->opcode = desc->opcode;
		__entry->type = desc->type;
		__entry->flags = desc->flags;
		__entry->nr_frags = desc->nr_frags;
	),
	TP_printk("region=%u user_data=%#llx type=%#x op=%u flags=%#x addr=%#llx len=%u frags=%u targets=%#x lba=%llu",
		  __entry->region, __entry->user_data, __entry->type, __entry->opcode,
		  __entry->flags, __entry->addr, __entry->len, __entry->nr_frags,
		  __entry->targets, __entry->lba)
);

TRACE_EVENT(unified_verdict,
	TP_PROTO(u32 region, const struct unified_descriptor *desc, const char *policy,
		 const char *hook, int verdict),
	TP_ARGS(region, desc, policy, hook, verdict),
	TP_STRUCT__entry(
		__field(u32, region)
		__field(u64, user_data)
		__field(u64, lba)
		__field(u32, targets)
		__field(int, verdict)
		__string(policy, policy)
		__string(hook, hook)
	),
	TP_fast_assign(
		__entry->region = region;
		__entry->user_data = desc->user_data;
		__entry->lba = desc->lba;
		__entry->targets = desc->targets;
		__entry->verdict = verdict;
		__assign_str(policy);
		__assign_str(hook);
	),
	TP_printk("region=%u user_data=%#llx policy=%s hook=%s verdict=%d targets=%#x lba=%llu",
		  __entry->region, __entry->user_data, __get_str(policy), __get_str(hook),
		  __entry->verdict, __entry->targets, __entry->lba)
);

TRACE_EVENT(unified_complete,
	TP_PROTO(u32 region, const struct unified_completion *done),
	TP_ARGS(region, done),
	TP_STRUCT__entry(
		__field(u32, region)
		__field(u64, user_data)
		__field(int, res)
		__field(u32, status)
		__field(u64, result)
		__field(u32, len)
		__field(u32, tries)
	),
	TP_fast_assign(
		__entry->region = region;
		__entry->user_data = done->user_data;
		__entry->res = done->res;
		__entry->status = done->status;
		__entry->result = done->result;
		__entry->len = done->len;
		__entry->tries = done->tries;
	),
	TP_printk("region=%u user_data=%#llx res=%d status=%#x result=%#llx len=%u tries=%u",
		  __entry->region, __entry->user_data, __entry->res, __entry->status,
		  __entry->result, __entry->len, __entry->tries)
);

/* clang-format on */
#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
