// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of a queue, see pipeline.h: its memory and its refill ring are in the
 * region, its files are the region and the connections.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "layout.h"
#include "nic.h"
#include "pipeline.h"
#include "unifiedctl.h"

/* How long the queue of one that was killed may take to be free, in 1/10 s. */
#define PATIENCE 50

static void *in_region(const struct pipeline_queue *q, uint64_t offset)
{
	return (char *)q->pipeline->region.map + offset;
}

static int make_ring(struct pipeline_queue *q)
{
	struct io_uring_params *params = &q->params;

	*params = (struct io_uring_params){
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_NO_SQARRAY |
			 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_NO_MMAP,
		.cq_entries = PIPELINE_CQ_ENTRIES,
		.cq_off.user_addr = (uintptr_t)in_region(q, q->memory + PIPELINE_AT_CQ),
		.sq_off.user_addr = (uintptr_t)in_region(q, q->memory + PIPELINE_AT_SQ),
	};
	q->fd = io_uring_setup(PIPELINE_SQ_ENTRIES, params);
	return q->fd < 0 ? pipeline_queue_failed(q, q->fd, "cannot make an io_uring") : EXIT_OK;
}

/* Slot 0 is the region, the rest is for connections. */
static int register_files(struct pipeline_queue *q)
{
	int files[LOOP_FIRST_FILE + LOOP_STREAMS];
	int ret;

	memset(files, 0xff, sizeof(files));
	files[LOOP_REGION_FILE] = q->pipeline->region.fd;
	ret = io_uring_register(q->fd, IORING_REGISTER_FILES, files,
				LOOP_FIRST_FILE + LOOP_STREAMS);
	return ret < 0 ? pipeline_queue_failed(q, ret, "cannot register files with io_uring")
		       : EXIT_OK;
}

/* What the loop may touch: not the buffers, of which it only has the addresses. */
static int register_memory(struct pipeline_queue *q)
{
	struct io_uring_region_desc desc = {
		.user_addr = (uintptr_t)q->pipeline->region.map,
		.size = pipeline_loop_memory(q->pipeline),
		.flags = IORING_MEM_REGION_TYPE_USER,
	};
	struct io_uring_mem_region_reg reg = { .region_uptr = (uintptr_t)&desc };
	int ret = io_uring_register(q->fd, IORING_REGISTER_MEM_REGION, &reg, 1);

	return ret < 0 ? pipeline_queue_failed(q, ret, "cannot give the region to io_uring")
		       : EXIT_OK;
}

static uint32_t refill_entries(const struct pipeline_options *opt)
{
	uint32_t n = 4096;

	/* A buffer can have several references, each with an entry of its own. */
	while (n < 4 * opt->area_max / opt->buffer && n < PIPELINE_MAX_REFILL)
		n *= 2;
	return n;
}

static int bind_queue(struct pipeline_queue *q)
{
	const struct pipeline_options *opt = &q->pipeline->opt;
	struct io_uring_region_desc desc = {
		.user_addr = (uintptr_t)in_region(q, q->memory + PIPELINE_AT_REFILL),
		.size = PIPELINE_RING_PART - PIPELINE_AT_REFILL,
		.flags = IORING_MEM_REGION_TYPE_USER,
	};
	struct zcrx_event_desc event;
	int tries, ret = 0;

	pipeline_area_events(q, &event);
	q->area = (struct io_uring_zcrx_area_reg){
		.addr = (uintptr_t)in_region(q, q->pipeline->region.setup.offsets.data + q->data),
		.len = opt->area,
	};
	for (tries = 0; tries < PATIENCE; tries++) {
		q->zcrx = (struct io_uring_zcrx_ifq_reg){
			.if_idx = opt->ifindex,
			.if_rxq = opt->queues[q->index],
			.rq_entries = refill_entries(opt),
			.area_ptr = (uintptr_t)&q->area,
			.region_ptr = (uintptr_t)&desc,
			.event_desc = event.type_mask ? (uintptr_t)&event : 0,
			.rx_buf_len = opt->buffer == 4096 ? 0 : opt->buffer,
		};
		ret = io_uring_register(q->fd, IORING_REGISTER_ZCRX_IFQ, &q->zcrx, 1);
		/* The ring of a process that was killed lets go of it some time later. */
		if (ret != -EEXIST && ret != -EBUSY)
			break;
		usleep(100000);
	}
	return ret;
}

static int register_zcrx(struct pipeline_queue *q)
{
	const struct pipeline_options *opt = &q->pipeline->opt;
	unsigned int queue = opt->queues[q->index];
	int ret = bind_queue(q);

	switch (-ret) {
	case 0:
		break;
	case EEXIST:
	case EBUSY:
		snprintf(
			q->why, sizeof(q->why),
			"queue %u of %s is in use: by another zero-copy receiver, AF_XDP or an XDP "
			"program",
			queue, opt->nic);
		return q->status = EXIT_FAILED;
	case ERANGE:
	case EOPNOTSUPP:
		snprintf(q->why, sizeof(q->why),
			 "%s does not give its queue %u to io_uring with buffers of %u bytes. See: "
			 "unifiedctl doctor; --recv works with every interface",
			 opt->nic, queue, (unsigned int)opt->buffer);
		return q->status = EXIT_FAILED;
	default:
		snprintf(q->why, sizeof(q->why), "cannot receive from queue %u of %s: %s", queue,
			 opt->nic, strerror(-ret));
		return q->status = EXIT_FAILED;
	}
	/* The loop numbers areas as the kernel does, from 0. */
	if (q->area.rq_area_token)
		return pipeline_queue_failed(q, -EPROTO,
					     "the kernel numbers receive areas otherwise");
	ret = nic_queue_napi(opt->ifindex, queue, &q->napi);
	if (ret)
		return pipeline_queue_failed(q, ret, "cannot find the queue's NAPI");
	return pipeline_area_check(q);
}

int pipeline_ring_setup(struct pipeline_queue *q)
{
	int ret;

	ret = make_ring(q);
	if (!ret)
		ret = register_files(q);
	if (!ret && q->pipeline->opt.nic)
		ret = register_zcrx(q);
	return ret ?: register_memory(q);
}
