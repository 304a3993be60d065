// SPDX-License-Identifier: GPL-2.0
/*
 * A queue of a pipeline, see pipeline.h: its ring, its program, its thread.
 *
 * Only the thread that made a ring may use it, so each thread makes its own, with
 * its memory and its refill ring in the region. When all have, the main thread
 * seals the region and loads the programs, and the threads go into their loops:
 * one io_uring_enter() that ends when the loop does.
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf_log.h"
#include "layout.h"
#include "nic.h"
#include "nic_setup.h"
#include "pipeline.h"
#include "unifiedctl.h"

#include "skel/ingest.skel.h"

/* How long the queue of one that was killed may take to be free, in 1/10 s. */
#define PATIENCE 50

/* Remembered, as only the main thread may say it. */
static int queue_failed(struct pipeline_queue *q, int err, const char *what)
{
	char why[128];

	libbpf_strerror(err, why, sizeof(why));
	snprintf(q->why, sizeof(q->why), "%s: %s", what, why);
	q->status = EXIT_FAILED;
	return q->status;
}

const struct loop_stats *pipeline_queue_stats(const struct pipeline_queue *q)
{
	static const struct loop_stats none;

	return q->skel ? &q->skel->bss->stats : &none;
}

const struct ingest_stats *pipeline_queue_own(const struct pipeline_queue *q)
{
	static const struct ingest_stats none;

	return q->skel ? &q->skel->bss->own_stats : &none;
}

/* --- the ring ----------------------------------------------------------------- */

static void *in_region(const struct pipeline_queue *q, uint64_t offset)
{
	return (char *)q->pipeline->map + offset;
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
	return q->fd < 0 ? queue_failed(q, q->fd, "cannot make an io_uring") : EXIT_OK;
}

/* Slot 0 is the region, the rest is for connections. */
static int register_files(struct pipeline_queue *q)
{
	int files[LOOP_FIRST_FILE + LOOP_STREAMS];
	int ret;

	memset(files, 0xff, sizeof(files));
	files[LOOP_REGION_FILE] = q->pipeline->fd;
	ret = io_uring_register(q->fd, IORING_REGISTER_FILES, files,
				LOOP_FIRST_FILE + LOOP_STREAMS);
	return ret < 0 ? queue_failed(q, ret, "cannot register files with io_uring") : EXIT_OK;
}

/* What the loop may touch: not the buffers, of which it only has the addresses. */
static int register_memory(struct pipeline_queue *q)
{
	struct io_uring_region_desc desc = {
		.user_addr = (uintptr_t)q->pipeline->map,
		.size = pipeline_loop_memory(q->pipeline),
		.flags = IORING_MEM_REGION_TYPE_USER,
	};
	struct io_uring_mem_region_reg reg = { .region_uptr = (uintptr_t)&desc };
	int ret = io_uring_register(q->fd, IORING_REGISTER_MEM_REGION, &reg, 1);

	return ret < 0 ? queue_failed(q, ret, "cannot give the region to io_uring") : EXIT_OK;
}

static uint32_t refill_entries(const struct ingest_options *opt)
{
	uint32_t n = 4096;

	/* A buffer can have several references, each with an entry of its own. */
	while (n < 4 * opt->area_max / opt->buffer && n < PIPELINE_MAX_REFILL)
		n *= 2;
	return n;
}

static int bind_queue(struct pipeline_queue *q)
{
	const struct ingest_options *opt = &q->pipeline->opt;
	struct io_uring_region_desc desc = {
		.user_addr = (uintptr_t)in_region(q, q->memory + PIPELINE_AT_REFILL),
		.size = PIPELINE_RING_PART - PIPELINE_AT_REFILL,
		.flags = IORING_MEM_REGION_TYPE_USER,
	};
	struct zcrx_event_desc event;
	int tries, ret = 0;

	pipeline_area_events(q, &event);
	q->area = (struct io_uring_zcrx_area_reg){
		.addr = (uintptr_t)in_region(q, q->pipeline->setup.offsets.data + q->data),
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
	const struct ingest_options *opt = &q->pipeline->opt;
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
		return queue_failed(q, -EPROTO, "the kernel numbers receive areas otherwise");
	ret = nic_queue_napi(opt->ifindex, queue, &q->napi);
	if (ret)
		return queue_failed(q, ret, "cannot find the queue's NAPI");
	return pipeline_area_check(q);
}

static int queue_setup(struct pipeline_queue *q)
{
	int ret;

	ret = make_ring(q);
	if (!ret)
		ret = register_files(q);
	if (!ret && q->pipeline->opt.nic)
		ret = register_zcrx(q);
	return ret ?: register_memory(q);
}

/* --- its thread ------------------------------------------------------------------ */

static unsigned int queue_cpu(const struct pipeline_queue *q)
{
	const struct ingest_options *opt = &q->pipeline->opt;
	unsigned int n, cpu;
	cpu_set_t allowed;

	if (opt->nr_cpus)
		return opt->cpus[q->index % opt->nr_cpus];
	sched_getaffinity(0, sizeof(allowed), &allowed);
	n = q->index % CPU_COUNT(&allowed);
	for (cpu = 0; !CPU_ISSET(cpu, &allowed) || n--; cpu++)
		;
	return cpu;
}

/* Process 0 is this thread. 0 or -errno. */
static int pin(const struct pipeline_queue *q, pid_t pid)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(queue_cpu(q), &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

/* Before the ring is made: it, too, allocates where it runs. */
static int queue_pin(struct pipeline_queue *q)
{
	int ret = pin(q, 0);

	return ret ? queue_failed(q, ret, "cannot run on that CPU") : EXIT_OK;
}

/* What polls the queue runs where its loop does, in a thread of its own. */
static int queue_poll_thread(const struct pipeline_queue *q)
{
	pid_t pid;
	int ret;

	ret = nic_setup_thread(q->pipeline->nic, q->pipeline->opt.queues[q->index], &pid);
	if (ret)
		return ret;
	ret = pin(q, pid);
	return ret ? fail(ret, "cannot have the queue polled on CPU %u", queue_cpu(q)) : EXIT_OK;
}

/* What the loop cannot do itself. */
static void queue_flush(struct pipeline_queue *q)
{
	struct zcrx_ctrl ctrl = { .zcrx_id = q->zcrx.zcrx_id, .op = ZCRX_CTRL_FLUSH_RQ };

	io_uring_register(q->fd, IORING_REGISTER_ZCRX_CTRL, &ctrl, 0);
	q->skel->bss->stats.flush = 0;
}

/* Until the loop says stop. */
static void queue_enter(struct pipeline_queue *q)
{
	int ret = syscall(__NR_io_uring_enter, q->fd, 0, 0, 0, NULL, 0);

	if (ret < 0 && errno != EINTR)
		queue_failed(q, -errno, "the loop ended");
}

static void queue_loop(struct pipeline_queue *q)
{
	const struct loop_stats *s = &q->skel->bss->stats;

	for (;;) {
		queue_enter(q);
		if (q->status || s->end != LOOP_RUNNING)
			return;
		if (s->flush)
			queue_flush(q);
		if (s->grow)
			pipeline_area_add(q);
	}
}

static void *queue_main(void *arg)
{
	struct pipeline_queue *q = arg;
	int ret;

	ret = queue_pin(q) ?: queue_setup(q);
	if (ret)
		q->pipeline->abandoned = true;
	pthread_barrier_wait(&q->pipeline->barrier); /* all rings are registered */
	pthread_barrier_wait(&q->pipeline->barrier); /* the region is sealed, programs are there */
	if (!q->pipeline->abandoned)
		queue_enter(q);
	pthread_barrier_wait(&q->pipeline->barrier); /* all loops have made their first step */
	pthread_barrier_wait(&q->pipeline->barrier); /* connections can be made */
	if (!q->pipeline->abandoned)
		queue_loop(q);
	/* The main thread looks at the events, and then at the state of the queues. */
	q->started = false;
	return NULL;
}

/* --- its program ------------------------------------------------------------------ */

/*
 * In a command: what all targets take, less one for the zeroes at the end. Where that
 * is little the module makes several of one, and may have to copy at their ends.
 */
static uint32_t most_fragments(const struct pipeline *p)
{
	uint32_t most = LOOP_FRAGMENTS;
	unsigned int i;

	for (i = 0; i < p->opt.nr_targets; i++)
		if (p->targets[i].max_segments <= most)
			most = p->targets[i].max_segments - 1;
	return most > LOOP_FEW ? most : LOOP_FEW;
}

/* How often the loop looks at what waits. */
static unsigned int tick_ms(const struct ingest_options *opt)
{
	return opt->flush_ms < 100 ? opt->flush_ms : 100;
}

/* Of an area, without a quarter that is for the NIC's ring and for sockets. */
static uint32_t budget(const struct pipeline *p)
{
	uint64_t buffers = p->opt.area / p->opt.buffer;

	return p->opt.nic ? buffers - buffers / 4 : p->setup.nr_slots / p->opt.nr_queues;
}

/* What half of the commands take. */
static uint32_t budget_most(const struct ingest_options *opt)
{
	uint64_t each = opt->command > opt->buffer ? opt->command / opt->buffer : 1;

	return opt->nic ? LOOP_COMMANDS / 2 * each : UINT32_MAX;
}

static void configure(struct pipeline_queue *q)
{
	const struct ingest_options *opt = &q->pipeline->opt;
	const struct unified_io_offsets *o = &q->pipeline->setup.offsets;
	const struct io_uring_params *params = &q->params;
	uint64_t page = 4096;

	*(struct loop_config *)&q->skel->rodata->setup = (struct loop_config){
		.cq_size = (params->cq_off.cqes + params->cq_entries * 32 + page - 1) & -page,
		.sq_size = params->sq_entries * 128,
		.mem_size = pipeline_loop_memory(q->pipeline),
		.sq_tail = params->sq_off.tail,
		.sq_mask = params->sq_entries - 1,
		.cq_head = params->cq_off.head,
		.cq_tail = params->cq_off.tail,
		.cq_mask = params->cq_entries - 1,
		.cqes = params->cq_off.cqes,
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
		.user_data_area = (uintptr_t)q->pipeline->map - (o->slots - o->data),
		.region = q->pipeline->setup.id,
		.submit = UNIFIED_IO_URING_SUBMIT,
		.budget = budget(q->pipeline),
		.budget_most = budget_most(opt),
		.targets = (1ULL << opt->nr_targets) - 1,
		.queues = opt->nr_queues,
		.require_zero_copy = opt->require_zero_copy,
		.extent = opt->extent / q->pipeline->block,
		.tick = (uintptr_t)&q->tick,
		.quiet_ticks = (opt->flush_ms + tick_ms(opt) - 1) / tick_ms(opt),
	};
	*(struct ingest_config *)&q->skel->rodata->own_setup = (struct ingest_config){
		.block_shift = __builtin_ctz(q->pipeline->block),
		.command_bytes = opt->command,
		.command_frags = most_fragments(q->pipeline),
		.on_error = opt->on_error,
	};
}

static int load_program(struct pipeline_queue *q)
{
	struct pipeline *p = q->pipeline;
	struct loop_space space;
	uint32_t key = 0;
	int ret;

	q->tick = (struct __kernel_timespec){ .tv_nsec = tick_ms(&p->opt) * 1000000LL };
	bpf_log_keep();
	q->skel = ingest_bpf__open();
	if (!q->skel)
		return fail(-errno, "cannot open the loop's program");
	configure(q);
	q->skel->bss->control.areas = 1;
	q->skel->bss->control.areas_max = q->pipeline->opt.area_max / q->pipeline->opt.area;
	q->skel->struct_ops.ingest->ring_fd = q->fd;
	/* All take blocks from the same. */
	if (q->index)
		bpf_map__reuse_fd(q->skel->maps.space, bpf_map__fd(p->queue[0].skel->maps.space));
	ret = ingest_bpf__load(q->skel);
	if (ret)
		return bpf_log_fail(ret, "the kernel refuses the loop's program");
	bpf_log_drop();
	if (!q->index) {
		pipeline_region_space(p, &space);
		ret = bpf_map__update_elem(q->skel->maps.space, &key, sizeof(key), &space,
					   sizeof(space), 0);
		if (ret)
			return fail(ret, "cannot write a BPF map");
	}
	q->link = bpf_map__attach_struct_ops(q->skel->maps.ingest);
	return q->link ? EXIT_OK : fail(-errno, "cannot give the loop's program to io_uring");
}

/* --- all of them --------------------------------------------------------------------- */

static int start_threads(struct pipeline *p)
{
	sigset_t all, old;
	unsigned int i;
	int ret = 0;

	pthread_barrier_init(&p->barrier, NULL, p->opt.nr_queues + 1);
	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 0; i < p->opt.nr_queues && !ret; i++) {
		struct pipeline_queue *q = &p->queue[i];

		q->pipeline = p;
		q->index = i;
		q->fd = -1;
		q->memory = p->setup.offsets.rings + i * PIPELINE_RING_PART;
		q->lists = pipeline_lists_of(q);
		q->data = pipeline_area_of(q);
		ret = pthread_create(&q->thread, NULL, queue_main, q);
		q->started = !ret;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		return EXIT_OK;
	/* The others wait for one that does not come; they end with the process. */
	p->opt.nr_queues = 0;
	return fail(-ret, "cannot start a thread");
}

static int queues_failed(const struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues; i++)
		if (p->queue[i].status)
			return fail(0, "%s", p->queue[i].why);
	return EXIT_OK;
}

static int prepare(struct pipeline *p)
{
	unsigned int i;
	int ret;

	ret = queues_failed(p);
	if (!ret)
		ret = pipeline_region_seal(p);
	for (i = 0; i < p->opt.nr_queues && !ret && p->opt.poll_threads; i++)
		ret = queue_poll_thread(&p->queue[i]);
	for (i = 0; i < p->opt.nr_queues && !ret; i++)
		ret = load_program(&p->queue[i]);
	return ret;
}

int pipeline_queues_start(struct pipeline *p)
{
	int ret;

	ret = start_threads(p);
	if (ret)
		return ret;
	pthread_barrier_wait(&p->barrier);
	ret = prepare(p);
	p->abandoned |= !!ret;
	pthread_barrier_wait(&p->barrier);
	pthread_barrier_wait(&p->barrier);
	return ret ?: queues_failed(p) ?: pipeline_check_loops(p);
}

/* Go into the loops, or, where something failed, home. */
void pipeline_queues_run(struct pipeline *p, bool go)
{
	if (!p->opt.nr_queues)
		return;
	p->abandoned |= !go;
	pthread_barrier_wait(&p->barrier);
}

void pipeline_queues_stop(struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues; i++) {
		struct pipeline_queue *q = &p->queue[i];

		if (q->thread)
			pthread_join(q->thread, NULL);
		bpf_link__destroy(q->link);
		if (q->fd > 0)
			close(q->fd);
	}
}

/* How they ended: an exit status, and if it is not 0, why. */
int pipeline_queues_status(const struct pipeline *p, char *why, size_t size)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues; i++) {
		const struct pipeline_queue *q = &p->queue[i];
		const struct loop_stats *s = pipeline_queue_stats(q);

		if (q->status) {
			snprintf(why, size, "queue %u: %s", i, q->why);
			return q->status;
		}
		switch (s->end) {
		case LOOP_COPIED:
			snprintf(
				why, size,
				"bytes were copied, which --require-zero-copy forbids: %s",
				s->error == LOOP_COPY_HEAD
					? "the interface did not put them into a buffer of the region"
					: "they came in fragments too small for a buffer each");
			return EXIT_COPIED;
		case LOOP_UNSEEN:
			snprintf(why, size,
				 "this kernel does not show whether bytes were copied, which "
				 "--require-zero-copy must know");
			return EXIT_COPIED;
		case LOOP_DEVICE:
			snprintf(why, size, "a target refused data: %s", strerror(-s->error));
			return EXIT_FAILED;
		case LOOP_FULL:
			snprintf(why, size, "a target is full");
			return EXIT_FAILED;
		case LOOP_BROKEN:
			snprintf(why, size, "queue %u: the loop is broken (line %u: %d)", i,
				 s->where, s->error);
			return EXIT_FAILED;
		}
	}
	return EXIT_OK;
}
