/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For nic_state.c: a state as lines of text, a word and numbers in each. One that is
 * not understood makes the whole file useless, since half of a restored interface is
 * worse than one that is known to be not.
 */
#ifndef NIC_STATE_LINES_H
#define NIC_STATE_LINES_H

#include <stdio.h>

#include "nic_state.h"

void nic_state_put(FILE *f, const struct nic_state *state);

/* 0 or -errno, -EBADMSG: it makes no sense. Then it is to be freed all the same. */
int nic_state_take(FILE *f, struct nic_state *state);

#endif
