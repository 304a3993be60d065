/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who has a block device, as far as that can be told.
 */
#ifndef HOLDERS_H
#define HOLDERS_H

#include <stddef.h>

/*
 * Why a disk or partition, as "nvme0n1p1", cannot be claimed, and what to do. The
 * device of the module answers for the targets of regions.
 */
void holders_explain(int module, const char *name, char *text, size_t size);

#endif
