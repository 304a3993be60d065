/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ingest's loop (ingest.bpf.c) and unifiedctl ingest share beside what all
 * pipelines do.
 */
#ifndef INGEST_H
#define INGEST_H

#include "loop/loop.h"

/* What is done when a device says no, after the policies were asked. */
enum ingest_on_error {
	INGEST_STOP,  /* end everything */
	INGEST_DROP,  /* go on without these bytes, and say so */
	INGEST_RETRY, /* once more, a number of times; then stop */
};

#define INGEST_MAX_TRIES 16

/* Constants for the verifier, as struct loop_config. */
struct ingest_config {
	__u32 block_shift;
	__u32 command_bytes; /* when it is full */
	__u32 command_frags;
	__u32 on_error;	     /* enum ingest_on_error */
	/* Blocks that a stream takes at a time. */
	__u64 reserve; /* at least, if there are */
	__u64 extent;  /* at most */
};

/* The loop writes, the loader reads: counters of 64 bits, and nothing else. */
struct ingest_stats {
	__u64 dropped;	/* bytes, as a policy said */
	__u64 stored;	/* bytes that targets have */
	__u64 padded;	/* zeroes behind them */
	__u64 lost;	/* bytes that a device did not take */
	__u64 commands;
	__u64 segments; /* of commands: fragments, when neighbours were joined */
	__u64 flushed;	/* commands that were not full */
	__u64 retries;
};

#endif
