// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl doctor: the kernel and the module, and what they rely on that no kernel
 * promises (docs/kernel-notes.md). What was checked when the module was built holds
 * where it is loaded, as it is built for one kernel.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "files.h"
#include "kfunc_names.h"
#include "nvme_core.h"
#include "private_fields.h"
#include "probe_names.h"
#include "unifiedctl.h"

/* liburing of the build may be older. */
#define REGISTER_ZCRX_IFQ 32

/* "7.3.4" is 7003. */
static unsigned int series(const char *release)
{
	unsigned int major = 0, minor = 0;

	sscanf(release, "%u.%u", &major, &minor);
	return major * 1000 + minor;
}

static void check_release(void)
{
	struct utsname os;

	uname(&os);
	if (series(os.release) < series(UNIFIED_KERNEL_MIN))
		doctor_say(MISSING, "kernel",
			   "%s is too old: boot Linux " UNIFIED_KERNEL_MIN " or newer", os.release);
	else if (series(os.release) > series(UNIFIED_KERNEL_MAX))
		doctor_say(LIMITED, "kernel",
			   "%s is newer than " UNIFIED_KERNEL_MAX
			   ", the last that this version was tested on: take a newer version",
			   os.release);
	else
		doctor_say(OK, "kernel",
			   "%s, one of " UNIFIED_KERNEL_MIN " to " UNIFIED_KERNEL_MAX
			   " that were tested",
			   os.release);
}

void doctor_kernel(void)
{
	check_release();
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		doctor_say(OK, "kernel BTF", "/sys/kernel/btf/vmlinux");
	else
		doctor_say(MISSING, "kernel BTF",
			   "boot a kernel built with CONFIG_DEBUG_INFO_BTF, as Debian's is");
}

/* --- the module ------------------------------------------------------------------ */

static bool has(const struct btf *btf, const char *name, unsigned int kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

static void check_kfuncs(const struct btf *btf)
{
	static const char *const kfuncs[] = { UNIFIED_KFUNC_NAMES };
	size_t i, found = 0, n = sizeof(kfuncs) / sizeof(*kfuncs);
	const char *absent = NULL;

	for (i = 0; i < n; i++) {
		if (has(btf, kfuncs[i], BTF_KIND_FUNC))
			found++;
		else
			absent = kfuncs[i];
	}
	if (absent)
		doctor_say(MISSING, "kfuncs",
			   "%s is not there: module and unifiedctl are of different versions",
			   absent);
	else
		doctor_say(OK, "kfuncs", "%zu of %zu", found, n);
}

/* A module that was built without BTF has neither kfuncs nor a type. */
static void check_module_btf(void)
{
	struct btf *vmlinux, *btf = module_btf(&vmlinux);

	if (!btf) {
		doctor_say(
			MISSING, "module BTF",
			errno == EPERM || errno == EACCES
				? "run as root to see it"
				: "no /sys/kernel/btf/" MODULE_NAME
				  ": load the module, built where the kernel's headers have BTF");
		return;
	}
	doctor_say(OK, "module BTF", "/sys/kernel/btf/" MODULE_NAME);
	check_kfuncs(btf);
	if (has(btf, "bpf_struct_ops_unified_region_ops", BTF_KIND_STRUCT))
		doctor_say(OK, "struct_ops", "unified_region_ops");
	else
		doctor_say(MISSING, "struct_ops",
			   "the module does not register unified_region_ops");
	if (has(btf, "unified_bpf_ctx__safe_trusted", BTF_KIND_STRUCT))
		doctor_say(OK, "descriptors", "policies may write to them");
	else
		doctor_say(
			LIMITED, "descriptors",
			"kernels from 7.3 on let no policy write to them: build the module again");
	btf__free(btf);
	btf__free(vmlinux);
}

static void check_nvme_driver(void)
{
	switch (nvme_core_compare()) {
	case NVME_CORE_SAME:
		doctor_say(OK, "nvme driver", "the one that the module was built for");
		break;
	case NVME_CORE_ABSENT:
		doctor_say(OK, "nvme driver",
			   "not loaded; it is compared when a drive is attached");
		break;
	case NVME_CORE_OTHER:
		doctor_say(LIMITED, "nvme driver",
			   "not the one that the module was built for: drives are attached as "
			   "'block'. Boot the kernel that is installed, or build the module again");
		break;
	}
}

/* Without them there would be no module to be loaded. */
static void check_private_parts(bool each)
{
	static const char *const parts[] = { UNIFIED_PROBES };
	size_t i, nr = sizeof(parts) / sizeof(*parts);

	for (i = 0; i < nr && each; i++)
		doctor_say(OK, "private part", "%s: compared when the module was built", parts[i]);
	doctor_say(OK, "private parts",
		   "%zu of block layer, io_uring and BPF, compared when the module was built "
		   "(doctor --all)",
		   nr);
}

void doctor_module(bool all)
{
	struct unified_io_info info = {};
	int ret = module_info(&info);

	if (ret)
		doctor_say(MISSING, "module", "%s", module_advice(ret));
	else
		doctor_say(OK, "module", "%u.%u.%u, %u policies registered", info.version >> 16,
			   info.version >> 8 & 0xff, info.version & 0xff, info.policies);
	check_module_btf();
	if (access("/sys/module/" MODULE_NAME, F_OK))
		return;
	check_private_parts(all);
	check_nvme_driver();
}

/* --- io_uring ---------------------------------------------------------------------- */

/* What ingest's loop is made of, in the kernel's own BTF. */
static void check_loop(void)
{
	static const char *const kfuncs[] = { "bpf_io_uring_submit_sqes",
					      "bpf_io_uring_get_region" };
	struct btf *btf = btf__load_vmlinux_btf();
	size_t i;

	if (!btf)
		return; /* said above */
	for (i = 0; i < sizeof(kfuncs) / sizeof(*kfuncs); i++)
		if (!has(btf, kfuncs[i], BTF_KIND_FUNC))
			break;
	if (!has(btf, "bpf_struct_ops_io_uring_bpf_ops", BTF_KIND_STRUCT))
		doctor_say(LIMITED, "io_uring BPF",
			   "no struct_ops io_uring_bpf_ops, so no ingest: boot a kernel with "
			   "CONFIG_IO_URING_BPF_OPS");
	else if (i < sizeof(kfuncs) / sizeof(*kfuncs))
		doctor_say(LIMITED, "io_uring BPF", "no kfunc %s, so no ingest", kfuncs[i]);
	else
		doctor_say(OK, "io_uring BPF", "io_uring_bpf_ops and its kfuncs");
	btf__free(btf);
}

/* Ask for an interface that cannot be had: a kernel that knows none says so first. */
static void check_zcrx(struct io_uring *ring)
{
	char none[256] = "";
	int ret = io_uring_register(ring->ring_fd, REGISTER_ZCRX_IFQ, none, 1);

	if (ret == -EOPNOTSUPP || ret == -ENOSYS)
		doctor_say(LIMITED, "zero copy rx",
			   "not in this kernel: boot one with CONFIG_IO_URING_ZCRX, or use "
			   "ingest run --recv");
	else
		doctor_say(OK, "zero copy rx", "io_uring can receive without a copy");
}

/* What tells bytes that were copied from those that were not, a line for each. */
static void check_private_fields(void)
{
	uint32_t there;
	unsigned int i;
	int ret;

	ret = private_fields_ask(&there);
	if (ret) {
		doctor_say(LIMITED, "private fields", "cannot be asked for: %s", strerror(-ret));
		return;
	}
	for (i = 0; i < PRIVATE_FIELDS; i++) {
		const struct private_field *f = &private_field_list[i];

		if (private_field_is(there, i))
			doctor_say(OK, "private field", "%s, of %s", f->name, f->where);
		else
			doctor_say(
				LIMITED, "private field",
				"this kernel has no %s (%s): it cannot be told whether bytes were "
				"copied, and ingest run --require-zero-copy does not start",
				f->name, f->where);
	}
}

void doctor_io_uring(void)
{
	static const char setting[] = "/proc/sys/kernel/io_uring_disabled";
	struct io_uring ring;
	char line[16] = "";
	int ret;

	file_line(setting, line, sizeof(line));
	ret = io_uring_queue_init(2, &ring, 0);
	if (ret == -EPERM) {
		doctor_say(LIMITED, "io_uring",
			   "switched off (kernel.io_uring_disabled is %s): sysctl "
			   "kernel.io_uring_disabled=0",
			   line[0] ? line : "unknown");
		return;
	}
	if (ret) {
		doctor_say(LIMITED, "io_uring", "%s: boot a kernel with CONFIG_IO_URING",
			   strerror(-ret));
		return;
	}
	doctor_say(OK, "io_uring", "kernel.io_uring_disabled is %s", line[0] ? line : "not there");
	check_zcrx(&ring);
	io_uring_queue_exit(&ring);
	check_loop();
	check_private_fields();
}
