/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An instance of the kernel's tracing for this process alone.
 */
#ifndef TRACEFS_H
#define TRACEFS_H

#include <stdint.h>

/*
 * Make one with the module's trace points on, for one region if region is not 0.
 * *pipe is to be read. Returns an exit status; fail() has said why.
 */
int tracefs_open(uint32_t region, int *pipe);
void tracefs_close(int pipe);

#endif
