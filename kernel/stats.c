// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger: what was done in a region, counted where it is done.
 *
 * Each CPU has a ledger of its own, so that counting takes no lock and shares
 * no cache line; unified_count() of region.h may be called in any context. The
 * sum is no snapshot: each number is right, two of them may be of different
 * moments.
 */
#include <linux/percpu.h>

#include "region.h"

#define LEDGER_LINES (sizeof(struct unified_io_ledger) / sizeof(u64))

int unified_ledger_init(struct unified_io_region *r)
{
	r->ledger = alloc_percpu_gfp(struct unified_io_ledger, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return r->ledger ? 0 : -ENOMEM;
}

void unified_ledger_exit(struct unified_io_region *r)
{
	free_percpu(r->ledger);
}

void unified_ledger_info(struct unified_io_region *r, struct unified_io_ledger *sum)
{
	u64 *total = (u64 *)sum;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		const u64 *line = (const u64 *)per_cpu_ptr(r->ledger, cpu);

		for (i = 0; i < LEDGER_LINES; i++)
			total[i] += READ_ONCE(line[i]);
	}
}
