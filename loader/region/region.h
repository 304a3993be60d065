/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region that a command makes for itself.
 */
#ifndef REGION_H
#define REGION_H

#include <stddef.h>

#include "unified_io.h"

struct region {
	int fd;
	struct unified_io_setup setup; /* what is asked for, and what became of it */
	char *map;		       /* all of it */
	size_t len;
};

/*
 * Open the module, make the region of r->setup, and map it. An exit status; fail()
 * has said why, and what to do if there is no memory for it: less.
 */
int region_open(struct region *r, const char *less);
void region_close(struct region *r);

#endif
