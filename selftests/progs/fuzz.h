/* SPDX-License-Identifier: GPL-2.0 */
/* What fuzz/steps_io.c and progs/fuzz.bpf.c share. */
#ifndef FUZZ_H
#define FUZZ_H

enum fuzz_what { FUZZ_ALLOC, FUZZ_FREE, FUZZ_SUBMIT, FUZZ_RX, FUZZ_NR };

struct fuzz_call {
	__u32 region;
	__u16 what;
	__u16 shared;
	__u64 number;
	__u64 addr; /* of RX */
	__u32 len;
	__u32 targets;
	struct unified_descriptor request; /* of SUBMIT */
};

#define FUZZ_BUFFERS 16

/* The last buffers that were taken, by whoever; and what was done. */
struct fuzz_state {
	__u64 buffers[FUZZ_BUFFERS];
	__u64 addrs[FUZZ_BUFFERS];
	__u64 calls; /* of kfuncs, with a region */
	__u64 hooks;
};

#endif
