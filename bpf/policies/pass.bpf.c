// SPDX-License-Identifier: GPL-2.0
/*
 * pass: decides nothing. Every operation takes the default way.
 *
 * The smallest policy, to start one's own from, and the one to load when all
 * that matters is whether policies work on this machine: attaching it runs
 * BPF that the module calls and that calls the module back, and is refused if
 * the answer is wrong.
 */
#include "unified.bpf.h"

/* What CRC-32C of "123456789" is known to be. */
#define KNOWN_CRC32C 0xe3069283

SEC("struct_ops.s/init")
s32 BPF_PROG(pass_init, struct unified_bpf_ctx *uctx)
{
	const char digits[] = "123456789";

	return bpf_unified_crc32c(0, digits, 9) == KNOWN_CRC32C ? 0 : -1;
}

UNIFIED_HELP("decides nothing")
UNIFIED_POLICY(pass,
	.init = (void *)pass_init);
