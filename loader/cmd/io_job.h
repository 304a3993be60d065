/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What "unifiedctl io" was told, and how it fared. io.c does it, io_report.c
 * tells of it, io_words.c has its options.
 */
#ifndef IO_JOB_H
#define IO_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "io.h"
#include "io_stream.h"
#include "options.h"
#include "policy_use.h"
#include "unified_io.h"

#define JOB_MAX_POLICIES 8
#define NOT_GIVEN	 UINT64_MAX

/* The operations, as a mask, for what goes with which. */
enum {
	READ = 1 << 0,
	WRITE = 1 << 1,
	FLUSH = 1 << 2,
	ZEROES = 1 << 3,
	DISCARD = 1 << 4,
	COMPARE = 1 << 5,
};

#define RANGE (READ | WRITE | ZEROES | DISCARD | COMPARE)
#define DATA  (READ | WRITE | COMPARE)
#define INPUT (WRITE | COMPARE)
#define ANY   (RANGE | FLUSH)

struct verb {
	unsigned int mask;
	const char *name;
	const char *done;
	uint32_t opcode;
	uint16_t flags;
	uint32_t access;
};

struct job {
	const struct verb *verb;

	/* Its options. */
	const char *devices[UNIFIED_IO_MAX_TARGETS];
	unsigned int nr_devices;
	const char *policies[JOB_MAX_POLICIES];
	unsigned int nr_policies;
	uint64_t lba, count, bytes, qd, chunk, targets; /* count: or CLI_ALL */
	const char *file;
	unsigned int door_word;
	bool block, nvme, force;
	bool fua, pad, hex, process;

	/* At work. */
	const char *door;
	struct policy_uses uses;
	struct unified_io_target target[UNIFIED_IO_MAX_TARGETS];
	uint64_t size; /* of the smallest of those that are used */
	uint32_t lba_size;
	struct io io;
	struct stream stream;
	struct hexdump hexdump;
	uint64_t microseconds;
};

extern const struct cli_option io_options[];
/* Do they go together? An exit status; fail() has said why. */
int job_check(struct job *job);

/* Every so often, on a terminal. */
void job_progress(const struct stream *s);

/* The exit status of a job that ran; says what became of it. */
int job_report(struct job *job);

#endif
