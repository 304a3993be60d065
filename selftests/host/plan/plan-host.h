/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernel/plan.c needs of the kernel, for its test in user space.
 */
#ifndef PLAN_HOST_H
#define PLAN_HOST_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t u32;
typedef uint64_t u64;

#define min(a, b) ((a) < (b) ? (a) : (b))

#endif
