// SPDX-License-Identifier: GPL-2.0
/*
 * The program of a queue's loop, see pipeline.h: told where all is, loaded, and
 * given to the ring.
 */
#include <errno.h>
#include <stdint.h>

#include "bpf_log.h"
#include "layout.h"
#include "pipeline.h"
#include "unifiedctl.h"

const struct loop_stats *pipeline_queue_stats(const struct pipeline_queue *q)
{
	static const struct loop_stats none;

	return q->loop.stats ?: &none;
}

/* For how long a stream may find no buffer. */
#define STARVED_MS 10000

/* How often the loop looks at what waits. */
static unsigned int tick_ms(const struct pipeline_options *opt)
{
	return opt->flush_ms < 100 ? opt->flush_ms : 100;
}

/* Of an area, without a quarter that is for the NIC's ring and for sockets. */
static uint32_t budget(const struct pipeline *p)
{
	uint64_t buffers = p->opt.area / p->opt.buffer;

	return p->opt.nic ? buffers - buffers / 4 : p->region.setup.nr_slots / p->opt.nr_queues;
}

/* What half of the commands take. */
static uint32_t budget_most(const struct pipeline_options *opt)
{
	uint64_t each = opt->command > opt->buffer ? opt->command / opt->buffer : 1;

	return opt->nic ? LOOP_COMMANDS / 2 * each : UINT32_MAX;
}

static void configure(struct pipeline_queue *q)
{
	static const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	const struct pipeline_options *opt = &q->pipeline->opt;
	const struct unified_io_offsets *o = &q->pipeline->region.setup.offsets;
	const struct io_uring_params *params = &q->params;
	uint64_t page = 4096;

	*q->loop.setup = (struct loop_config){
		.cq_size = (params->cq_off.cqes + params->cq_entries * 32 + page - 1) & -page,
		.sq_size = params->sq_entries * 128,
		.mem_size = pipeline_loop_memory(q->pipeline),
		.sq_tail = params->sq_off.tail,
		.sq_mask = params->sq_entries - 1,
		.cq_head = params->cq_off.head,
		.cq_tail = params->cq_off.tail,
		.cq_mask = params->cq_entries - 1,
		.cqes = params->cq_off.cqes,
		.cq_dropped = params->cq_off.overflow,
		.zcrx = !!opt->nic,
		.zcrx_id = q->zcrx.zcrx_id,
		.refill = q->memory + PIPELINE_AT_REFILL,
		.refill_head = q->zcrx.offsets.head,
		.refill_tail = q->zcrx.offsets.tail,
		.refill_rqes = q->zcrx.offsets.rqes,
		.refill_mask = q->zcrx.rq_entries - 1,
		.area_shift = __builtin_ctzll(opt->area),
		.buffer_shift = __builtin_ctzll(opt->buffer),
		.buffer_mask = opt->buffer - 1,
		.data = o->data,
		.area = q->data,
		.slots = o->slots - o->data,
		.slot_size = PIPELINE_SLOT,
		.lists = q->lists,
		.staging = q->lists + LOOP_LISTS,
		.zeroes = q->lists + LOOP_LISTS + LOOP_STAGING,
		.user_data_area = (uintptr_t)q->pipeline->region.map - (o->slots - o->data),
		.region = q->pipeline->region.setup.id,
		.submit = UNIFIED_IO_URING_SUBMIT,
		.budget = budget(q->pipeline),
		.budget_most = budget_most(opt),
		.targets = (1ULL << opt->nr_targets) - 1,
		.queues = opt->nr_queues,
		.require_zero_copy = opt->require_zero_copy,
		.tick = (uintptr_t)&q->tick,
		.nowhere = (uintptr_t)&nowhere,
		.quiet_ticks = (opt->flush_ms + tick_ms(opt) - 1) / tick_ms(opt),
		.starved_ticks = STARVED_MS / tick_ms(opt),
	};
}

static int load_all(struct pipeline_queue *q)
{
	struct pipeline *p = q->pipeline;
	struct bpf_object *obj = *q->loop.skeleton->obj;
	struct bpf_map *space = bpf_object__find_map_by_name(obj, LOOP_SPACE);
	struct bpf_map *own = bpf_object__find_map_by_name(obj, LOOP_PRIVATE);
	int ret;

	/* All take blocks from the same. */
	if (q->index && space)
		bpf_map__reuse_fd(space, p->space);
	ret = bpf_object__load_skeleton(q->loop.skeleton);
	if (ret)
		return bpf_log_fail(ret, "the kernel refuses the loop's program");
	/* Nobody can map it; now nobody can write to it by a system call, either. */
	ret = bpf_map_freeze(bpf_map__fd(own)) ? -errno : 0;
	if (ret)
		return fail(ret, "cannot freeze a BPF map");
	if (q->index || !space)
		return EXIT_OK;
	p->space = bpf_map__fd(space);
	return pipeline_region_space(p, space);
}

int pipeline_program_load(struct pipeline_queue *q)
{
	struct pipeline *p = q->pipeline;
	int ret;

	q->tick = (struct __kernel_timespec){ .tv_nsec = tick_ms(&p->opt) * 1000000LL };
	bpf_log_keep();
	ret = p->prog->open(&q->loop);
	if (ret)
		return fail(ret, "cannot open the loop's program");
	configure(q);
	if (p->prog->configure)
		p->prog->configure(p, q->loop.own_setup);
	q->loop.control->areas = 1;
	q->loop.control->areas_max = p->opt.area_max / p->opt.area;
	*q->loop.ring_fd = q->fd;
	ret = load_all(q);
	if (ret)
		return ret;
	bpf_log_drop();
	q->link = bpf_map__attach_struct_ops(q->loop.ops);
	return q->link ? EXIT_OK : fail(-errno, "cannot give the loop's program to io_uring");
}
