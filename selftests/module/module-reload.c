// SPDX-License-Identifier: GPL-2.0
/*
 * The module unloads and loads 100 times, with a region each time, and its
 * device is there and gone each time.
 */
#include <sys/syscall.h>

#include "region.h"

static int load(int module)
{
	return syscall(SYS_finit_module, module, "", 0) ? -errno : 0;
}

/* Something may look at a module that is new, and hold it for a moment. */
static int unload(void)
{
	int i, ret = -1;

	for (i = 0; i < 100 && ret; i++) {
		ret = syscall(SYS_delete_module, "unified_io_region", O_NONBLOCK) ? -errno : 0;
		if (ret)
			usleep(10000);
	}
	return ret;
}

static int use(void)
{
	struct unified_io_setup setup = REGION_SETUP;
	int fd;

	setup.region_size = 1 * MIB;
	setup.ring_size = setup.rx_size = 0;
	fd = region_open(&setup);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int main(void)
{
	int module = open("/unified/unified_io_region.ko", O_RDONLY | O_CLOEXEC), i, ret = 0;

	if (!ok(module >= 0, "the module's file"))
		return done();
	for (i = 0; i < 100 && !ret; i++) {
		ret = unload();
		if (!ret && !access(UNIFIED_IO_DEVICE, F_OK))
			ret = -EEXIST;
		if (!ret)
			ret = load(module);
		if (!ret)
			ret = use();
	}
	if (!ok(!ret, "it goes and comes 100 times"))
		diag("time %d: %s", i, strerror(-ret));
	close(module);
	return done();
}
