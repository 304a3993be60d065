// SPDX-License-Identifier: GPL-2.0
/*
 * The threads of a pipeline, see pipeline.h: one for each queue.
 *
 * Only the thread that made a ring may use it, so each thread makes its own. When
 * all have, the main thread seals the region and loads the programs, and the threads
 * go into their loops: one io_uring_enter() that ends when the loop does.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layout.h"
#include "nic_setup.h"
#include "pipeline.h"
#include "unifiedctl.h"

/* Remembered, as only the main thread may say it. */
int pipeline_queue_failed(struct pipeline_queue *q, int err, const char *what)
{
	char why[128];

	libbpf_strerror(err, why, sizeof(why));
	snprintf(q->why, sizeof(q->why), "%s: %s", what, why);
	q->status = EXIT_FAILED;
	return q->status;
}

/* --- its thread ------------------------------------------------------------------ */

/* Before the ring is made: it, too, allocates where it runs. */
static int queue_pin(struct pipeline_queue *q)
{
	int ret;

	q->cpu = pipeline_cpu_of(q);
	ret = pipeline_cpu_pin(q, gettid());
	return ret ? pipeline_queue_failed(q, ret, "cannot run on that CPU") : EXIT_OK;
}

/* What polls the queue runs where its loop does, in a thread of its own. */
static int queue_poll_thread(struct pipeline_queue *q)
{
	pid_t pid;
	int ret;

	ret = nic_setup_thread(q->pipeline->nic, q->pipeline->opt.queues[q->index], &pid);
	if (ret)
		return ret;
	ret = pipeline_cpu_pin(q, pid);
	return ret ? fail(ret, "cannot have the queue polled on CPU %u", q->cpu) : EXIT_OK;
}

/* What the loop cannot do itself. */
static void queue_flush(struct pipeline_queue *q)
{
	struct zcrx_ctrl ctrl = { .zcrx_id = q->zcrx.zcrx_id, .op = ZCRX_CTRL_FLUSH_RQ };

	io_uring_register(q->fd, IORING_REGISTER_ZCRX_CTRL, &ctrl, 0);
	q->loop.stats->flush = 0;
}

/* Until the loop says stop. */
static void queue_enter(struct pipeline_queue *q)
{
	int ret = syscall(__NR_io_uring_enter, q->fd, 0, 0, 0, NULL, 0);

	if (ret < 0 && errno != EINTR)
		pipeline_queue_failed(q, -errno, "the loop ended");
}

static void queue_loop(struct pipeline_queue *q)
{
	const struct loop_stats *s = q->loop.stats;

	while (!q->status) {
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

	pthread_mutex_lock(&q->pipeline->gate);
	pthread_mutex_unlock(&q->pipeline->gate);
	if (q->pipeline->abandoned)
		return NULL;
	ret = queue_pin(q) ?: pipeline_ring_setup(q);
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

/* --- all of them --------------------------------------------------------------------- */

static int start_threads(struct pipeline *p)
{
	sigset_t all, old;
	unsigned int i;
	int ret = 0;

	pthread_mutex_init(&p->gate, NULL);
	pthread_mutex_lock(&p->gate);
	pthread_barrier_init(&p->barrier, NULL, p->opt.nr_queues + 1);
	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 0; i < p->opt.nr_queues && !ret; i++) {
		struct pipeline_queue *q = &p->queue[i];

		q->pipeline = p;
		q->index = i;
		q->fd = -1;
		q->memory = p->region.setup.offsets.rings + i * PIPELINE_RING_PART;
		q->lists = pipeline_lists_of(q);
		q->data = pipeline_area_of(q);
		ret = pthread_create(&q->thread, NULL, queue_main, q);
		q->started = !ret;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	p->abandoned = ret;
	pthread_mutex_unlock(&p->gate);
	if (!ret)
		return EXIT_OK;
	/* No ring was made, and those that there are go home. */
	p->opt.nr_queues = i - 1;
	pipeline_queues_stop(p);
	p->opt.nr_queues = 0;
	return fail(-ret, "cannot start a thread for each queue");
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
		ret = pipeline_program_load(&p->queue[i]);
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
			pipeline_report_copy(s->error, why, size);
			return EXIT_COPIED;
		case LOOP_UNSEEN:
			pipeline_report_copy(LOOP_COPIES, why, size);
			return EXIT_COPIED;
		case LOOP_DEVICE:
			snprintf(why, size, "a target refused data: %s", strerror(-s->error));
			return EXIT_FAILED;
		case LOOP_FULL:
			snprintf(why, size, "a target is full");
			return EXIT_FAILED;
		case LOOP_GIVEN_UP:
			snprintf(why, size,
				 "told twice to end, it gave up what was not stored yet");
			return EXIT_FAILED;
		case LOOP_DROPPED:
			snprintf(why, size,
				 "queue %u: the kernel had no memory for a completion, and "
				 "dropped it",
				 i);
			return EXIT_FAILED;
		case LOOP_BROKEN:
			snprintf(why, size, "queue %u: the loop is broken (line %u: %d)", i,
				 s->where, s->error);
			return EXIT_FAILED;
		}
	}
	return EXIT_OK;
}
