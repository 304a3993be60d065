/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ctrl-C for commands that have something to finish.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <signal.h>

/* The signal that said to stop, or 0. */
extern volatile sig_atomic_t interrupted;

/*
 * From now on SIGINT, SIGTERM and SIGHUP set interrupted and end a call that
 * waits with EINTR, unless they are ignored. A second later they kill again.
 */
void interrupt_setup(void);

#endif
