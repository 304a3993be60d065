// SPDX-License-Identifier: GPL-2.0
/*
 * One range of a device after the other, see io_stream.h.
 *
 * Each operation that may be under way has a slot, with its part of the data
 * area. They are submitted in order and taken in that order, so that output can
 * go to a pipe, and "bytes" has no gap. When anything ends it early, what is under
 * way is waited for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "interrupt.h"
#include "io_stream.h"

#define TRIES_A_SECOND 200
#define MAX_TRIES      (10 * TRIES_A_SECOND)

static bool has_data(const struct stream *s)
{
	return s->desc.opcode == UNIFIED_OP_RW || s->desc.opcode == UNIFIED_OP_COMPARE;
}

static uint32_t slot_of(const struct stream *s, uint64_t nr)
{
	return nr % s->io->depth;
}

static uint64_t data_of(const struct stream *s, uint64_t nr)
{
	return has_data(s) ? (uint64_t)slot_of(s, nr) * s->chunk : 0;
}

/* Whole blocks of input. How many bytes they are; what else there is to say is in s. */
static uint32_t fill(struct stream *s, char *data, uint32_t len)
{
	ssize_t n = read_all(s->in, data, len);
	uint32_t rest;

	if (n < 0) {
		s->end = n == -EINTR ? STREAM_INTERRUPTED : STREAM_INPUT;
		s->error = n;
		return 0;
	}
	if (n == len)
		return len;
	s->input_ended = true;
	rest = n % s->block;
	if (rest && s->pad) {
		s->padded = s->block - rest;
		memset(data + n, 0, s->padded);
		n += s->padded;
	} else if (rest) {
		s->end = STREAM_PARTIAL;
		s->rest = rest;
		n -= rest;
	}
	if (!s->until_end && !s->end && s->at + n < s->length)
		s->end = STREAM_SHORT;
	return n;
}

static void submit(struct stream *s, uint64_t nr)
{
	struct stream_slot *slot = &s->slots[slot_of(s, nr)];
	struct unified_descriptor d = s->desc;

	d.addr = data_of(s, nr);
	d.lba = slot->lba;
	d.len = slot->len;
	d.user_data = nr;
	slot->tries++;
	io_submit(s->io, &d);
}

/* A policy that limits a rate says so. False: that is no reason, or it was too often. */
static bool try_again(struct stream *s, const struct unified_completion *done)
{
	const struct timespec pause = { .tv_nsec = 1000000000 / TRIES_A_SECOND };
	const struct stream_slot *slot = &s->slots[slot_of(s, done->user_data)];

	/* Hooks may have changed the data: what they saw once is not shown again. */
	if (done->res != -EAGAIN || s->desc.type & UNIFIED_REGION_F_BPF || interrupted || s->skip ||
	    slot->tries >= MAX_TRIES)
		return false;
	nanosleep(&pause, NULL);
	submit(s, done->user_data);
	return true;
}

static void submit_next(struct stream *s)
{
	struct stream_slot *slot = &s->slots[slot_of(s, s->tail)];
	uint64_t left = s->length - s->at;
	uint32_t len = left < s->chunk ? left : s->chunk;

	if (interrupted) {
		s->end = STREAM_INTERRUPTED;
		return;
	}
	if (s->in >= 0)
		len = fill(s, s->io->data + data_of(s, s->tail), len);
	if (s->in >= 0 && !len)
		return;
	*slot = (struct stream_slot){ .lba = s->lba + s->at / s->block, .len = len };
	submit(s, s->tail++);
	s->at += len;
}

static bool wants_more(const struct stream *s)
{
	/* The one operation without a length is a flush. */
	if (!s->length && s->desc.opcode == UNIFIED_OP_FLUSH)
		return !s->tail && !s->end;
	return !s->end && !s->input_ended && s->at < s->length;
}

/* Wait until the oldest operation is done. */
static bool wait_oldest(struct stream *s)
{
	struct unified_completion done;
	int ret;

	while (!s->slots[slot_of(s, s->head)].done) {
		ret = io_wait(s->io, &done);
		if (ret == -EINTR)
			continue;
		if (!ret && done.user_data - s->head >= s->tail - s->head)
			ret = -EBADMSG;
		if (ret) {
			s->end = STREAM_BROKEN;
			s->error = ret;
			return false;
		}
		if (try_again(s, &done))
			continue;
		s->slots[slot_of(s, done.user_data)].completion = done;
		s->slots[slot_of(s, done.user_data)].done = true;
	}
	return true;
}

/* What was read goes where it belongs. */
static void put_out(struct stream *s, const void *data, uint32_t len)
{
	size_t written = len;
	int ret = 0;

	if (s->hex)
		hexdump(s->hex, data, len);
	else if (s->out >= 0)
		ret = write_all(s->out, data, len, &written);
	s->bytes += written;
	if (!ret)
		return;
	s->end = ret == -EINTR ? STREAM_INTERRUPTED : STREAM_OUTPUT;
	s->error = ret;
	s->skip = true;
}

static void take_oldest(struct stream *s)
{
	const struct stream_slot *slot = &s->slots[slot_of(s, s->head)];
	char *data = s->io->data + data_of(s, s->head);

	s->head++;
	s->operations++;
	if (s->skip)
		return;
	if (slot->completion.res) {
		s->end = slot->completion.res == -EAGAIN && interrupted ? STREAM_INTERRUPTED
									: STREAM_FAILED;
		s->failed = *slot;
		s->failed_data = data;
		s->skip = true;
		return;
	}
	put_out(s, data, slot->len);
	if (s->progress)
		s->progress(s);
}

/* There is no room for more, but is there more? */
static void check_input(struct stream *s)
{
	char byte;

	if (!s->end && s->until_end && !s->input_ended && read_all(s->in, &byte, 1) > 0)
		s->end = STREAM_FULL;
}

enum stream_end stream_run(struct stream *s)
{
	s->slots = calloc(s->io->depth, sizeof(*s->slots));
	if (!s->slots) {
		s->end = STREAM_BROKEN;
		s->error = -ENOMEM;
		return s->end;
	}
	for (;;) {
		while (wants_more(s) && s->tail - s->head < s->io->depth)
			submit_next(s);
		if (s->head == s->tail || !wait_oldest(s))
			break;
		take_oldest(s);
	}
	check_input(s);
	free(s->slots);
	return s->end;
}

void stream_find_difference(struct stream *s)
{
	uint64_t addr = (char *)s->failed_data - s->io->data;
	struct unified_descriptor d = s->desc;
	struct unified_completion done;
	uint32_t at;
	int ret;

	d.len = s->block;
	for (at = 0; at < s->failed.len; at += s->block) {
		d.addr = addr + at;
		d.lba = s->failed.lba + at / s->block;
		io_submit(s->io, &d);
		do
			ret = io_wait(s->io, &done);
		while (ret == -EINTR);
		if (!ret && !done.res)
			continue;
		s->failed.lba = d.lba;
		s->failed.len = s->block;
		s->bytes += at;
		return;
	}
}
