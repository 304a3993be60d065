/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools of buffers for tests, through the programs of progs/buffers.bpf.c. A
 * test begins with pool_programs().
 */
#ifndef POOL_H
#define POOL_H

#include <linux/types.h>

#include "policy.h"
#include "progs/buffers.h"
#include "region.h"

/* Owners that cannot be mistaken for anything else. */
#define OWNER(i) (0xabcd000000000000ULL + (i))

static struct policy programs;
static struct buffer_tally *tally;
static int progs[6];

enum {
	ALLOC,
	FREE,
	ADDR,
	HAMMER,
	TAKE_LIST,
	GIVE_LIST
};

/* A region with that many slots, and what is mapped of it. */
struct pool {
	struct unified_io_setup setup;
	int fd;
	char *map;
	struct unified_slot *mirror;
};

__attribute__((unused)) static struct pool pool_open(uint32_t slots)
{
	struct pool p = { .setup = REGION_SETUP };

	p.setup.slot_size = SLOT_SIZE;
	p.setup.ring_size = 0;
	p.setup.rx_size = 3 * SLOT_SIZE;
	p.setup.region_size = UNIFIED_IO_DATA_ALIGN + p.setup.rx_size + slots * SLOT_SIZE;
	p.fd = region_open(&p.setup);
	p.map = region_map(p.fd, 0, p.setup.region_size, PROT_READ | PROT_WRITE);
	if (!ok(p.fd >= 0 && p.map != MAP_FAILED && p.setup.nr_slots == slots,
		"a region with %u slots", slots))
		exit(done());
	p.mirror = (struct unified_slot *)(p.map + p.setup.offsets.slot_states);
	memset(tally, 0, sizeof(*tally));
	tally->first = p.setup.offsets.slots - p.setup.offsets.data;
	return p;
}

__attribute__((unused)) static void pool_close(struct pool *p)
{
	munmap(p->map, p->setup.region_size);
	close(p->fd);
}

__attribute__((unused)) static int64_t call(int prog, struct buffer_call call)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));

	if (bpf_prog_test_run_opts(progs[prog], &opts)) {
		diag("the program did not run: %s", strerror(errno));
		exit(done());
	}
	return call.result;
}

__attribute__((unused)) static int64_t alloc(const struct pool *p, uint64_t owner)
{
	return call(ALLOC, (struct buffer_call){ .region = p->setup.id, .owner = owner });
}

__attribute__((unused)) static int64_t give(const struct pool *p, int64_t buffer)
{
	return call(FREE, (struct buffer_call){ .region = p->setup.id, .buffer = buffer });
}

__attribute__((unused)) static int64_t addr(const struct pool *p, int64_t buffer)
{
	return call(ADDR, (struct buffer_call){ .region = p->setup.id, .buffer = buffer });
}

__attribute__((unused)) static void answers(int64_t got, int64_t expected, const char *what)
{
	if (!ok(got == expected, "%s", what))
		diag("got %lld", (long long)got);
}

__attribute__((unused)) static bool mirrors(const struct pool *p, int64_t buffer, uint32_t state,
					    uint32_t generation, uint64_t owner)
{
	const struct unified_slot *s = &p->mirror[(uint32_t)buffer];
	static int said;

	if (s->state == state && s->generation == generation && s->owner == owner)
		return true;
	if (!said++)
		diag("slot %u: state %u, generation %u, owner %llx", (uint32_t)buffer, s->state,
		     s->generation, (unsigned long long)s->owner);
	return false;
}

__attribute__((unused)) static uint32_t generation(int64_t buffer)
{
	return (uint64_t)buffer >> 32;
}

__attribute__((unused)) static struct unified_io_ledger ledger(const struct pool *p)
{
	return region_info(p->fd).ledger;
}

/* Take all there are, which must be so many and no more, and give them back. */
__attribute__((unused)) static void all_free(const struct pool *p, const char *when)
{
	int64_t held[MAX_SLOTS], n = 0;
	bool seen[MAX_SLOTS] = {};
	int64_t i, wrong = 0;

	while (n < p->setup.nr_slots && (held[n] = alloc(p, 1)) >= 0) {
		wrong += seen[(uint32_t)held[n]];
		seen[(uint32_t)held[n++]] = true;
	}
	if (!ok(n == p->setup.nr_slots && !wrong && alloc(p, 1) == -ENOBUFS,
		"%s: each slot can be had once", when))
		diag("%lld were to be had, %lld twice", (long long)n, (long long)wrong);
	for (i = 0; i < n; i++)
		give(p, held[i]);
	ok(region_info(p->fd).slots_held == 0, "%s: none is held", when);
}

__attribute__((unused)) static bool is_gone(uint32_t id)
{
	struct unified_io_region_info info;
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR), i, ret;

	for (i = 0; i < 300; i++) {
		info.id = id;
		ret = ioctl(fd, UNIFIED_IO_GET_REGION, &info);
		if (ret || info.id != id)
			break;
		usleep(10000);
	}
	close(fd);
	return i < 300;
}

__attribute__((unused)) static void pool_programs(void)
{
	static const char *const names[] = { "one_alloc", "one_free",  "one_addr",
					     "hammer",	  "take_list", "give_list" };
	int i;

	libbpf_set_print(NULL);
	programs = policy_open(PROGS "buffers.bpf.o", "hook");
	if (!ok(!bpf_object__load(programs.obj), "the programs load, for each context"))
		exit(done());
	for (i = 0; i < 6; i++)
		progs[i] =
			bpf_program__fd(bpf_object__find_program_by_name(programs.obj, names[i]));
	tally = policy_section(&programs, ".bss");
}

#endif
