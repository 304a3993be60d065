/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For ingest.c: the options of unifiedctl ingest, whose table ingest_words.c has.
 */
#ifndef CMD_INGEST_H
#define CMD_INGEST_H

#include "../../bpf/ingest.h"
#include "options.h"
#include "pipeline.h"

struct ingest_options {
	union {
		struct pipeline_options common;
		struct pipeline_options;
	};
	bool recv; /* there is no nic */
	enum ingest_on_error on_error;
};

extern const struct cli_option ingest_option_table[];
extern const struct ingest_options ingest_defaults;
/* Do they go together? What was left open is completed. An exit status; fail() was called. */
int ingest_check_options(struct ingest_options *opt);

#endif
