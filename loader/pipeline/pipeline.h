/* SPDX-License-Identifier: GPL-2.0 */
/*
 * unifiedctl ingest: TCP streams to targets, by the loop of bpf/ingest.bpf.c.
 *
 * One region; for each queue a part of it, a ring whose memory is in that part, a
 * thread that runs the ring's loop, and the loop's program with maps of its own.
 * The main thread accepts connections and gives each to the ring of its queue;
 * after that it only looks at what the loops count and listens to what they say.
 *
 * Functions return an exit status unless they say otherwise; fail() was called.
 */
#ifndef LOADER_INGEST_H
#define LOADER_INGEST_H

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
#include "policy_use.h"
#include "unified_io.h"

#define INGEST_MAX_QUEUES   16
#define INGEST_MAX_POLICIES 8
#define INGEST_SLOT	    (128 << 10)
#define INGEST_MAX_AREA	    (16ULL << 30) /* of a queue */
#define INGEST_MAX_BUFFERS  (32ULL << 30) /* of all; a region has twice that at most */

/* Beyond those of every command. */
enum {
	EXIT_COPIED = 3,  /* --require-zero-copy, and a byte was copied */
	EXIT_STREAMS = 4, /* all went well but for a stream, or several */
};

struct ingest_options {
	struct sockaddr_storage address;
	socklen_t address_len;
	const char *nic; /* NULL: recv */
	unsigned int ifindex;
	unsigned int queues[INGEST_MAX_QUEUES];
	unsigned int nr_queues; /* loops, with recv */
	unsigned int cpus[INGEST_MAX_QUEUES];
	unsigned int nr_cpus;
	const char *targets[UNIFIED_IO_MAX_TARGETS];
	unsigned int nr_targets;
	const char *policies[INGEST_MAX_POLICIES];
	unsigned int nr_policies;
	bool block, nvme;
	bool require_zero_copy;
	bool stats_json;
	bool poll_threads;
	uint64_t area;	      /* bytes of buffers for each queue, at first */
	uint64_t area_max;    /* and how many there may be */
	uint64_t buffer;      /* bytes of one */
	uint64_t start;	      /* on the targets */
	uint64_t extent;      /* bytes that a stream takes at a time */
	uint64_t command;     /* bytes of one, at most */
	unsigned int streams; /* at once, for each queue */
	uint64_t count;	      /* end after so many; 0: never */
	unsigned int flush_ms;
	enum ingest_on_error on_error;
};

struct ingest_extent {
	uint64_t lba, bytes;
};

/* A connection, from accept() to the end; kept for the report. */
struct ingest_stream {
	struct ingest_peer peer;
	unsigned int queue; /* of ours */
	bool closed;
	uint64_t bytes, dropped, lost;
	uint32_t targets;
	int error;
	struct ingest_extent *extents;
	size_t nr_extents;
};

struct ingest;

struct ingest_queue {
	struct ingest *in;
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
	struct ingest_bpf *skel;
	struct bpf_link *link;
	struct ingest_stream *slots[INGEST_STREAMS]; /* by file slot */
	struct __kernel_timespec tick;
	int status; /* exit status, and in words what went wrong */
	char why[256];
};

struct ingest {
	struct ingest_options opt;
	int fd; /* the region's */
	struct unified_io_setup setup;
	void *map; /* all of it, until it is sealed; with recv the slots after that */
	size_t map_len;
	struct unified_io_target targets[UNIFIED_IO_MAX_TARGETS];
	struct policy_uses policies;
	uint32_t block;
	pthread_barrier_t barrier;
	bool abandoned; /* between barriers: something failed, go home */

	int listener;
	struct io_uring control;
	struct ring_buffer *events;
	struct nic_setup *nic;

	struct ingest_queue queue[INGEST_MAX_QUEUES];
	struct ingest_stream **streams;
	size_t nr_streams, nr_closed;
	uint64_t refused; /* connections, as there was no place */
	uint64_t astray;  /* connections of another queue of the interface */
	uint64_t events_bad;
	bool draining;
	uint64_t started, ended; /* microseconds */
};

/* cmd/ingest_words.c */
int ingest_parse(struct ingest_options *opt, int argc, char **argv);

/* kernel.c: is the kernel one that does what was asked for? */
int ingest_check_kernel(const struct ingest *in);
int ingest_check_loops(const struct ingest *in);

/* pipeline_region.c: the region, its targets, and what part of it is whose */
int ingest_region_open(struct ingest *in);
int ingest_region_seal(struct ingest *in);
/* 0 or -errno */
int ingest_region_seal_part(const struct ingest *in, uint64_t offset, uint64_t len);
void ingest_region_close(struct ingest *in);
/* Which blocks of the targets are free: all, from the start on. */
void ingest_region_space(const struct ingest *in, struct ingest_space *space);
/* Addresses: of a queue's lists, with its staging and zeroes behind, and of its buffers. */
uint64_t ingest_lists_of(const struct ingest_queue *q);
uint64_t ingest_area_of(const struct ingest_queue *q);
/* How much from the region's start on the loops are to address. */
uint64_t ingest_loop_memory(const struct ingest *in);

/* thread.c: a ring, its program and its thread */
int ingest_queues_start(struct ingest *in);
void ingest_queues_run(struct ingest *in, bool go);
void ingest_queues_stop(struct ingest *in);
int ingest_queues_status(const struct ingest *in, char *why, size_t size);
const struct ingest_stats *ingest_queue_stats(const struct ingest_queue *q);

/* area.c: a queue's buffers become more */
void ingest_area_events(const struct ingest_queue *q, struct zcrx_event_desc *event);
int ingest_area_check(struct ingest_queue *q);
void ingest_area_add(struct ingest_queue *q);

/* connections.c: connections, and what the loops say of them */
int ingest_listen(struct ingest *in);
int ingest_accept_all(struct ingest *in);
void ingest_wake(struct ingest *in);
int ingest_events_open(struct ingest *in);
void ingest_accept_close(struct ingest *in);

/* report.c */
void ingest_report_sum(const struct ingest *in, struct ingest_stats *sum);
uint64_t ingest_report_copied(const struct ingest_stats *s);
void ingest_report_now(struct ingest *in);
void ingest_report_ejected(const struct unified_io_policy_info *info);
/* With the reason why it failed, if it did. */
void ingest_report_end(struct ingest *in, const char *why);

#endif
