/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The ioctl interface of /dev/unified_io_region, for user space and module.
 *
 * Compatibility: a structure only ever grows at its end. The size a caller was
 * built with is part of the ioctl number (_IOC_SIZE), so an older caller gets
 * the part it knows and a newer one on an older module finds the rest zero.
 * Feature bits are never renumbered, and one is set only when all that its
 * comment says works.
 */
#ifndef UNIFIED_IO_H
#define UNIFIED_IO_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define UNIFIED_IO_DEVICE "/dev/unified_io_region"
#define UNIFIED_IO_MAGIC  0xB7

/* Longest name of a policy, with its terminating NUL. */
#define UNIFIED_POLICY_NAME_LEN 32

/* Policies can be registered as struct_ops unified_region_ops. */
#define UNIFIED_IO_FEAT_POLICY (1ULL << 0)

struct unified_io_info {
	__u32 version;	/* major << 16 | minor << 8 | patch */
	__u32 policies; /* how many are registered now */
	__u64 features; /* UNIFIED_IO_FEAT_* */
};

/* Says what this module is. Takes nothing from the caller. */
#define UNIFIED_IO_GET_INFO _IOR(UNIFIED_IO_MAGIC, 0x05, struct unified_io_info)

#endif
