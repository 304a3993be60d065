// SPDX-License-Identifier: GPL-2.0
/*
 * The receive area of a queue grows while it runs, see pipeline.h: by one of the size
 * that it began with, when the interface found no buffer, up to --area's maximum.
 *
 * The memory is the region's from the beginning. io_uring takes it by the address of
 * a mapping, which is made for that and gone again; then that part of the region is
 * sealed, and only then the loop is told, which until then uses nothing of it. All
 * this is done by the queue's thread, for which the loop has stopped.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "pipeline.h"
#include "unifiedctl.h"

/* As struct zcrx_ctrl, of which not every kernel's header has all. */
struct area_ctrl {
	uint32_t zcrx_id;
	uint32_t op;
	uint64_t resv[2];
	uint64_t arg;
	uint64_t resv2[5];
};

#define CTRL_ARM_EVENT 2
#define CTRL_ADD_AREA  3

/* Bits of an offset from here on are the number of an area. */
#define AREA_SHIFT 48

static int control(const struct pipeline_queue *q, unsigned int op, uint64_t arg)
{
	struct area_ctrl ctrl = { .zcrx_id = q->zcrx.zcrx_id, .op = op, .arg = arg };

	return io_uring_register(q->fd, IORING_REGISTER_ZCRX_CTRL, &ctrl, 0);
}

static bool grows(const struct pipeline_options *opt)
{
	return opt->area_max > opt->area;
}

/* Before the queue is bound: the loop is to hear when there is no buffer. */
void pipeline_area_events(const struct pipeline_queue *q, struct zcrx_event_desc *event)
{
	*event = (struct zcrx_event_desc){
		.user_data = LOOP_TAG(LOOP_STARVED, 0),
		.type_mask = grows(&q->pipeline->opt) ? 1 << ZCRX_EVENT_ALLOC_FAIL : 0,
	};
}

/* After that. Without an area io_uring says EFAULT, if it knows what is meant. */
int pipeline_area_check(struct pipeline_queue *q)
{
	if (!grows(&q->pipeline->opt) || control(q, CTRL_ADD_AREA, 0) == -EFAULT)
		return EXIT_OK;
	snprintf(q->why, sizeof(q->why),
		 "on this kernel a receive area cannot grow, which --area MIN,MAX asks for: give "
		 "it one size");
	return q->status = EXIT_FAILED;
}

static int add(const struct pipeline_queue *q, void *map, uint32_t n)
{
	struct io_uring_zcrx_area_reg area = {
		.addr = (uintptr_t)map,
		.len = q->pipeline->opt.area,
	};
	int ret = control(q, CTRL_ADD_AREA, (uintptr_t)&area);

	return ret || area.rq_area_token == (uint64_t)n << AREA_SHIFT ? ret : -EPROTO;
}

/* What does not work once is not tried again; there is as much as before. */
void pipeline_area_add(struct pipeline_queue *q)
{
	const struct pipeline *p = q->pipeline;
	struct loop_control *c = q->loop.control;
	uint64_t size = p->opt.area;
	uint64_t at = p->region.setup.offsets.data + q->data + c->areas * size;
	int ret = -ENOMEM;
	void *map;

	q->loop.stats->grow = 0;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->region.fd, at);
	if (map != MAP_FAILED) {
		ret = add(q, map, c->areas);
		munmap(map, size);
	}
	if (ret) {
		c->areas_max = c->areas;
		return;
	}
	ret = pipeline_region_seal_part(p, at, size);
	if (ret) {
		snprintf(q->why, sizeof(q->why),
			 "the receive area grew, and cannot be sealed: somebody has mapped it (%s)",
			 strerrorname_np(-ret));
		q->status = EXIT_FAILED;
		return;
	}
	c->areas++;
	control(q, CTRL_ARM_EVENT, ZCRX_EVENT_ALLOC_FAIL);
}
