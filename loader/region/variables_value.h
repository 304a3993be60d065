/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of variables.h share.
 */
#ifndef VARIABLES_VALUE_H
#define VARIABLES_VALUE_H

#include "variables.h"

/* "-1", "4096", "0x10"; and with units "64K", "1G". 0, or -EINVAL. */
int parse_wide(const char *text, bool units, wide *number);

#endif
