// SPDX-License-Identifier: GPL-2.0
/*
 * The region of a pipeline, see pipeline.h: made once for all queues.
 *
 *	rings	for each queue: its CQ, its SQ, the refill ring of its buffers
 *	rx	for each queue: lists of fragments, staging, zeroes
 *		for each queue: buffers
 *	slots	recv: what is received into, of all queues
 *
 * When all rings are registered it is sealed: from then on nobody, this process
 * included, has the rings mapped, nor the receive area writable. The memory of areas
 * that are added later is sealed then, see area.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layout.h"
#include "pipeline.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

#define HUGE_PAGE (2ULL << 20)

/* Lists and what comes with them; huge pages are not shared between queues. */
#define LISTS_PART                                                                                 \
	((LOOP_LISTS + LOOP_STAGING + LOOP_ZEROES + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE)

static uint64_t rx_size(const struct pipeline_options *opt)
{
	return opt->nr_queues * (LISTS_PART + (opt->nic ? opt->area_max : 0));
}

uint64_t pipeline_lists_of(const struct pipeline_queue *q)
{
	const struct unified_io_offsets *o = &q->pipeline->region.setup.offsets;

	return o->rx - o->data + q->index * LISTS_PART;
}

uint64_t pipeline_area_of(const struct pipeline_queue *q)
{
	const struct unified_io_offsets *o = &q->pipeline->region.setup.offsets;
	const struct pipeline_options *opt = &q->pipeline->opt;

	return o->rx - o->data + opt->nr_queues * LISTS_PART + q->index * opt->area_max;
}

/* The rings, and the lists of all queues. */
uint64_t pipeline_loop_memory(const struct pipeline *p)
{
	return p->region.setup.offsets.rx + p->opt.nr_queues * LISTS_PART;
}

static int make_region(struct pipeline *p)
{
	const struct pipeline_options *opt = &p->opt;
	struct unified_io_setup *s = &p->region.setup;

	*s = (struct unified_io_setup){
		.sq_entries = 64,
		.cq_entries = 64,
		.nvme_fd = -1,
		.uring_fd = -1,
		.net_ifindex = opt->ifindex,
		.ring_size = opt->nr_queues * PIPELINE_RING_PART,
		.rx_size = rx_size(opt),
		.slot_size = PIPELINE_SLOT,
	};
	s->region_size = s->ring_size + s->rx_size + 2 * HUGE_PAGE;
	if (!opt->nic)
		s->region_size += opt->nr_queues * opt->area;
	return region_open(&p->region, "take a smaller --area");
}

static int add_targets(struct pipeline *p)
{
	const struct pipeline_options *opt = &p->opt;
	const struct unified_io_target wanted = {
		.access = UNIFIED_TARGET_WRITE,
		.flags = (opt->block ? UNIFIED_TARGET_F_BLOCK : 0) |
			 (opt->nvme ? UNIFIED_TARGET_F_NVME : 0),
	};
	unsigned int i;
	int ret;

	ret = target_add_all(p->region.fd, opt->targets, opt->nr_targets, &wanted, opt->force,
			     p->targets);
	if (ret || !opt->nr_targets)
		return ret;
	p->block = p->targets[0].lba_size;
	if (p->block > LOOP_ZEROES)
		return fail(0, "'%s' has blocks of %u bytes: more than %u are not supported",
			    opt->targets[0], p->block, LOOP_ZEROES);
	if (opt->start % p->block)
		return fail_usage("--start is to be whole blocks, of %u bytes", p->block);
	for (i = 0; i < opt->nr_targets; i++)
		if (opt->start >= target_size(&p->targets[i]))
			return fail(0, "'%s' ends before --start", opt->targets[i]);
	return EXIT_OK;
}

int pipeline_region_space(const struct pipeline *p, const struct bpf_map *map)
{
	struct loop_space space = {};
	uint32_t key = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < p->opt.nr_targets; i++) {
		space.next[i] = p->opt.start / p->block;
		space.end[i] = target_size(&p->targets[i]) / p->block;
	}
	ret = bpf_map__update_elem(map, &key, sizeof(key), &space, sizeof(space), 0);
	return ret ? fail(ret, "cannot write a BPF map") : EXIT_OK;
}

int pipeline_region_open(struct pipeline *p)
{
	return make_region(p) ?: add_targets(p);
}

int pipeline_region_seal_part(const struct pipeline *p, uint64_t offset, uint64_t len)
{
	struct unified_io_seal part = { .offset = offset, .len = len };

	return ioctl(p->region.fd, UNIFIED_IO_SEAL_PART, &part) ? -errno : 0;
}

/* All of it, or, where areas are added later, all but the memory of those. 0 or -errno. */
static int seal(const struct pipeline *p)
{
	const struct unified_io_offsets *o = &p->region.setup.offsets;
	const struct pipeline_options *opt = &p->opt;
	unsigned int i;
	int ret;

	if (!opt->nic || opt->area_max == opt->area)
		return ioctl(p->region.fd, UNIFIED_IO_SEAL) ? -errno : 0;
	ret = pipeline_region_seal_part(p, o->rx, opt->nr_queues * LISTS_PART);
	for (i = 0; i < opt->nr_queues && !ret; i++)
		ret = pipeline_region_seal_part(p, o->data + p->queue[i].data, opt->area);
	return ret;
}

int pipeline_region_seal(struct pipeline *p)
{
	const struct unified_io_offsets *o = &p->region.setup.offsets;
	int ret;

	munmap(p->region.map, p->region.len);
	p->region.map = NULL;
	ret = seal(p);
	if (ret)
		return fail(ret, "cannot seal the region");
	if (p->opt.nic)
		return EXIT_OK;
	p->region.len = p->region.setup.region_size - o->slots;
	p->region.map = mmap(NULL, p->region.len, PROT_READ | PROT_WRITE, MAP_SHARED, p->region.fd,
			     o->slots);
	if (p->region.map == MAP_FAILED) {
		p->region.map = NULL;
		return fail(-errno, "cannot map the slots of the region");
	}
	return EXIT_OK;
}
