/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One range of a device after the other through a region: several operations
 * under way, their results in order.
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "io.h"
#include "io_file.h"

/* How it ended. */
enum stream_end {
	STREAM_DONE,
	STREAM_INTERRUPTED,
	STREAM_FAILED,	/* an operation: see failed */
	STREAM_BROKEN,	/* the door; error says why */
	STREAM_INPUT,	/* it cannot be read; likewise */
	STREAM_OUTPUT,	/* it cannot be written; likewise */
	STREAM_SHORT,	/* the input ended too early */
	STREAM_PARTIAL, /* the input ended within a block: rest bytes are left */
	STREAM_FULL,	/* the range ended before the input */
};

struct stream_slot {
	uint64_t lba;
	uint32_t len;
	bool done;
	unsigned int tries;
	struct unified_completion completion;
};

struct stream {
	/* What is to be done. */
	struct io *io;
	struct unified_descriptor desc; /* of each operation, but for where and how much */
	uint64_t lba;			/* where it begins */
	uint64_t length;		/* bytes; with until_end, at most */
	bool until_end;			/* as long as there is input */
	bool pad;			/* the last block of the input with zeroes */
	uint32_t block;
	uint32_t chunk;	     /* bytes of an operation */
	int in, out;	     /* -1: none */
	struct hexdump *hex; /* instead of out */
	void (*progress)(const struct stream *s);

	/* What became of it. */
	enum stream_end end;
	int error;
	uint64_t bytes;	     /* done, without a gap from the start on */
	uint64_t operations; /* that ended, with or without success */
	uint32_t padded;
	uint32_t rest;
	struct stream_slot failed;
	void *failed_data;

	/* Its own. */
	struct stream_slot *slots; /* as many as the region may have under way */
	uint64_t head, tail;	   /* operations taken, and submitted */
	uint64_t at;		   /* bytes submitted */
	bool input_ended;
	bool skip; /* what comes now is behind a gap */
};

/* Sets end, which it returns, and all that goes with it. */
enum stream_end stream_run(struct stream *s);

/* After a COMPARE failed: narrow failed to the first block that fails. */
void stream_find_difference(struct stream *s);

#endif
