/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the module need of each other, file by file.
 */
#ifndef UNIFIED_H
#define UNIFIED_H

#include <linux/types.h>

#include "unified_io.h"
#include "unified_kfuncs.h"

/* chardev.c: /dev/unified_io_region */
int unified_chardev_register(void);
void unified_chardev_unregister(void);

/* policy.c: struct_ops unified_region_ops */
int unified_policy_register_type(void);
u32 unified_policy_count(void);

/* kfuncs.c: what BPF programs may call */
int unified_kfuncs_register(void);

#endif
