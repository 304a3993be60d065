// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl ingest: the pipeline whose streams go to targets. See ingest.h.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ingest.h"
#include "json.h"
#include "options.h"
#include "unifiedctl.h"

#include "skel/ingest.skel.h"

static_assert(sizeof(struct ingest_stats) / sizeof(uint64_t) <= PIPELINE_MAX_OWN);

static const struct ingest_options *options;

/* --- its program ----------------------------------------------------------------- */

static int open_loop(struct pipeline_loop *loop)
{
	struct ingest_bpf *skel = ingest_bpf__open();

	if (!skel)
		return -errno;
	*loop = (struct pipeline_loop){
		PIPELINE_LOOP(skel, ingest),
		.own_setup = (void *)&skel->rodata->own_setup,
		.own_stats = (const uint64_t *)&skel->bss->own_stats,
	};
	return 0;
}

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

static void configure(const struct pipeline *p, void *own_setup)
{
	*(struct ingest_config *)own_setup = (struct ingest_config){
		.block_shift = __builtin_ctz(p->block),
		.command_bytes = p->opt.command,
		.command_frags = most_fragments(p),
		.on_error = options->on_error,
		.reserve = p->opt.reserve / p->block,
		.extent = p->opt.extent / p->block,
	};
}

/* --- its part of the report ------------------------------------------------------- */

static void json_own(const void *own)
{
	const struct ingest_stats *s = own;

	json_u64("stored", s->stored);
	json_u64("padded", s->padded);
	json_u64("dropped", s->dropped);
	json_u64("lost", s->lost);
	json_u64("commands", s->commands);
	json_u64("segments", s->segments);
	json_u64("flushed", s->flushed);
	json_u64("retries", s->retries);
}

static void print_own(const void *own)
{
	const struct ingest_stats *s = own;

	printf("  %" PRIu64 " stored, in %" PRIu64 " commands of %" PRIu64 " segments; %" PRIu64
	       " bytes of zeroes behind them\n",
	       (uint64_t)s->stored, (uint64_t)s->commands, (uint64_t)s->segments,
	       (uint64_t)s->padded);
	if (s->dropped)
		printf("  %" PRIu64 " dropped by a policy\n", (uint64_t)s->dropped);
	if (s->lost)
		printf("  %" PRIu64 " LOST: a target refused them\n", (uint64_t)s->lost);
}

static const struct pipeline_prog ingest = {
	.open = open_loop,
	.policy = "append",
	.configure = configure,
	.nr_own = sizeof(struct ingest_stats) / sizeof(uint64_t),
	.json = json_own,
	.print = print_own,
};

static int ingest_run(void *values)
{
	int ret = ingest_check_options(values);

	options = values;
	return ret ?: pipeline_run(&ingest, &options->common);
}

const struct cli_object ingest_object = {
	.name = "ingest",
	.help = "TCP streams to devices, in the kernel",
	.verbs =
		(const struct cli_verb[]){
			{ "run",
			  "receive until Ctrl-C. Exit status: 3 a byte was copied and must not be, "
			  "4 a stream failed",
			  1, ingest_run },
			{} },
	.options = ingest_option_table,
	.defaults = &ingest_defaults,
	.size = sizeof(struct ingest_options),
};
