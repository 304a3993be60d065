/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps that ask for I/O, for the table of all steps in steps.c.
 */
#ifndef STEPS_IO_H
#define STEPS_IO_H

#include "input.h"

void step_submit(struct input *in);
void step_submit_many(struct input *in);
void step_submit_mapped(struct input *in);
void step_complete(struct input *in);
void step_uring(struct input *in);
void step_pin(struct input *in);
void step_gather(struct input *in);
void step_kfunc(struct input *in);

/* The ring of the thread, at its end. */
void ring_close(void);

#endif
