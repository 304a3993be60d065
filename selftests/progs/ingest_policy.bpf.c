// SPDX-License-Identifier: GPL-2.0
/*
 * Policies for ingest-policy.sh, with an rx hook. The sender's port says what is
 * to become of a stream.
 */
#include "unified.bpf.h"

#define EPERM 1

/* 5100 to 5199: as many times "later" as the last two digits say. */
__u32 asked_again;

SEC("struct_ops/rx")
s32 BPF_PROG(by_port_rx, struct unified_bpf_ctx *uctx, struct unified_stream *stream)
{
	__u16 port = stream->remote_port;

	switch (port) {
	case 5001:
		uctx->desc->targets = 1;
		return UNIFIED_ISSUE;
	case 5002:
		uctx->desc->targets = 2;
		return UNIFIED_ISSUE;
	case 5003:
		uctx->desc->targets = 3;
		return UNIFIED_ISSUE;
	case 5004:
		return UNIFIED_DROP;
	case 5005:
		return -EPERM;
	case 5006:
		/* No verdict of rx. */
		return UNIFIED_TO_USER;
	case 5007:
		/* There is no such target. */
		uctx->desc->targets = 1U << 31;
		return UNIFIED_ISSUE;
	}
	if (port / 100 == 51 && asked_again < port % 100) {
		asked_again++;
		return UNIFIED_RETRY;
	}
	return UNIFIED_CONTINUE;
}

UNIFIED_POLICY(by_port,
	.rx = (void *)by_port_rx);
