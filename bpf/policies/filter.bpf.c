// SPDX-License-Identifier: GPL-2.0
/*
 * filter: lets data pass that begins with a magic number, and refuses all else
 * with EBADMSG. Of a stream that is received the beginning counts; what is refused
 * ends there, and its sender sees the connection close.
 *
 * The magic number is set at load: it is constant then, and the verifier checks the
 * program with it.
 */
#include "unified.bpf.h"

#define EBADMSG 74

UNIFIED_KNOB_AT_LOAD(char[4], magic, "UIO1", "what data is to begin with");

static s32 check(struct unified_bpf_ctx *uctx)
{
	const __u8 *head = bpf_unified_data(uctx, 0, sizeof(magic));
	int i;

	/* NULL: the data is shorter than a magic number. */
	if (!head)
		return -EBADMSG;
	for (i = 0; i < sizeof(magic); i++)
		if (head[i] != (__u8)magic[i])
			return -EBADMSG;
	return 0;
}

SEC("struct_ops/process")
s32 BPF_PROG(filter_process, struct unified_bpf_ctx *uctx)
{
	return check(uctx);
}

/* Asked more than once for a stream if another policy wants to be. */
SEC("struct_ops/rx")
s32 BPF_PROG(filter_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	if (stream->bytes || !uctx->data_len)
		return UNIFIED_CONTINUE;
	if (uctx->data_len < sizeof(magic) && !(stream->flags & UNIFIED_STREAM_LAST))
		return UNIFIED_MORE + sizeof(magic);
	return check(uctx) ?: UNIFIED_CONTINUE;
}

UNIFIED_HELP("lets pass what begins with a magic number, and refuses all else")
UNIFIED_POLICY(filter,
	.rx = (void *)filter_rx,
	.process = (void *)filter_process);
