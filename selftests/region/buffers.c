// SPDX-License-Identifier: GPL-2.0
/*
 * The buffers of a region's pool: each slot is handed out once, with its address;
 * an old handle is refused and counted; and what user space sees of it is a
 * mirror that decides nothing.
 */
#include <sched.h>

#include "pool.h"

/* --- one after the other --------------------------------------------------- */

#define SLOTS 300

static void once(void)
{
	struct pool p = pool_open(SLOTS);
	uint64_t first = p.setup.offsets.slots - p.setup.offsets.data;
	int64_t held[SLOTS];
	int i, right = 0, shown = 0, other = 0, back = 0, empty = 0;
	bool seen[SLOTS] = {};

	for (i = 0; i < SLOTS; i++) {
		uint32_t slot;
		int64_t at;

		held[i] = alloc(&p, OWNER(i));
		slot = held[i];
		at = addr(&p, held[i]);
		right += held[i] >= 0 && slot < SLOTS && !seen[slot] &&
			 at == (int64_t)(first + slot * SLOT_SIZE) &&
			 p.setup.offsets.data + at + SLOT_SIZE <= p.setup.region_size;
		if (slot < SLOTS)
			seen[slot] = true;
		shown += mirrors(&p, held[i], UNIFIED_SLOT_HELD, generation(held[i]), OWNER(i));
	}
	ok(right == SLOTS, "each is handed out once, with its address (%d)", right);
	ok(shown == SLOTS, "the mirror shows it held, and by whom (%d)", shown);
	ok(region_info(p.fd).slots_held == SLOTS && region_info(p.fd).slots_io == 0,
	   "GET_INFO counts them");
	answers(ledger(&p).buffers_exhausted, 0, "nobody went away empty");
	answers(alloc(&p, 1), -ENOBUFS, "no more are there");
	answers(alloc(&p, 1), -ENOBUFS, "however often one asks");
	answers(ledger(&p).buffers_exhausted, 2, "which is counted");
	for (i = 0; i < SLOTS; i += 2)
		back += !give(&p, held[i]);
	ok(region_info(p.fd).slots_held == SLOTS / 2, "every other one is given back");
	for (i = 0; i < SLOTS; i++)
		if (i % 2)
			other += mirrors(&p, held[i], UNIFIED_SLOT_HELD, generation(held[i]),
					 OWNER(i));
		else
			empty +=
				mirrors(&p, held[i], UNIFIED_SLOT_FREE, generation(held[i]) + 1, 0);
	ok(back == SLOTS / 2 && empty == SLOTS / 2 && other == SLOTS / 2,
	   "which the mirror shows, of these and no others (%d, %d)", empty, other);
	for (i = 1; i < SLOTS; i += 2)
		give(&p, held[i]);
	all_free(&p, "after that");
	pool_close(&p);
}

static void old_handles(void)
{
	struct pool p = pool_open(70);
	int64_t a, b, held[70];
	uint64_t stale;
	int i;

	answers(give(&p, 0), -ESTALE, "a slot that nobody ever had");
	a = alloc(&p, 1);
	answers(give(&p, a), 0, "one that is held is given back");
	answers(give(&p, a), -ESTALE, "and a second time");
	for (i = 0; i < 70; i++)
		held[i] = alloc(&p, OWNER(i));
	for (i = 0, b = -1; i < 70; i++)
		if ((uint32_t)held[i] == (uint32_t)a)
			b = held[i];
	if (!ok(b >= 0 && b != a, "when the slot is handed out again, it has another handle"))
		return;
	answers(give(&p, a), -ESTALE, "the old one gives nothing back");
	answers(give(&p, b + (1LL << 32)), -ESTALE, "nor one that is yet to come");
	answers(give(&p, b | 1LL << 63), -ESTALE, "nor one that is negative");
	ok(p.mirror[(uint32_t)b].state == UNIFIED_SLOT_HELD && region_info(p.fd).slots_held == 70,
	   "all are held as before");
	stale = ledger(&p).buffers_stale;
	answers(stale, 5, "those were counted");
	answers(addr(&p, a), addr(&p, b), "an old handle still has its address");

	answers(give(&p, 70), -ERANGE, "the slot after the last");
	answers(give(&p, (b & ~0xffffffffLL) | 70), -ERANGE, "in a generation that is right");
	answers(give(&p, 0xffffffff), -ERANGE, "the last slot that a number can name");
	answers(give(&p, -ENOBUFS), -ERANGE, "an errno in place of a handle");
	answers(addr(&p, 70), -ERANGE, "the address of the slot after the last");
	answers(addr(&p, -1), -ERANGE, "the address of nothing");
	answers(ledger(&p).buffers_stale, stale, "none of these is a stale one");
	for (i = 0; i < 70; i++)
		give(&p, held[i]);
	all_free(&p, "after that");
	pool_close(&p);
}

/* Take all, whose handles must be of that generation, and give them back. */
static bool all_are_of(const struct pool *p, uint32_t expected)
{
	int64_t held[MAX_SLOTS];
	uint32_t i, right = 0;

	for (i = 0; i < p->setup.nr_slots; i++) {
		held[i] = alloc(p, OWNER(i));
		right += held[i] >= 0 && generation(held[i]) == expected;
	}
	for (i = 0; i < p->setup.nr_slots; i++)
		right += !give(p, held[i]);
	return right == 2 * p->setup.nr_slots;
}

/* What user space writes there is not believed. */
static void scribbled(void)
{
	struct pool p = pool_open(70);
	size_t size = 70 * sizeof(*p.mirror);
	int64_t held;

	memset(p.mirror, 0xff, size);
	ok(region_info(p.fd).slots_held == 0, "over the mirror is written: none is held");
	ok(all_are_of(&p, 0), "each can be had, in its own generation");
	memset(p.mirror, 0, size);
	ok(all_are_of(&p, 1), "and, with zeroes there, in the next");
	held = alloc(&p, OWNER(7));
	memset(p.mirror, 0, size);
	answers(give(&p, (uint32_t)held), -ESTALE, "a handle as it is written there");
	ok(region_info(p.fd).slots_held == 1, "one is held");
	answers(give(&p, held), 0, "and given back");
	ok(mirrors(&p, held, UNIFIED_SLOT_FREE, 3, 0), "which the mirror shows again");
	pool_close(&p);
}

/* A region without a single slot. */
static void none(void)
{
	struct pool p = pool_open(0);

	answers(alloc(&p, 1), -ENOBUFS, "it has no buffer");
	answers(give(&p, 0), -ERANGE, "and takes none");
	answers(addr(&p, 0), -ERANGE, "nor has one an address");
	answers(ledger(&p).buffers_exhausted, 1, "which is counted, too");
	pool_close(&p);
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* What a CPU counted is not forgotten when it goes. */
static void without_cpu(void)
{
	struct pool p = pool_open(0);
	cpu_set_t all;

	sched_getaffinity(0, sizeof(all), &all);
	run_on(1);
	alloc(&p, 1);
	run_on(0);
	alloc(&p, 1);
	answers(ledger(&p).buffers_exhausted, 2, "two CPUs count");
	ok(!system("echo 0 >/sys/devices/system/cpu/cpu1/online"), "one of them goes");
	answers(ledger(&p).buffers_exhausted, 2, "what it counted does not");
	ok(!system("echo 1 >/sys/devices/system/cpu/cpu1/online"), "it is back");
	sched_setaffinity(0, sizeof(all), &all);
	pool_close(&p);
}

/* --- elsewhere ------------------------------------------------------------- */

static void by_hook(void)
{
	struct unified_io_submit s = { .desc = { .type = UNIFIED_REGION_F_BPF } };
	struct unified_io_bpf bpf = { .name = "hook" };
	struct pool p = pool_open(13);
	int i;

	programs.link = bpf_map__attach_struct_ops(programs.map);
	ok(programs.link && !ioctl(p.fd, UNIFIED_IO_ATTACH_BPF, &bpf), "a policy is attached");
	for (i = 0; i < 100 && !ioctl(p.fd, UNIFIED_IO_SUBMIT, &s); i++)
		;
	ok(i == 100 && tally->in_hook == 100 && !tally->twice && !tally->wrong,
	   "and takes buffers in its hook");
	all_free(&p, "after that");
	bpf_link__destroy(programs.link);
	programs.link = NULL;
	pool_close(&p);
}

static void by_xdp(void)
{
	char frame[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 100);
	struct bpf_program *prog = bpf_object__find_program_by_name(programs.obj, "on_frame");
	struct pool p = pool_open(13);

	tally->region = p.setup.id;
	ok(!bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) && opts.retval == 1 /* XDP_DROP */
		   && !tally->twice && !tally->wrong,
	   "an XDP program takes buffers");
	tally->region = 0;
	all_free(&p, "after that");
	pool_close(&p);
}

/* --- the end --------------------------------------------------------------- */

/* A region that goes takes its buffers along. */
static void goes(void)
{
	struct pool p = pool_open(13);
	int64_t held = alloc(&p, 1);

	alloc(&p, 2);
	pool_close(&p);
	ok(is_gone(p.setup.id), "it goes while buffers are held");
	answers(give(&p, held), -ENOENT, "they cannot be given back any more");
	p = pool_open(13);
	all_free(&p, "in the next one");
	pool_close(&p);
}

int main(void)
{
	pool_programs();
	once();
	old_handles();
	scribbled();
	none();
	without_cpu();
	by_hook();
	by_xdp();
	goes();
	policy_close(&programs);
	return done();
}
