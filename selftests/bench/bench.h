/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A path: one way to move data between memory and an NVMe drive. Each is a
 * program of its own, paths/NAME.c, that defines "path" and is linked with
 * bench.c, which has main() and does all that is not counted.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's io_uring.h, before liburing brings its older one. */
#include <linux/io_uring.h>

#include <liburing.h>

#define DRIVE	   "/dev/nvme0n1"
#define DRIVE_CHAR "/dev/ng0n1"

/* Of a path that receives, an operation is so much of the payload. */
#define INGEST_OP 4096U
/* And so much is written at a time. */
#define INGEST_WRITE (128U << 10)

/* What the NIC has received. */
struct arrivals {
	uint64_t polls, packets, bytes;
};

struct bench {
	/* What was asked for. */
	const char *op;
	bool write;
	unsigned int bytes; /* of an operation; ingest: of a write */
	unsigned int mss;   /* ingest: of the packets' payload; else 0 */
	unsigned int qd;
	unsigned int batch; /* completions to wait for at a time */
	uint64_t ops;
	const char *with; /* a variant that the path knows: NAME_VARIANT; or NULL */
	int vcpu;	  /* the one it runs on, and to count; -1: all */

	/* For the path, and for ring.h. */
	unsigned int lba_shift;
	char *buffers; /* qd times bytes, one for each operation under way */
	struct io_uring ring;
	int success; /* what a completion says that went well */
	uint64_t syscalls;

	/* Of ring.h. */
	uint64_t started;
	unsigned int *free_slots, nr_free;

	/* Of next_offset(). */
	uint64_t block, block_mask;
};

struct path {
	const char *name;

	/* If it does not run on the only one: the vCPU that it runs on, and is counted. */
	int vcpu;

	/* All that is done once. A failure ends the program, see must(). */
	void (*setup)(struct bench *b);

	/*
	 * That many operations from the first to the last completion, each
	 * checked; adds to syscalls. Called once to warm up and once to count.
	 */
	void (*run)(struct bench *b, uint64_t ops);

	/* If it receives: what has come so far. Operations are then as many as have come. */
	void (*look)(struct bench *b, struct arrivals *so_far);

	/* If there is something to end, to check, or to count when all else is counted. */
	void (*finish)(struct bench *b);
};

extern const struct path path;

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);

/* The result of a call that says -1 and errno, or 0 or more. */
int must(int result, const char *what);

/* What pread and pwrite are given, and fixed buffers: memory in huge pages. */
void allocate_buffers(struct bench *b);

static inline char *slot_buffer(const struct bench *b, unsigned int slot)
{
	return b->buffers + (size_t)slot * b->bytes;
}

/* Where the next operation goes: all over the drive, so that none has a neighbour under way. */
static inline uint64_t next_offset(struct bench *b)
{
	b->block = (b->block + 7121) & b->block_mask;
	return b->block * b->bytes;
}

#endif
