// SPDX-License-Identifier: GPL-2.0
/*
 * A region that a command makes for itself, see region.h.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "region.h"
#include "unified_region.h"
#include "unifiedctl.h"
#include "units.h"

static int fail_setup(int err, const struct unified_io_setup *s, const char *less)
{
	char size[32];

	about(s->region_size, size, sizeof(size));
	if (err == -ENOMEM)
		return fail_because(err, "there is no memory for a region of %s: %s", size, less);
	if (s->region_size > UNIFIED_IO_MAX_SIZE)
		return fail_because(err, "no region can have %s: %s", size, less);
	return fail(err, "cannot make a region of %s", size);
}

int region_open(struct region *r, const char *less)
{
	void *map;
	int ret;

	r->fd = module_open();
	if (r->fd < 0)
		return module_fail(r->fd);
	ret = unified_io_create(r->fd, &r->setup, &map);
	if (ret) {
		close(r->fd);
		r->fd = -1;
		return fail_setup(ret, &r->setup, less);
	}
	r->map = map;
	r->len = r->setup.region_size;
	return EXIT_OK;
}

void region_close(struct region *r)
{
	if (r->map)
		munmap(r->map, r->len);
	if (r->fd >= 0)
		close(r->fd);
	r->map = NULL;
	r->fd = -1;
}
