/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an NVMe controller says.
 */
#ifndef NVME_H
#define NVME_H

#include <stdint.h>

/* The status of a command in words, or NULL where there are none for it. */
const char *nvme_status_words(uint32_t status);

#endif
