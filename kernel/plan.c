// SPDX-License-Identifier: GPL-2.0
/*
 * The planner, see plan.h.
 *
 * A segment goes as it is where its start is aligned for the device and it
 * meets its neighbours on boundaries that the device can do; what lies between
 * such places is copied, from the first byte that cannot go as it is to the
 * first place where the next segment can begin. A run that is copied starts on
 * a page of its own, so its end is aligned like its length.
 */
#include "plan.h"

/* A command as it grows. */
struct unified_build {
	const struct unified_limits *limits;
	struct unified_segment *segments;
	u32 max;
	u32 nr;
	u32 bytes;
	u32 run;   /* bytes of the run of copied segments at the end, or 0 */
	u32 cost;  /* segments, as the device counts them */
	u64 end;   /* address where the last segment ends, if it is not copied */
	bool full; /* no more fits */
	bool copy_all;
};

static bool unified_may_start(const struct unified_build *b, u64 addr)
{
	u32 start = b->limits->start_mask, end = b->limits->end_mask;

	if (b->copy_all)
		return false;
	if (!b->nr)
		return !(addr & start);
	start |= b->limits->gap_mask;
	end |= b->limits->gap_mask;
	return !(addr & start) && !((b->run ? b->run : b->end) & end);
}

/* How much of a piece that may start goes as it is. */
static u32 unified_direct_part(const struct unified_build *b, u64 addr, u32 len, bool last)
{
	u64 mask = b->limits->end_mask | b->limits->gap_mask;
	u64 end = (addr + len) & ~mask, stop = addr | b->limits->boundary_mask;

	if (addr + len - 1 > stop)
		return stop - addr + 1; /* where the rest may start */
	if (last)
		return len;
	return end > addr ? end - addr : 0;
}

/* How much of a piece that may not start is copied before the rest may. */
static u32 unified_copied_part(const struct unified_build *b, u64 addr, u32 len, bool last)
{
	u32 start = b->limits->start_mask | b->limits->gap_mask;
	u32 end = b->limits->end_mask | b->limits->gap_mask;
	u32 skip = -addr & start;

	/*
	 * end is a part of start: what holds at the first aligned address of the
	 * piece holds at all of them.
	 */
	if (b->copy_all || !skip || skip >= len || ((b->run + skip) & end))
		return len;
	return unified_direct_part(b, addr + skip, len - skip, last) ? skip : len;
}

static u32 unified_pages(u32 bytes)
{
	return (bytes + UNIFIED_PLAN_PAGE - 1) / UNIFIED_PLAN_PAGE;
}

static void unified_emit(struct unified_build *b, u64 addr, u32 len, u32 copied)
{
	u32 room = b->limits->max_bytes - b->bytes;
	u32 cost = b->cost + 1;

	if (copied) {
		/* A run may grow up to the end of its last page for nothing. */
		u32 spare = unified_pages(b->run) * UNIFIED_PLAN_PAGE - b->run;
		u32 more = b->limits->max_segments - b->cost;

		room = min(room, spare + more * UNIFIED_PLAN_PAGE);
		cost = b->cost + unified_pages(b->run + min(len, room)) - unified_pages(b->run);
	}
	if (len > room)
		b->full = true;
	len = min(len, room);
	if (!len || cost > b->limits->max_segments || b->nr == b->max) {
		b->full = true;
		return;
	}
	b->segments[b->nr++] = (struct unified_segment){ addr, len, copied };
	b->cost = cost;
	b->bytes += len;
	b->run = copied ? b->run + len : 0;
	b->end = addr + len;
}

static void unified_add(struct unified_build *b, u64 addr, u32 len, bool last)
{
	u32 part;

	while (len && !b->full) {
		part = unified_may_start(b, addr) ? unified_direct_part(b, addr, len, last) : 0;
		if (part) {
			unified_emit(b, addr, part, 0);
		} else {
			part = unified_copied_part(b, addr, len, last);
			unified_emit(b, addr, part, 1);
		}
		addr += part;
		len -= part;
	}
}

/* Down to whole blocks. */
static void unified_trim(struct unified_build *b)
{
	u32 extra = b->bytes & (b->limits->block - 1);
	struct unified_segment *last;

	b->bytes -= extra;
	while (extra) {
		u32 cut;

		last = b->segments + b->nr - 1;
		cut = min(last->len, extra);
		last->len -= cut;
		extra -= cut;
		if (!last->len)
			b->nr--;
	}
	/*
	 * The last segment may end anywhere: its end need not be copied. If a boundary
	 * is before that, it is a segment of its own.
	 */
	last = b->segments + b->nr - 1;
	if (b->nr < 2 || !last->copied || last[-1].copied ||
	    last[-1].addr + last[-1].len != last->addr)
		return;
	if (!(last->addr & b->limits->boundary_mask)) {
		last->copied = 0;
		return;
	}
	last[-1].len += last->len;
	b->nr--;
}

static void unified_advance(struct unified_cursor *at, const struct unified_segment *pieces,
			    u32 bytes)
{
	while (bytes) {
		u32 left = pieces[at->piece].len - at->offset;
		u32 step = min(bytes, left);

		at->offset += step;
		bytes -= step;
		if (step == left) {
			at->piece++;
			at->offset = 0;
		}
	}
}

static void unified_build(struct unified_build *b, const struct unified_pieces *pieces,
			  const struct unified_cursor *at)
{
	u32 i, offset = at->offset;

	for (i = at->piece; i < pieces->nr && !b->full; i++) {
		const struct unified_segment *piece = &pieces->list[i];

		unified_add(b, piece->addr + offset, piece->len - offset, i == pieces->nr - 1);
		offset = 0;
	}
	unified_trim(b);
}

/**
 * unified_plan_command - plan the next command
 * @limits: of the device; end_mask is a part of start_mask
 * @pieces: the data, in order
 * @at: where to begin; is moved to behind what was planned
 * @segments: the command's segments
 * @max: room in @segments
 * @plan: what the command is
 *
 * Return: 0, or -EINVAL if not even one block of this fits into one command.
 */
int unified_plan_command(const struct unified_limits *limits, const struct unified_pieces *pieces,
			 struct unified_cursor *at, struct unified_segment *segments, u32 max,
			 struct unified_plan *plan)
{
	struct unified_build b = { .limits = limits, .segments = segments, .max = max };
	u32 i;

	unified_build(&b, pieces, at);
	if (!b.bytes && b.full) {
		/* Too many small pieces for one block: make them few. */
		b = (struct unified_build){
			.limits = limits, .segments = segments, .max = max, .copy_all = true
		};
		unified_build(&b, pieces, at);
	}
	*plan = (struct unified_plan){ .kind = UNIFIED_PLAN_HOLD, .nr = b.nr, .bytes = b.bytes };
	if (!b.bytes)
		return b.full ? -EINVAL : 0;
	for (i = 0; i < b.nr; i++)
		if (segments[i].copied)
			plan->copied += segments[i].len;
	if (plan->copied)
		plan->kind = UNIFIED_PLAN_BOUNCE;
	else
		plan->kind = b.nr == 1 ? UNIFIED_PLAN_DIRECT : UNIFIED_PLAN_GATHER;
	unified_advance(at, pieces->list, b.bytes);
	return 0;
}
