// SPDX-License-Identifier: GPL-2.0
/*
 * The module as a program sees it: its device and its BTF.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "files.h"
#include "unifiedctl.h"

int module_open(void)
{
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int module_info(struct unified_io_info *info)
{
	int fd = module_open(), ret;

	if (fd < 0)
		return fd;
	ret = ioctl(fd, UNIFIED_IO_GET_INFO, info) ? -errno : 0;
	close(fd);
	return ret;
}

static bool file_has(const char *path, const char *text)
{
	char *all = file_text(path);
	bool found = all && strstr(all, text);

	free(all);
	return found;
}

/* Where it is not loaded: is it there for this kernel, and would it be let in? */
static const char *not_loaded(void)
{
	char path[128];
	struct utsname os;

	uname(&os);
	snprintf(path, sizeof(path), "/lib/modules/%.80s/modules.dep", os.release);
	if (!file_has(path, MODULE_NAME ".ko"))
		return "the module is not loaded, and there is none for this kernel: make install, "
		       "or as a package: dkms status (then modprobe " MODULE_NAME ")";
	if (file_has("/sys/kernel/security/lockdown", "[integrity]") ||
	    file_has("/sys/kernel/security/lockdown", "[confidentiality]"))
		return "the module is not loaded: modprobe " MODULE_NAME "; with Secure Boot its "
		       "key has to be enrolled first (mokutil --import /var/lib/dkms/mok.pub)";
	return "the module is not loaded: modprobe " MODULE_NAME;
}

/* What to do about an error of the two above. */
const char *module_advice(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return not_loaded();
	case -EACCES:
	case -EPERM:
		return "no right to open " UNIFIED_IO_DEVICE ": run as root";
	case -ENOTTY:
		return UNIFIED_IO_DEVICE " belongs to something else, or to another version";
	default:
		return UNIFIED_IO_DEVICE " does not answer";
	}
}

/* Say so, where the module could not be opened. */
int module_fail(int err)
{
	return fail_because(err, "%s", module_advice(err));
}

/* The region with the lowest id from id on. -ENOENT: there is none. */
int module_next_region(int fd, uint32_t id, struct unified_io_region_info *info)
{
	info->id = id;
	return ioctl(fd, UNIFIED_IO_GET_REGION, info) ? -errno : 0;
}

/* The policy with the lowest id from id on. -ENOENT: there is none. */
int module_next_policy(int fd, uint32_t id, struct unified_io_policy_info *info)
{
	*info = (struct unified_io_policy_info){ .id = id };
	return ioctl(fd, UNIFIED_IO_GET_POLICY, info) ? -errno : 0;
}

/* The region of that id, or an exit status, when fail() has said why. */
int module_find_region(int fd, uint32_t id, struct unified_io_region_info *info)
{
	int ret = module_next_region(fd, id, info);

	if (ret == -ENOENT || (!ret && info->id != id))
		return fail_because(-ENOENT, "there is no region %u. See: unifiedctl region list",
				    id);
	if (ret == -EPERM)
		return fail(ret, "cannot look at regions: run as root");
	return ret ? fail(ret, "cannot look at region %u", id) : EXIT_OK;
}

/* The module's BTF, on top of *vmlinux; the caller frees both. NULL: errno. */
struct btf *module_btf(struct btf **vmlinux)
{
	struct btf *btf;

	*vmlinux = btf__load_vmlinux_btf();
	if (!*vmlinux)
		return NULL;
	btf = btf__load_module_btf(MODULE_NAME, *vmlinux);
	if (!btf) {
		int err = errno;

		btf__free(*vmlinux);
		*vmlinux = NULL;
		errno = err;
	}
	return btf;
}
