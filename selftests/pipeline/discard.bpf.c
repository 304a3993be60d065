// SPDX-License-Identifier: GPL-2.0
/*
 * discard: what comes is counted, and its buffers go back. An example: the least that
 * a pipeline is. discard.c is what starts it.
 */
#include "loop/step.h"

__u64 discarded;

static __always_inline void pipeline_data(struct iou_ctx *ring, __u8 *mem, struct stream *s,
					  __u32 index, __u64 addr, __u32 len)
{
	struct command *c = command_at(s->command);

	discarded += len;
	/* A command that is never issued: so many references at a time. */
	command_add_ref(c, s->command, addr, 0);
	if (c->nr_refs >= LOOP_FEW)
		stream_next(s, index);
}

static __always_inline void pipeline_flush(struct iou_ctx *ring, __u32 index, __u32 few)
{
	if (command_at(stream_at(index)->command)->nr_refs > few)
		stream_next(stream_at(index), index);
}

/* At its end the loop itself lets go of the open command. */
static __always_inline void pipeline_end(struct iou_ctx *ring, __u32 index) {}
static __always_inline void pipeline_close(__u32 index) {}
static __always_inline void pipeline_command(struct iou_ctx *ring, __u32 index, __s32 res) {}

LOOP_PIPELINE(discard);
