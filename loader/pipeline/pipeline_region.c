// SPDX-License-Identifier: GPL-2.0
/*
 * The region of unifiedctl ingest, see pipeline.h: made once for all queues.
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

#include "pipeline.h"
#include "layout.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

#define HUGE_PAGE (2ULL << 20)

/* Lists and what comes with them; huge pages are not shared between queues. */
#define LISTS_PART                                                                                 \
	((INGEST_LISTS + INGEST_STAGING + INGEST_ZEROES + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE)

static uint64_t rx_size(const struct ingest_options *opt)
{
	return opt->nr_queues * (LISTS_PART + (opt->nic ? opt->area_max : 0));
}

uint64_t ingest_lists_of(const struct ingest_queue *q)
{
	const struct unified_io_offsets *o = &q->in->setup.offsets;

	return o->rx - o->data + q->index * LISTS_PART;
}

uint64_t ingest_area_of(const struct ingest_queue *q)
{
	const struct unified_io_offsets *o = &q->in->setup.offsets;
	const struct ingest_options *opt = &q->in->opt;

	return o->rx - o->data + opt->nr_queues * LISTS_PART + q->index * opt->area_max;
}

/* The rings, and the lists of all queues. */
uint64_t ingest_loop_memory(const struct ingest *in)
{
	return in->setup.offsets.rx + in->opt.nr_queues * LISTS_PART;
}

static int setup(struct ingest *in)
{
	const struct ingest_options *opt = &in->opt;
	char size[32];

	in->setup = (struct unified_io_setup){
		.sq_entries = 64,
		.cq_entries = 64,
		.nvme_fd = -1,
		.uring_fd = -1,
		.net_ifindex = opt->ifindex,
		.net_rxq = opt->nic ? opt->queues[0] : 0,
		.ring_size = opt->nr_queues * INGEST_RING_PART,
		.rx_size = rx_size(opt),
		.slot_size = INGEST_SLOT,
	};
	in->setup.region_size = in->setup.ring_size + in->setup.rx_size + 2 * HUGE_PAGE;
	if (!opt->nic)
		in->setup.region_size += opt->nr_queues * opt->area;
	human(in->setup.region_size, size, sizeof(size));
	if (ioctl(in->fd, UNIFIED_IO_SETUP, &in->setup)) {
		if (errno == ENOMEM)
			return fail(0,
				    "there is no memory for a region of %s: take a smaller --area",
				    size);
		if (errno == ERANGE)
			return fail(0, "%s has no queue %u. See: ethtool -l %s", opt->nic,
				    opt->queues[0], opt->nic);
		return fail(-errno, "cannot make a region of %s", size);
	}
	in->map_len = in->setup.region_size;
	in->map = mmap(NULL, in->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, in->fd, 0);
	if (in->map == MAP_FAILED) {
		in->map = NULL;
		return fail(-errno, "cannot map the region");
	}
	return EXIT_OK;
}

/* What is asked of them all, they have in common. */
static int add_targets(struct ingest *in)
{
	const struct ingest_options *opt = &in->opt;
	unsigned int i;
	int ret;

	for (i = 0; i < opt->nr_targets; i++) {
		struct unified_io_target *t = &in->targets[i];

		t->access = UNIFIED_TARGET_WRITE;
		t->flags = (opt->block ? UNIFIED_TARGET_F_BLOCK : 0) |
			   (opt->nvme ? UNIFIED_TARGET_F_NVME : 0);
		ret = target_add(in->fd, opt->targets[i], t);
		if (ret)
			return ret;
		if (t->lba_size > INGEST_ZEROES)
			return fail(0,
				    "'%s' has blocks of %u bytes: more than %u are not supported",
				    opt->targets[i], t->lba_size, INGEST_ZEROES);
		if (i && t->lba_size != in->block)
			return fail(0,
				    "'%s' has blocks of %u bytes and '%s' of %u: targets of one "
				    "ingest have blocks of one size",
				    opt->targets[0], in->block, opt->targets[i], t->lba_size);
		in->block = t->lba_size;
		if (opt->start % in->block)
			return fail_usage("--start is to be whole blocks, of %u bytes", in->block);
		if (opt->start >= target_size(t))
			return fail(0, "'%s' ends before --start", opt->targets[i]);
	}
	return EXIT_OK;
}

void ingest_region_space(const struct ingest *in, struct ingest_space *space)
{
	unsigned int i;

	memset(space, 0, sizeof(*space));
	for (i = 0; i < in->opt.nr_targets; i++) {
		space->next[i] = in->opt.start / in->block;
		space->end[i] = target_size(&in->targets[i]) / in->block;
	}
}

int ingest_region_open(struct ingest *in)
{
	int ret;

	in->fd = module_open();
	if (in->fd < 0)
		return fail(0, "%s", module_advice(in->fd));
	ret = setup(in);
	return ret ?: add_targets(in);
}

int ingest_region_seal_part(const struct ingest *in, uint64_t offset, uint64_t len)
{
	struct unified_io_seal part = { .offset = offset, .len = len };

	return ioctl(in->fd, UNIFIED_IO_SEAL_PART, &part) ? -errno : 0;
}

/* All of it, or, where areas are added later, all but the memory of those. 0 or -errno. */
static int seal(const struct ingest *in)
{
	const struct unified_io_offsets *o = &in->setup.offsets;
	const struct ingest_options *opt = &in->opt;
	unsigned int i;
	int ret;

	if (!opt->nic || opt->area_max == opt->area)
		return ioctl(in->fd, UNIFIED_IO_SEAL) ? -errno : 0;
	ret = ingest_region_seal_part(in, o->rx, opt->nr_queues * LISTS_PART);
	for (i = 0; i < opt->nr_queues && !ret; i++)
		ret = ingest_region_seal_part(in, o->data + in->queue[i].data, opt->area);
	return ret;
}

int ingest_region_seal(struct ingest *in)
{
	const struct unified_io_offsets *o = &in->setup.offsets;
	int ret;

	munmap(in->map, in->map_len);
	in->map = NULL;
	ret = seal(in);
	if (ret)
		return fail(ret, "cannot seal the region");
	if (in->opt.nic)
		return EXIT_OK;
	in->map_len = in->setup.region_size - o->slots;
	in->map = mmap(NULL, in->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, in->fd, o->slots);
	if (in->map == MAP_FAILED) {
		in->map = NULL;
		return fail(-errno, "cannot map the slots of the region");
	}
	return EXIT_OK;
}

void ingest_region_close(struct ingest *in)
{
	if (in->map)
		munmap(in->map, in->map_len);
	if (in->fd >= 0)
		close(in->fd);
}
