/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ctrl-C for commands that have something to finish, or to undo.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <signal.h>

/* The signal that said to stop, or 0. */
extern volatile sig_atomic_t interrupted;

/* The one that said so again, to a command that has something to undo, or 0. */
extern volatile sig_atomic_t insisted;

/*
 * From now on SIGINT, SIGTERM and SIGHUP set interrupted and end a call that
 * waits with EINTR, unless they are ignored. A second later they kill again.
 */
void interrupt_setup(void);

/*
 * The same for a command that leaves something changed if it is killed: a second
 * later they set insisted, and another second later they kill. SIGINT is taken
 * even if it is ignored, as it is for what a shell starts with "&". SIGPIPE is
 * ignored, and children can be waited for.
 */
void interrupt_setup_undo(void);

/* For a child that becomes another program: signals are ignored as they were at first. */
void interrupt_undo(void);

#endif
