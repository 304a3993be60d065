/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region of this process, and operations in it through a door.
 */
#ifndef IO_H
#define IO_H

#include <liburing.h>
#include <stdint.h>

#include "region.h"
#include "unified_io.h"

struct io;

struct io_door {
	const char *name;
	int (*open)(struct io *io);
	void (*close)(struct io *io);
	/* 0; -errno: this one was refused. */
	int (*submit)(struct io *io, const struct unified_descriptor *d);
	int (*wait)(struct io *io, struct unified_completion *done);
};

struct io {
	const struct io_door *door;
	struct region region;
	char *data;	    /* the data area */
	unsigned int depth; /* operations at once */
	struct io_uring ring;
	struct unified_completion *refused; /* those that were, for io_wait() */
	unsigned int nr_refused;
};

/* NULL: there is no door of that name. */
const struct io_door *io_door(const char *name);

/*
 * Make a region with area bytes of data, for depth operations at once. Returns an
 * exit status; fail() has said why.
 */
int io_open(struct io *io, const struct io_door *door, unsigned int depth, uint64_t area);
/* With nothing under way: it waits for the devices to be free. */
void io_close(struct io *io);

/* Submit one operation, while no more than depth are. io_wait() tells all of it. */
void io_submit(struct io *io, const struct unified_descriptor *d);
/* The next that is done, in any order. 0; -EINTR; -errno: there is no going on. */
int io_wait(struct io *io, struct unified_completion *done);

#endif
