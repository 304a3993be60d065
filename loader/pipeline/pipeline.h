/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pipeline: data from connections, by event loops in the kernel (bpf/loop/). What
 * becomes of it is for its struct pipeline_prog to say; unifiedctl ingest is one.
 *
 * One region; for each queue a part of it, a ring whose memory is in that part, a
 * thread that runs the ring's loop, and the loop's program with maps of its own.
 * The main thread accepts connections and gives each to the ring of its queue;
 * after that it only looks at what the loops count and listens to what they say.
 *
 * Functions return an exit status unless they say otherwise; fail() was called, or, in
 * the thread of a queue and while connections are taken, the reason is in a why[].
 */
#ifndef PIPELINE_H
#define PIPELINE_H

/* The kernel's io_uring.h, before liburing brings its older one. */
#include <linux/io_uring.h>
#include <linux/io_uring/zcrx.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <liburing.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/loop/loop.h"
#include "nic_watch.h"
#include "policy_use.h"
#include "region.h"
#include "unified_io.h"

#define PIPELINE_MAX_QUEUES   16
#define PIPELINE_MAX_POLICIES 8
#define PIPELINE_SLOT	      (128 << 10)
#define PIPELINE_MAX_AREA     (16ULL << 30) /* of a queue */
#define PIPELINE_MAX_BUFFERS  (32ULL << 30) /* of all; a region has twice that at most */

/* Beyond those of every command. */
enum {
	EXIT_COPIED = 3,  /* --require-zero-copy, and a byte was copied */
	EXIT_STREAMS = 4, /* all went well but for a stream, or several */
};

struct pipeline_options {
	struct sockaddr_storage address;
	socklen_t address_len;
	const char *nic; /* NULL: recv */
	unsigned int ifindex;
	unsigned int queues[PIPELINE_MAX_QUEUES];
	unsigned int nr_queues; /* loops, with recv */
	unsigned int cpus[PIPELINE_MAX_QUEUES];
	unsigned int nr_cpus;
	const char *targets[UNIFIED_IO_MAX_TARGETS];
	unsigned int nr_targets;
	const char *policies[PIPELINE_MAX_POLICIES];
	unsigned int nr_policies;
	bool block, nvme, force; /* force: to overwrite what is on a target */
	bool require_zero_copy;
	bool stats_json;
	bool poll_threads;
	uint64_t area;	      /* bytes of buffers for each queue, at first */
	uint64_t area_max;    /* and how many there may be */
	uint64_t buffer;      /* bytes of one */
	uint64_t start;	      /* on the targets */
	uint64_t extent;      /* bytes that a stream takes at a time, at most */
	uint64_t reserve;     /* and at first; 0: what it needs */
	uint64_t command;     /* bytes of one, at most */
	unsigned int streams; /* at once, for each queue */
	uint64_t count;	      /* end after so many; 0: never */
	unsigned int flush_ms;
};

/* What options are that nobody gives. */
#define PIPELINE_DEFAULTS                                                                          \
	.area = 32 << 20, .buffer = 4096, .extent = 16 << 20, .command = 128 << 10, .streams = 64, \
	.flush_ms = 100

struct pipeline;

/* A loop's program, from its skeleton, and what it shares with the process. */
struct pipeline_loop {
	struct bpf_object_skeleton *skeleton;
	struct bpf_map *ops;
	uint32_t *ring_fd;
	struct bpf_map *events;
	struct loop_config *setup; /* until it is loaded */
	struct loop_control *control;
	struct loop_stats *stats;
	struct loop_peer *peers;
	/* The pipeline's own, if it has any. */
	void *own_setup;
	const uint64_t *own_stats;
};

/* All that is the same for every skeleton of LOOP_PIPELINE(name). */
#define PIPELINE_LOOP(skel, name)                                                                  \
	.skeleton = (skel)->skeleton, .ops = (skel)->maps.name,                                    \
	.ring_fd = &(skel)->struct_ops.name->ring_fd, .events = (skel)->maps.events,               \
	.setup = (struct loop_config *)&(skel)->rodata->setup, .control = &(skel)->bss->control,   \
	.stats = &(skel)->bss->stats, .peers = (skel)->bss->peers

/* What a pipeline says of itself. */
struct pipeline_prog {
	/* Open the skeleton. 0 or -errno. */
	int (*open)(struct pipeline_loop *loop);
	const char *policy; /* that is attached if none was asked for; NULL: none */

	/* The rest may be left out. */
	void (*configure)(const struct pipeline *p, void *own_setup);
	unsigned int nr_own; /* counters of 64 bits; their sums are shown by these two */
	void (*json)(const void *own);
	void (*print)(const void *own);
};

#define PIPELINE_MAX_OWN 32

struct pipeline_extent {
	uint64_t lba, bytes;
};

/* A connection, from accept() to the end; kept for the report. */
struct pipeline_stream {
	struct loop_peer peer;
	unsigned int queue; /* of ours */
	bool closed;
	uint64_t bytes, dropped, lost;
	uint32_t targets;
	int error;
	enum loop_ended ended;
	struct pipeline_extent *extents;
	size_t nr_extents;
};

struct pipeline_queue {
	struct pipeline *pipeline;
	unsigned int index;
	pthread_t thread;
	_Atomic bool started;
	int fd; /* the ring's */
	struct io_uring_params params;
	struct io_uring_zcrx_area_reg area;
	struct io_uring_zcrx_ifq_reg zcrx;
	uint64_t memory; /* its part of the rings, from the region's start */
	uint64_t lists;	 /* addresses */
	uint64_t data;	 /* of its buffers */
	unsigned int napi;
	struct pipeline_loop loop;
	struct bpf_link *link;
	struct pipeline_stream *slots[LOOP_STREAMS]; /* by file slot */
	unsigned int nr_open;			     /* of them */
	struct __kernel_timespec tick;
	unsigned int cpu; /* where it runs */
	pid_t pinned[2];  /* its threads: the loop's, and the one that polls the queue */
	unsigned int nr_pinned;
	bool displaced; /* they run elsewhere, as that CPU is offline */
	int status;	/* exit status, and in words what went wrong */
	char why[256];
};

struct pipeline {
	const struct pipeline_prog *prog;
	struct pipeline_options opt;
	struct region region; /* mapped until it is sealed; with recv its slots after that */
	struct unified_io_target targets[UNIFIED_IO_MAX_TARGETS];
	struct policy_uses policies;
	uint32_t block;
	int space;	      /* a map of all loops: which blocks are free */
	pthread_mutex_t gate; /* held until all threads are there, or not */
	pthread_barrier_t barrier;
	bool abandoned; /* behind the gate, and between barriers: something failed, go home */

	int listener;
	struct io_uring control;
	struct ring_buffer *events;
	struct nic_setup *nic;
	struct nic_watch watch;

	struct pipeline_queue queue[PIPELINE_MAX_QUEUES];
	struct pipeline_stream **streams;
	size_t nr_streams, nr_closed;
	uint64_t refused; /* connections, as there was no place */
	uint64_t astray;  /* connections of another queue of the interface */
	uint64_t events_bad;
	enum loop_drain drain;
	char why[128];		 /* it ended, if it was not for a loop */
	uint64_t started, ended; /* microseconds */
};

/* run.c: from the first thing to the last. The exit status of the command. */
int pipeline_run(const struct pipeline_prog *prog, const struct pipeline_options *opt);

/* kernel.c: is the kernel one that does what was asked for? */
int pipeline_check_kernel(const struct pipeline *p);
int pipeline_check_loops(const struct pipeline *p);

/* region.c: the region, its targets, and what part of it is whose */
int pipeline_region_open(struct pipeline *p);
int pipeline_region_seal(struct pipeline *p);
/* 0 or -errno */
int pipeline_region_seal_part(const struct pipeline *p, uint64_t offset, uint64_t len);
/* Which blocks of the targets are free: all, from the start on. */
int pipeline_region_space(const struct pipeline *p, const struct bpf_map *space);
/* Addresses: of a queue's lists, with its staging and zeroes behind, and of its buffers. */
uint64_t pipeline_lists_of(const struct pipeline_queue *q);
uint64_t pipeline_area_of(const struct pipeline_queue *q);
/* How much from the region's start on the loops are to address. */
uint64_t pipeline_loop_memory(const struct pipeline *p);

/* ring.c, by the queue's thread */
int pipeline_ring_setup(struct pipeline_queue *q);

/* program.c */
int pipeline_program_load(struct pipeline_queue *q);
const struct loop_stats *pipeline_queue_stats(const struct pipeline_queue *q);

/* thread.c */
int pipeline_queues_start(struct pipeline *p);
void pipeline_queues_run(struct pipeline *p, bool go);
void pipeline_queues_stop(struct pipeline *p);
int pipeline_queues_status(const struct pipeline *p, char *why, size_t size);
/* What went wrong in a queue's thread is remembered: only the main thread may say it. */
int pipeline_queue_failed(struct pipeline_queue *q, int err, const char *what);

/* cpu.c: where the threads of a queue run */
unsigned int pipeline_cpu_of(const struct pipeline_queue *q);
/* Pin a thread to the queue's CPU, and keep it there. 0 or -errno. */
int pipeline_cpu_pin(struct pipeline_queue *q, pid_t thread);
/* Is each where it is to be? Otherwise put it back there, if it can be, and say so. */
void pipeline_cpu_look(struct pipeline *p);

/* area.c: a queue's buffers become more */
void pipeline_area_events(const struct pipeline_queue *q, struct zcrx_event_desc *event);
int pipeline_area_check(struct pipeline_queue *q);
void pipeline_area_add(struct pipeline_queue *q);

/* connections.c */
int pipeline_listen(struct pipeline *p);
void pipeline_listen_end(struct pipeline *p);
int pipeline_accept(struct pipeline *p);
/* The loops look at what was written for them. */
void pipeline_wake(struct pipeline *p);

/* events.c */
int pipeline_events_open(struct pipeline *p);

/* report.c */
void pipeline_report_sum(const struct pipeline *p, struct loop_stats *sum);
uint64_t pipeline_report_copied(const struct loop_stats *s);
/* Bytes were copied that must not be: enum loop_copy; LOOP_COPIES: it cannot be told. */
void pipeline_report_copy(unsigned int reason, char *why, size_t size);
void pipeline_report_now(struct pipeline *p);
void pipeline_report_displaced(const struct pipeline_queue *q);
void pipeline_report_ejected(const struct unified_io_policy_info *info);
/* With the reason why it failed, if it did. */
void pipeline_report_end(struct pipeline *p, const char *why);

#endif
