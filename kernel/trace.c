// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints, for engine.c and chain.c.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
