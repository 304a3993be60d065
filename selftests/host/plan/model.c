// SPDX-License-Identifier: GPL-2.0
/*
 * The planner against a plain model: thousands of generated lists of pieces, on
 * devices of every kind. Each command must be one that the device can do, all
 * of them together must be the data, byte for byte, and nothing may be copied
 * that could go as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "../../selftest.h"
#include "plan.h"

#define CASES	   20000
#define MAX_PIECES 256
#define MAX_OUT	   600

static struct unified_segment list[MAX_PIECES], out[MAX_OUT];
static struct unified_pieces pieces = { .list = list };
static u32 total;
static unsigned int seen[4], fitted;

static u32 any(u32 below)
{
	return random() % below;
}

static void make_limits(struct unified_limits *l)
{
	static const u32 aligns[] = { 0, 3, 3, 3, 511 };

	l->block = any(2) ? 512 : 4096;
	l->start_mask = aligns[any(5)];
	l->end_mask = any(2) ? l->start_mask : 0;
	l->gap_mask = any(4) ? 0 : 4095;
	l->boundary_mask = any(4) ? UNIFIED_PLAN_BOUNDARY : any(2) ? 65535 : 4095;
	l->max_segments = any(3) ? 127 : 2 + any(40);
	l->max_bytes = any(2) ? 512 << 10 : 8192 + 512 * any(100);
}

static void no_pieces(void)
{
	pieces.nr = pieces.starts = pieces.ends = 0;
}

/* Pieces as a network or an application would leave them. */
static void make_pieces(void)
{
	static const u32 lengths[] = { 1448, 1446, 1447, 4096, 512, 1, 4, 8948, 100, 65536 };
	u32 len = lengths[any(10)], n = 1 + any(64), i;
	int habit = any(5);
	/* Some of them lie across a boundary that every device has. */
	u64 addr = (1ULL << 32) - (any(4) ? 0 : 4 * any(50000));

	no_pieces();
	total = 0;
	for (i = 0; i < n; i++) {
		u32 l = habit == 4 ? 1 + any(9000) : len;

		if (habit == 0)
			addr = (addr + 4095) & ~4095ULL; /* a page each */
		else if (habit == 1)
			addr += 24; /* packed, with headers between */
		else if (habit == 2)
			addr = (addr & ~4095ULL) + 4096 * (1 + any(50)) + 4 * any(8);
		else if (habit == 3)
			addr += any(2) ? 0 : 1 + any(5000);
		else
			addr += any(20000);
		/* The memory of a region comes in parts that lie across none. */
		if ((addr ^ (addr + l - 1)) >> 32)
			addr = 1ULL << 32;
		unified_plan_append(&pieces, addr, l);
		addr += l;
		total += l;
	}
}

/* The address of byte n of the data. */
static u64 byte_at(u32 n)
{
	u32 i;

	for (i = 0; n >= list[i].len; i++)
		n -= list[i].len;
	return list[i].addr + n;
}

/* Could bytes [from, from + len) go as they are? */
static bool is_clean(const struct unified_limits *l, u32 from, u32 len)
{
	u32 start = l->start_mask | l->gap_mask, end = l->end_mask | l->gap_mask, i, pos = 0, n = 0;

	for (i = 0; i < pieces.nr; pos += list[i++].len) {
		u64 addr = list[i].addr, stop;
		u32 first = from > pos ? from - pos : 0, last = list[i].len;

		if (pos + last <= from || pos >= from + len)
			continue;
		if ((addr + first) & (n ? start : l->start_mask))
			return false;
		if (pos + last < from + len && ((addr + last) & end))
			return false;
		/* A segment up to each boundary, and one more. */
		stop = addr + (pos + last < from + len ? last : from + len - pos) - 1;
		n += stop / (l->boundary_mask + 1) - (addr + first) / (l->boundary_mask + 1) + 1;
	}
	return n <= l->max_segments;
}

/* What is said of a whole command in one look must be what a look at each piece says. */
static bool fits(const struct unified_limits *l)
{
	return is_clean(l, 0, total) && total <= l->max_bytes &&
	       l->boundary_mask >= UNIFIED_PLAN_BOUNDARY;
}

static const char *check_command(const struct unified_limits *l, const struct unified_plan *p,
				 u32 done)
{
	u32 i, run = 0, pos = done, cost = 0, copied = 0;

	for (i = 0; i < p->nr; i++) {
		u32 start = l->start_mask | (i ? l->gap_mask : 0);

		if (!out[i].len)
			return "an empty segment";
		if (byte_at(pos) != out[i].addr || byte_at(pos + out[i].len - 1) != out[i].addr + out[i].len - 1)
			return "other bytes than the data's";
		if (out[i].copied) {
			cost += (run + out[i].len + 4095) / 4096 - (run + 4095) / 4096;
			run += out[i].len;
			copied += out[i].len;
		} else {
			if (out[i].addr & start)
				return "a start that the device cannot do";
			if (out[i].addr + out[i].len - 1 > (out[i].addr | l->boundary_mask))
				return "a segment across a boundary";
			if (run && (run & (l->end_mask | l->gap_mask)))
				return "a copied run that ends where the device cannot go on";
			run = 0;
			cost++;
		}
		if (!out[i].copied && i + 1 < p->nr &&
		    ((out[i].addr + out[i].len) & (l->end_mask | l->gap_mask)))
			return "an end that the device cannot do";
		pos += out[i].len;
	}
	if (pos - done != p->bytes || copied != p->copied)
		return "wrong sums";
	if (!p->bytes || p->bytes % l->block || p->bytes > l->max_bytes || cost > l->max_segments)
		return "more than the device takes, or no whole blocks";
	if (copied && is_clean(l, done, p->bytes))
		return "a copy that was not needed";
	if ((p->kind == UNIFIED_PLAN_BOUNCE) != !!copied)
		return "a wrong kind";
	return NULL;
}

static const char *check_case(const struct unified_limits *l)
{
	struct unified_cursor at = {};
	struct unified_plan plan;
	const char *wrong;
	u32 done = 0;

	if (unified_plan_fits(l, &pieces, total) != fits(l))
		return "a wrong answer to whether all of it is one command";
	fitted += fits(l);
	while (done < total) {
		if (unified_plan_command(l, &pieces, &at, out, MAX_OUT, &plan))
			return l->block > l->max_bytes ? NULL : "no command for a block";
		seen[plan.kind]++;
		if (plan.kind == UNIFIED_PLAN_HOLD)
			return total - done < l->block ? NULL : "held although there is a block";
		wrong = check_command(l, &plan, done);
		if (wrong)
			return wrong;
		done += plan.bytes;
	}
	return NULL;
}

static void generated(void)
{
	struct unified_limits l;
	const char *wrong = NULL;
	int i;

	srandom(1);
	for (i = 0; i < CASES && !wrong; i++) {
		make_limits(&l);
		make_pieces();
		wrong = check_case(&l);
	}
	if (!ok(!wrong, "%d generated cases", CASES))
		diag("case %d: %s (block %u masks %x %x %x boundary %llx segments %u bytes %u, %u pieces)",
		     i, wrong, l.block, l.start_mask, l.end_mask, l.gap_mask,
		     (unsigned long long)l.boundary_mask, l.max_segments, l.max_bytes, pieces.nr);
	ok(seen[0] && seen[1] && seen[2] && seen[3],
	   "of them %u direct, %u gathered, %u with a copy, %u held", seen[0], seen[1], seen[2],
	   seen[3]);
	ok(fitted > CASES / 20 && fitted < CASES, "%u were one command as they are", fitted);
}

/* 32 segments of a TCP stream, a page each: one command, nothing copied. */
static void mss_1448(void)
{
	struct unified_limits l = { 512, 3, 3, 0, UNIFIED_PLAN_BOUNDARY, 127, 512 << 10 };
	struct unified_cursor at = {};
	struct unified_plan plan;
	u32 i;

	no_pieces();
	for (i = 0; i < 32; i++)
		unified_plan_append(&pieces, (u64)i * 4096, 1448);
	unified_plan_command(&l, &pieces, &at, out, MAX_OUT, &plan);
	ok(plan.kind == UNIFIED_PLAN_GATHER && plan.bytes == 46080 && !plan.copied,
	   "32 x 1448 bytes: one command of 46080, nothing copied");
	ok(at.piece == 31 && at.offset == 46080 - 31 * 1448, "and the rest is left");
	unified_plan_command(&l, &pieces, &at, out, MAX_OUT, &plan);
	ok(plan.kind == UNIFIED_PLAN_HOLD && !plan.bytes, "held: it is no block");
}

static void merging(void)
{
	no_pieces();
	unified_plan_append(&pieces, 4096, 4096);
	unified_plan_append(&pieces, 8192, 100);
	ok(pieces.nr == 1 && list[0].len == 4196, "what follows is merged");
	unified_plan_append(&pieces, 8293, 1);
	ok(pieces.nr == 2, "what does not is not");
	list[1].len = 0xffffff00;
	unified_plan_append(&pieces, 8293 + 0xffffff00ULL, 0x100);
	ok(pieces.nr == 3, "no length wraps");
	no_pieces();
	unified_plan_append(&pieces, 0xfffff000, 0x1000);
	unified_plan_append(&pieces, 0x100000000ULL, 0x1000);
	ok(pieces.nr == 2, "nothing is merged across 4 GiB");
}

int main(void)
{
	merging();
	mss_1448();
	generated();
	return done();
}
