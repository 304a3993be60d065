/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For ingest.c: the options of unifiedctl ingest, which ingest_words.c takes.
 */
#ifndef CMD_INGEST_H
#define CMD_INGEST_H

#include "../../bpf/ingest.h"
#include "pipeline.h"

/* The limits of the options: those of what they are about. */
#define INGEST_MAX_QUEUES   PIPELINE_MAX_QUEUES
#define INGEST_MAX_POLICIES PIPELINE_MAX_POLICIES
#define INGEST_MAX_AREA	    PIPELINE_MAX_AREA
#define INGEST_MAX_BUFFERS  PIPELINE_MAX_BUFFERS
#define INGEST_SLOT	    PIPELINE_SLOT
#define INGEST_MAX_SLOTS    LOOP_MAX_SLOTS
#define INGEST_STREAMS	    LOOP_STREAMS
#define INGEST_COMMANDS	    LOOP_COMMANDS
#define INGEST_AREAS	    LOOP_AREAS

struct ingest_options {
	union {
		struct pipeline_options common;
		struct pipeline_options;
	};
	enum ingest_on_error on_error;
};

/* An exit status; fail_usage() was called. */
int ingest_parse(struct ingest_options *opt, int argc, char **argv);

#endif
