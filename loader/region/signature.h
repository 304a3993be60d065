/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is on a device: filesystems, partition tables, members of RAIDs and of volume
 * groups, what is encrypted, and all else that libblkid knows.
 */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stddef.h>

/*
 * All that is on a disk or partition, which is named as in sysfs and has this node. 1:
 * text says what, as: an ext4 filesystem (label "data") and a gpt partition table. 0:
 * there is nothing. -errno: it cannot be read.
 */
int signature_find(const char *node, const char *name, char *text, size_t size);

#endif
