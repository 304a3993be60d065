// SPDX-License-Identifier: GPL-2.0
/*
 * A policy with a knob of every type, with counters, and with variables that are neither.
 * Its hook adds up what the knobs are, as a program sees them.
 */
#include "unified.bpf.h"

enum speed { SLOW = 1, FAST = 7 };
enum distance { NEAR = -1, FAR = 1LL << 40 };

UNIFIED_KNOB(bool, on, false, "a switch");
UNIFIED_KNOB(__u8, of_u8, 1, "a byte", 1, 200);
UNIFIED_KNOB(__s8, of_s8, -1, "a byte with a sign");
UNIFIED_KNOB(__u16, of_u16, 2, "two bytes");
UNIFIED_KNOB(__s16, of_s16, -2, "two bytes with a sign", -300, 300);
UNIFIED_KNOB(__u32, of_u32, 4, "four bytes");
UNIFIED_KNOB(__s32, of_s32, -4, "four bytes with a sign");
UNIFIED_KNOB(__u64, of_u64, 8, "eight bytes");
UNIFIED_KNOB(__s64, of_s64, -8, "eight bytes with a sign");
UNIFIED_KNOB(__u64, size, 4096, "a size", 512, 1G, bytes);
UNIFIED_KNOB(enum speed, speed, SLOW, "a word");
UNIFIED_KNOB(enum distance, distance, NEAR, "a word of eight bytes");
UNIFIED_KNOB(char[6], word, "abc", "a text");
UNIFIED_KNOB_AT_LOAD(__u32, fixed, 5, "a constant", 1, 10);
UNIFIED_KNOB_AT_LOAD(char[4], magic, "ABCD", "a constant text");

const volatile __u32 no_knob = 1;

__u64 calls;
__s64 sum;
__u32 by_size[4];
__s32 level = -3;
bool called;
char first[4];

/* None of these is shown. */
static volatile __u64 of_this_file;
struct { __u64 a, b; } pair;
__u64 many[65];
__u64 elsewhere SEC(".data.elsewhere");

static __s64 add_all(void)
{
	/* 64 bits each: the sum of a u32 and an s32 has 32. */
	__s64 all = (__s64)of_u32 + of_s32;
	int i;

	all += on + of_u8 + of_s8 + of_u16 + of_s16;
	all += of_u64 + of_s64 + size + speed + distance + fixed;
	for (i = 0; i < sizeof(word); i++)
		all += word[i];
	for (i = 0; i < sizeof(magic); i++)
		all += magic[i];
	return all;
}

SEC("struct_ops/process")
s32 BPF_PROG(knobs_process, struct unified_bpf_ctx *uctx)
{
	__u32 len = uctx->data_len, which = len < 4 ? 0 : len < 64 ? 1 : len < 4096 ? 2 : 3;
	const __u8 *data = bpf_unified_data(uctx, 0, sizeof(first));

	__sync_fetch_and_add(&calls, 1);
	__sync_fetch_and_add(&by_size[which], 1);
	if (data)
		__builtin_memcpy(first, data, sizeof(first));
	sum = add_all();
	level += no_knob;
	called = true;
	of_this_file++;
	pair.a++;
	many[0]++;
	elsewhere++;
	return 0;
}

UNIFIED_HELP("adds up what its knobs are")
UNIFIED_POLICY(knobs,
	.process = (void *)knobs_process);
