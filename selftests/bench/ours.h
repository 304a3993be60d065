/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the paths through a region share: the region, its target, its policy.
 */
#ifndef OURS_H
#define OURS_H

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "io_uring_unified.h"

#define OURS_FRAGMENT 1448

static struct io_unified_region region;
static uint64_t allocations;

/* A region with the drive as target 0, and the policy of that name, if it is loaded. */
static inline void ours_open(struct bench *b, unsigned int target_flags, const char *policy)
{
	struct unified_io_setup setup = {
		.region_size = 32 << 20, .sq_entries = 256, .cq_entries = 256, .slot_size = 1 << 20
	};
	struct unified_io_target target = { .flags = target_flags };
	struct unified_io_bpf bpf = {};
	void *addr;

	region.fd = must(open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC), UNIFIED_IO_DEVICE);
	if (unified_io_create(region.fd, &setup, &addr))
		die("no region");
	region.addr = addr;
	region.offsets = setup.offsets;
	target.fd = must(open(DRIVE, O_RDWR | O_CLOEXEC), DRIVE);
	must(ioctl(region.fd, UNIFIED_IO_ADD_TARGET, &target), "ADD_TARGET");
	close(target.fd);
	if (policy) {
		strncpy(bpf.name, policy, sizeof(bpf.name) - 1);
		must(ioctl(region.fd, UNIFIED_IO_ATTACH_BPF, &bpf), policy);
	}
	b->buffers = io_unified_data(&region, 0);
	memset(b->buffers, 0x5a, (size_t)b->qd * b->bytes);
}

/*
 * After each run: nothing was copied, and once all is warm nothing was allocated.
 */
static inline void ours_check(bool warm)
{
	struct unified_io_info info;
	struct unified_io_ledger *l = &info.region.ledger;

	must(ioctl(region.fd, UNIFIED_IO_GET_INFO, &info), "GET_INFO");
	if (l->bytes_bounced || l->failed || l->refused)
		die("%llu bytes were copied, %llu operations failed",
		    (unsigned long long)l->bytes_bounced,
		    (unsigned long long)(l->failed + l->refused));
	if (warm && l->allocations != allocations)
		die("%llu allocations", (unsigned long long)(l->allocations - allocations));
	allocations = l->allocations;
}

#endif
