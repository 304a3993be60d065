// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl io: one kind of operation on a range of a device, through a region
 * that is made for it.
 *
 * All that can be known to be wrong is said before the first operation.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "io_job.h"
#include "options.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

#define DEFAULT_CHUNK (128 << 10)
#define NO_DATA_CHUNK (64 << 20) /* of operations that move none */

static const struct verb verbs[] = {
	{ READ, "read", "read", UNIFIED_OP_RW, UNIFIED_DESC_F_READ, UNIFIED_TARGET_READ },
	{ WRITE, "write", "written", UNIFIED_OP_RW, UNIFIED_DESC_F_WRITE, UNIFIED_TARGET_WRITE },
	{ FLUSH, "flush", "flushed", UNIFIED_OP_FLUSH, 0, UNIFIED_TARGET_WRITE },
	{ ZEROES, "zeroes", "zeroed", UNIFIED_OP_ZEROES, 0, UNIFIED_TARGET_WRITE },
	{ DISCARD, "discard", "discarded", UNIFIED_OP_DISCARD, 0, UNIFIED_TARGET_WRITE },
	{ COMPARE, "compare", "compared equal", UNIFIED_OP_COMPARE, 0, UNIFIED_TARGET_READ },
};

/* --- devices and range ------------------------------------------------------- */

static_assert(JOB_MAX_POLICIES <= POLICY_MAX_USES);

static int add_devices(struct job *job)
{
	const struct unified_io_target wanted = {
		.access = job->verb->access,
		.flags = job->block  ? UNIFIED_TARGET_F_BLOCK
			 : job->nvme ? UNIFIED_TARGET_F_NVME
				     : 0,
	};
	/* A flush overwrites nothing. */
	bool force = job->force || job->verb->mask == FLUSH;
	unsigned int i;
	int ret;

	ret = target_add_all(job->io.region.fd, job->devices, job->nr_devices, &wanted, force,
			     job->target);
	if (ret)
		return ret;
	job->lba_size = job->target[0].lba_size;
	job->size = UINT64_MAX;
	for (i = 0; i < job->nr_devices; i++) {
		const struct unified_io_target *t = &job->target[i];
		uint64_t size = target_size(t);

		if (job->targets & 1ULL << i && size < job->size)
			job->size = size;
		if (job->verb->mask == COMPARE && t->kind != UNIFIED_TARGET_NVME)
			return fail(
				0,
				"%s is driven by the block layer, which cannot compare: only an "
				"NVMe disk can. Read it, and use cmp",
				job->devices[i]);
	}
	return EXIT_OK;
}

static int fail_range(const struct job *job, uint64_t wanted)
{
	const char *what = job->nr_devices > 1 ? "the smallest device" : job->devices[0];
	uint64_t blocks = job->size / job->lba_size;

	if (job->lba >= blocks)
		return fail(0, "%s has %" PRIu64 " blocks of %u, and no lba %" PRIu64, what, blocks,
			    job->lba_size, job->lba);
	return fail(0,
		    "%s has %" PRIu64 " blocks of %u: from lba %" PRIu64 " on there are %" PRIu64
		    ", and not %" PRIu64,
		    what, blocks, job->lba_size, job->lba, blocks - job->lba, wanted);
}

/* The length of the input, in whole blocks. Returns an exit status. */
static int plan_input(struct job *job, uint64_t room)
{
	struct stream *s = &job->stream;
	uint64_t have = input_size(s->in), rest = have % s->block;

	if (have == UINT64_MAX) {
		s->until_end = s->length == NOT_GIVEN;
		if (s->until_end)
			s->length = room;
		return EXIT_OK;
	}
	if (s->length != NOT_GIVEN && s->length <= have)
		return EXIT_OK;
	if (rest && !job->pad)
		return fail(0,
			    "the input has %" PRIu64 " bytes, which is no whole number of blocks "
			    "of %u. Say --pad to fill the last one with zeroes",
			    have, s->block);
	have += rest ? s->block - rest : 0;
	if (s->length != NOT_GIVEN && s->length > have)
		return fail(0, "the input has only %" PRIu64 " blocks of %u", have / s->block,
			    s->block);
	s->length = have;
	return s->length > room ? fail_range(job, s->length / s->block) : EXIT_OK;
}

/* How many bytes, from where. Returns an exit status. */
static int plan_range(struct job *job)
{
	struct stream *s = &job->stream;
	uint64_t blocks = job->size / s->block, room;

	if (job->verb->mask == FLUSH)
		return EXIT_OK;
	s->lba = job->lba;
	s->length = NOT_GIVEN;
	if (job->lba >= blocks && !job->nr_policies)
		return fail_range(job, 0);
	room = job->lba < blocks ? (blocks - job->lba) * s->block : 0;
	if (job->count == CLI_ALL)
		s->length = room;
	/* A policy may spread a longer range over several devices: the module checks. */
	if (job->nr_policies)
		room = (UINT64_MAX / s->block - blocks) * s->block;
	if (job->bytes != NOT_GIVEN && job->bytes % s->block)
		return fail(0, "--bytes is a multiple of %u, the size of a block", s->block);
	if (job->count < CLI_ALL && job->count > room / s->block)
		return fail_range(job, job->count);
	if (job->count < CLI_ALL)
		s->length = job->count * s->block;
	else if (job->bytes != NOT_GIVEN)
		s->length = job->bytes;
	if (s->length != NOT_GIVEN && s->length > room)
		return fail_range(job, s->length / s->block);
	return s->in >= 0 ? plan_input(job, room) : EXIT_OK;
}

/* --- at work ------------------------------------------------------------------ */

static int open_input(struct job *job)
{
	struct stream *s = &job->stream;

	if (!(job->verb->mask & INPUT))
		return EXIT_OK;
	s->in = STDIN_FILENO;
	if (!job->file || !strcmp(job->file, "-"))
		return EXIT_OK;
	s->in = open(job->file, O_RDONLY | O_CLOEXEC);
	return s->in < 0 ? fail(-errno, "cannot open '%s'", job->file) : EXIT_OK;
}

/* Last of all, so that nothing is overwritten for nothing. */
static int open_output(struct job *job)
{
	struct stream *s = &job->stream;

	if (job->verb->mask != READ)
		return EXIT_OK;
	s->out = STDOUT_FILENO;
	if (!job->file || !strcmp(job->file, "-")) {
		job->hex |= !job->file && isatty(s->out);
	} else {
		s->out = open(job->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (s->out < 0)
			return fail(-errno, "cannot open '%s'", job->file);
	}
	if (!job->hex)
		return EXIT_OK;
	job->hexdump.to = s->out == STDOUT_FILENO ? stdout : fdopen(s->out, "w");
	job->hexdump.at = s->lba * s->block;
	s->hex = &job->hexdump;
	return job->hexdump.to ? EXIT_OK : fail(-errno, "cannot write '%s'", job->file);
}

/* A full disk is often noticed here only. */
static void close_output(struct job *job)
{
	struct stream *s = &job->stream;
	int ret = 0;

	if (s->hex) {
		hexdump_end(s->hex);
		ret = fflush(s->hex->to) || ferror(s->hex->to);
	}
	if (s->out > STDOUT_FILENO)
		ret |= s->hex ? fclose(s->hex->to) : close(s->out);
	if (!ret || s->end)
		return;
	s->end = STREAM_OUTPUT;
	s->error = -errno;
	/* It is said once. */
	clearerr(stdout);
}

static int run(struct job *job)
{
	struct stream *s = &job->stream;
	uint64_t began;
	int ret;

	ret = policy_use_all(&job->uses, job->io.region.fd, job->policies, job->nr_policies,
			     policy_use);
	if (!ret)
		ret = add_devices(job);
	if (ret)
		return ret;
	s->block = job->lba_size;
	if (job->chunk != NOT_GIVEN && job->chunk % s->block)
		return fail(0, "--chunk is a multiple of %u, the size of a block", s->block);
	ret = plan_range(job);
	if (!ret)
		ret = open_output(job);
	if (ret)
		return ret;
	if (isatty(STDERR_FILENO) && !json_output && !(s->hex && s->out == STDOUT_FILENO))
		s->progress = job_progress;
	interrupt_setup();
	began = microseconds_of(CLOCK_MONOTONIC);
	stream_run(s);
	job->microseconds = microseconds_of(CLOCK_MONOTONIC) - began;
	close_output(job);
	return job_report(job);
}

/* What is asked for, or as little as it takes. */
static unsigned int size_chunks(const struct job *job, uint32_t *chunk)
{
	*chunk = job->verb->mask & DATA ? DEFAULT_CHUNK : NO_DATA_CHUNK;
	if (job->chunk != NOT_GIVEN)
		*chunk = job->chunk;
	if (job->verb->mask == FLUSH)
		return 1;
	if (job->bytes == NOT_GIVEN || job->bytes / *chunk >= job->qd)
		return job->qd;
	if (job->bytes < *chunk)
		*chunk = job->bytes;
	return (job->bytes + *chunk - 1) / *chunk;
}

static int prepare_and_run(struct job *job)
{
	struct stream *s = &job->stream;
	bool data = job->verb->mask & DATA;
	unsigned int depth;
	int ret;

	s->io = &job->io;
	s->in = -1;
	s->out = -1;
	s->pad = job->pad;
	s->desc = (struct unified_descriptor){
		.type = UNIFIED_REGION_F_NVME | (job->process ? UNIFIED_REGION_F_BPF : 0),
		.flags = job->verb->flags | (job->fua ? UNIFIED_DESC_F_FUA : 0),
		.opcode = job->verb->opcode,
		.targets = job->targets,
	};
	depth = size_chunks(job, &s->chunk);
	ret = open_input(job);
	if (ret)
		return ret;
	ret = io_open(&job->io, io_door(job->door), depth,
		      data ? (uint64_t)depth * s->chunk : 4096);
	if (ret)
		return ret;
	ret = run(job);
	io_close(&job->io);
	return ret;
}

static int io_command(const struct verb *verb, struct job *job)
{
	int ret;

	job->verb = verb;
	ret = job_check(job);
	return ret ?: prepare_and_run(job);
}

static int io_read(void *values)
{
	return io_command(&verbs[0], values);
}

static int io_write(void *values)
{
	return io_command(&verbs[1], values);
}

static int io_flush(void *values)
{
	return io_command(&verbs[2], values);
}

static int io_zeroes(void *values)
{
	return io_command(&verbs[3], values);
}

static int io_discard(void *values)
{
	return io_command(&verbs[4], values);
}

static int io_compare(void *values)
{
	return io_command(&verbs[5], values);
}

static const struct cli_verb words[] = {
	{ "read", "data to standard output or a file; on a terminal, as a hexdump", READ, io_read },
	{ "write", "data from standard input or a file", WRITE, io_write },
	{ "flush", "what was written before is on the medium", FLUSH, io_flush },
	{ "zeroes", "blocks become zeroes", ZEROES, io_zeroes },
	{ "discard", "blocks are not needed any more", DISCARD, io_discard },
	{ "compare", "do NVMe disks have the data of standard input or a file", COMPARE,
	  io_compare },
	{}
};

const struct cli_object io_object = {
	.name = "io",
	.help = "operations on devices, with a region of its own",
	.verbs = words,
	.options = io_options,
	.defaults =
		&(const struct job){
			.count = NOT_GIVEN,
			.bytes = NOT_GIVEN,
			.chunk = NOT_GIVEN,
			.targets = NOT_GIVEN,
			.qd = 8,
		},
	.size = sizeof(struct job),
};
