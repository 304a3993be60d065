// SPDX-License-Identifier: GPL-2.0
/*
 * What a pipeline tells: a line while it runs, and at its end what became
 * of every byte and where each stream is. See pipeline.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "pipeline.h"
#include "unifiedctl.h"
#include "units.h"

static const char *const copy_names[LOOP_COPIES] = {
	[LOOP_COPY_HEAD] = "head",
	[LOOP_COPY_RECV] = "recv",
	[LOOP_COPY_SMALL] = "small",
	[LOOP_COPY_DEVICE] = "device",
};

static const char *const copy_reasons[LOOP_COPIES] = {
	[LOOP_COPY_HEAD] = "the interface had not split it off, or put it elsewhere",
	[LOOP_COPY_RECV] = "the source is recv",
	[LOOP_COPY_SMALL] = "fragments too small for a buffer each",
	[LOOP_COPY_DEVICE] = "a device cannot take them where they are",
};

static const char *const copy_sentences[LOOP_COPIES] = {
	[LOOP_COPY_HEAD] = "the interface did not put them into a buffer of the region",
	[LOOP_COPY_RECV] = "the source is recv",
	[LOOP_COPY_SMALL] = "they came in fragments too small for a buffer each",
	[LOOP_COPY_DEVICE] = "a device cannot take them where they are",
};

static const char *const ended_names[] = {
	[LOOP_BY_ERROR] = "error",
	[LOOP_BY_PEER] = "peer",
	[LOOP_BY_DRAIN] = "drain",
};

void pipeline_report_copy(unsigned int reason, char *why, size_t size)
{
	if (reason < LOOP_COPIES)
		snprintf(why, size, "bytes were copied, which --require-zero-copy forbids: %s",
			 copy_sentences[reason]);
	else
		snprintf(why, size,
			 "this kernel does not show whether bytes were copied, which "
			 "--require-zero-copy must know");
}

/* What the module copied for devices. */
static uint64_t copied_for_devices(const struct pipeline *p)
{
	struct unified_io_info info = {};

	/* It cannot fail on a region's descriptor. */
	if (p->region.fd >= 0)
		ioctl(p->region.fd, UNIFIED_IO_GET_INFO, &info);
	return info.region.ledger.bytes_bounced;
}

/* Of all queues, and of the module. */
void pipeline_report_sum(const struct pipeline *p, struct loop_stats *sum)
{
	unsigned int i, j;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < p->opt.nr_queues; i++) {
		const struct loop_stats *s = pipeline_queue_stats(&p->queue[i]);
		/* Up to under_way there are counters of 64 bits only. */
		const uint64_t *from = (const uint64_t *)s;
		uint64_t *to = (uint64_t *)sum;

		for (j = 0; j < offsetof(struct loop_stats, under_way) / sizeof(*to); j++)
			to[j] += from[j];
		sum->under_way += s->under_way;
		sum->streams += s->streams;
		sum->areas += s->areas;
	}
	sum->copied[LOOP_COPY_DEVICE] = copied_for_devices(p);
}

/* What the pipeline counts of its own, summed up likewise, is shown by show. */
static void show_own(const struct pipeline *p, void (*show)(const void *own))
{
	uint64_t sum[PIPELINE_MAX_OWN] = {};
	unsigned int i, j;

	for (i = 0; i < p->opt.nr_queues; i++)
		for (j = 0; j < p->prog->nr_own && p->queue[i].loop.own_stats; j++)
			sum[j] += p->queue[i].loop.own_stats[j];
	if (show)
		show(sum);
}

uint64_t pipeline_report_copied(const struct loop_stats *s)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < LOOP_COPIES; i++)
		sum += s->copied[i];
	return sum;
}

static uint64_t bytes_by_dma(const struct loop_stats *s)
{
	return s->bytes - s->unseen - s->copied[LOOP_COPY_HEAD] - s->copied[LOOP_COPY_RECV];
}

static uint32_t buffers_held(const struct loop_stats *s)
{
	return s->receives - s->returned;
}

/* Payloads that share a buffer have a reference each. */
static uint32_t buffers_free(uint32_t all, uint32_t held)
{
	return held < all ? all - held : 0;
}

static uint32_t all_buffers(const struct pipeline *p, const struct loop_stats *s)
{
	return p->opt.nic ? s->areas * (p->opt.area / p->opt.buffer) : p->region.setup.nr_slots;
}

/* Bytes of them, and how often they became more. */
static uint64_t area_size(const struct pipeline *p, const struct loop_stats *s)
{
	return p->opt.nic ? s->areas * p->opt.area
			  : p->region.setup.nr_slots * (uint64_t)PIPELINE_SLOT;
}

static uint32_t area_grew(const struct pipeline *p, const struct loop_stats *s)
{
	return p->opt.nic && s->areas ? s->areas - p->opt.nr_queues : 0;
}

/* Loops whose CPU is offline. */
static unsigned int displaced(const struct pipeline *p)
{
	unsigned int i, n = 0;

	for (i = 0; i < p->opt.nr_queues; i++)
		n += p->queue[i].displaced;
	return n;
}

/* --- while it runs ------------------------------------------------------------------ */

static void json_stats(const struct pipeline *p, const struct loop_stats *s)
{
	int i;

	json_u64("bytes", s->bytes);
	json_u64("bytes_dma", bytes_by_dma(s));
	json_object("bytes_copied");
	for (i = 0; i < LOOP_COPIES; i++)
		json_u64(copy_names[i], s->copied[i]);
	json_end();
	json_u64("bytes_unseen", s->unseen);
	show_own(p, p->prog->json);
	json_u64("fragments", s->receives);
	json_u64("steps", s->steps);
	json_u64("submits", s->submits);
	json_u64("arms", s->arms);
	json_u64("paused", s->paused);
	json_u64("waits", s->waits);
	json_u64("cq_full", s->cq_full);
	json_u64("no_buffers", s->no_buffers);
	json_u64("starved", s->starved);
	json_u64("refill_full", s->refill_full);
	json_u64("packed", s->packed);
	json_u64("missteered", s->missteered);
	json_u64("astray", p->astray);
	json_u64("refused", p->refused);
	json_u64("opened", s->opened);
	json_u64("closed", s->closed);
	json_u64("failed", s->failed);
	json_u64("streams", s->streams);
	json_u64("displaced", displaced(p));
	json_u64("under_way", s->under_way);
	json_u64("area", area_size(p, s));
	json_u64("area_grew", area_grew(p, s));
	json_u64("buffers", all_buffers(p, s));
	json_u64("buffers_held", buffers_held(s));
}

/* Will a line be taken now? A reader that does not read holds up nobody: it misses lines. */
static bool somebody_reads(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) > 0;
}

void pipeline_report_now(struct pipeline *p)
{
	static uint64_t then, bytes_then;
	uint64_t now = microseconds_of(CLOCK_MONOTONIC);
	char rate[32], dma[32], copied[32], size[32], area[48] = "";
	struct loop_stats s;
	double per_second;

	pipeline_report_sum(p, &s);
	if (!then)
		then = p->started;
	if (!somebody_reads())
		return;
	per_second = now > then ? (s.bytes - bytes_then) * 1e6 / (now - then) : 0;
	then = now;
	bytes_then = s.bytes;
	if (p->opt.stats_json) {
		json_object(NULL);
		json_u64("us", now - p->started);
		json_u64("bytes_per_second", per_second);
		json_stats(p, &s);
		json_end();
		return;
	}
	if (json_output)
		return;
	if (p->opt.area_max > p->opt.area)
		snprintf(area, sizeof(area), "  area %s",
			 human(area_size(p, &s), size, sizeof(size)));
	printf("%s%s/s  streams %u  zero-copied %s  copied %s  commands %u  buffers free %u%s%s",
	       isatty(1) ? "\r" : "", about(per_second, rate, sizeof(rate)), s.streams,
	       about(bytes_by_dma(&s), dma, sizeof(dma)),
	       about(pipeline_report_copied(&s), copied, sizeof(copied)), s.under_way,
	       buffers_free(all_buffers(p, &s), buffers_held(&s)), area,
	       isatty(1) ? "\033[K" : "\n");
}

/* In place of the line that is renewed. */
static void begin_warning(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

void pipeline_report_displaced(const struct pipeline_queue *q)
{
	begin_warning();
	fprintf(stderr,
		q->displaced ? "unifiedctl: loop %u runs on other CPUs, as CPU %u is offline\n"
			     : "unifiedctl: loop %u runs on CPU %u again\n",
		q->index, q->cpu);
}

void pipeline_report_ejected(const struct unified_io_policy_info *info)
{
	begin_warning();
	policies_tell_ejected(stderr, info);
}

/* --- at its end ------------------------------------------------------------------------ */

static const char *address_of(const struct loop_peer *peer, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN];

	inet_ntop(peer->family, peer->remote, host, sizeof(host));
	snprintf(text, size, peer->family == AF_INET ? "%s:%u" : "[%s]:%u", host,
		 peer->remote_port);
	return text;
}

/* Why a stream did not end as its sender meant it to. NULL: it did, or was cut off. */
static const char *error_of(const struct pipeline_stream *s)
{
	switch (-s->error) {
	case 0:
		return s->ended == LOOP_BY_ERROR ? "given up" : NULL;
	case EADDRINUSE:
		return "the blocks that a policy chose are in use";
	case ERANGE:
		return "the block that a policy chose is beyond the target";
	}
	return strerror(-s->error);
}

static void json_stream(const struct pipeline *p, const struct pipeline_stream *s)
{
	char text[64];
	unsigned int i;
	size_t e;

	json_object(NULL);
	json_u64("id", s->peer.id);
	json_str("from", address_of(&s->peer, text, sizeof(text)));
	json_u64("port", s->peer.local_port);
	json_u64("queue", s->peer.queue);
	json_u64("bytes", s->bytes);
	json_u64("dropped", s->dropped);
	json_u64("lost", s->lost);
	if (error_of(s))
		json_str("error", error_of(s));
	json_str("ended", ended_names[s->ended]);
	json_bool("complete", s->ended == LOOP_BY_PEER && !s->lost);
	json_array("targets");
	for (i = 0; i < p->opt.nr_targets; i++)
		if ((s->targets ?: 1) & 1U << i)
			json_str(NULL, p->opt.targets[i]);
	json_end();
	json_array("extents");
	for (e = 0; e < s->nr_extents; e++) {
		json_object(NULL);
		json_u64("lba", s->extents[e].lba);
		json_u64("bytes", s->extents[e].bytes);
		json_end();
	}
	json_end();
	json_end();
}

static void json_report(const struct pipeline *p, const struct loop_stats *s, const char *why)
{
	size_t i;

	json_object(NULL);
	if (*why)
		json_str("error", why);
	json_u64("us", p->ended - p->started);
	json_stats(p, s);
	json_u64("block", p->block);
	policy_uses_json(&p->policies);
	json_array("streams_index");
	for (i = 0; i < p->nr_streams; i++)
		json_stream(p, p->streams[i]);
	json_end();
	json_end();
}

static void print_stream(const struct pipeline *p, const struct pipeline_stream *s)
{
	char text[64];
	size_t e;

	printf("stream %" PRIu64 " from %s: %" PRIu64 " bytes", (uint64_t)s->peer.id,
	       address_of(&s->peer, text, sizeof(text)), s->bytes);
	for (e = 0; e < s->nr_extents && e < 4; e++)
		printf("%s %" PRIu64, e ? "," : " at lba", s->extents[e].lba);
	if (e < s->nr_extents)
		printf(" and %zu more extents", s->nr_extents - e);
	if (s->nr_extents)
		printf(" of %s", p->opt.targets[__builtin_ctz(s->targets ?: 1)]);
	if (s->dropped)
		printf(", %" PRIu64 " dropped by a policy", s->dropped);
	if (s->lost)
		printf(", %" PRIu64 " LOST", s->lost);
	if (s->ended == LOOP_BY_DRAIN)
		printf(", cut off before its end");
	if (error_of(s))
		printf(": %s", error_of(s));
	putchar('\n');
}

static void print_report(const struct pipeline *p, const struct loop_stats *s)
{
	uint64_t us = p->ended - p->started ?: 1;
	char text[32];
	size_t i;

	if (isatty(1))
		putchar('\n');
	for (i = 0; i < p->nr_streams && i < 16; i++)
		print_stream(p, p->streams[i]);
	if (i < p->nr_streams)
		printf("and %zu more streams: -j lists them all\n", p->nr_streams - i);
	printf("%" PRIu64 " bytes in %.3f s, %s/s\n", (uint64_t)s->bytes, us / 1e6,
	       about(s->bytes * 1e6 / us, text, sizeof(text)));
	printf("  %" PRIu64 " put into the region by the interface\n", bytes_by_dma(s));
	if (s->unseen)
		printf("  %" PRIu64 " of which this kernel does not let it be told whether they "
		       "were copied\n",
		       (uint64_t)s->unseen);
	for (i = 0; i < LOOP_COPIES; i++)
		if (s->copied[i])
			printf("  %" PRIu64 " copied: %s\n", (uint64_t)s->copied[i],
			       copy_reasons[i]);
	show_own(p, p->prog->print);
	printf("%" PRIu64 " steps of the loop, %" PRIu64 " fragments, %" PRIu64 " receives armed\n",
	       (uint64_t)s->steps, (uint64_t)s->receives, (uint64_t)s->arms);
	if (area_grew(p, s))
		printf("the receive area grew %u times, to %s\n", area_grew(p, s),
		       human(area_size(p, s), text, sizeof(text)));
	if (s->missteered)
		printf("%" PRIu64 " streams ended as they came through another queue\n",
		       (uint64_t)s->missteered);
	if (p->astray)
		printf("%" PRIu64 " connections were made through another queue\n", p->astray);
	if (p->refused)
		printf("%" PRIu64 " connections were refused: see --streams\n", p->refused);
	policy_uses_tell(&p->policies, stdout);
}

void pipeline_report_end(struct pipeline *p, const char *why)
{
	struct loop_stats s;

	p->ended = microseconds_of(CLOCK_MONOTONIC);
	pipeline_report_sum(p, &s);
	if (json_output || p->opt.stats_json)
		json_report(p, &s, why);
	else
		print_report(p, &s);
	if (*why && !json_output && !p->opt.stats_json)
		fail(0, "%s", why);
}
