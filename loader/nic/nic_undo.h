/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way back, for nic_setup.c.
 */
#ifndef NIC_UNDO_H
#define NIC_UNDO_H

#include <stdbool.h>

struct nic_report;
struct nic_state;

/*
 * Undo all that state says was changed. Goes on where something fails; returns 0 or
 * the first -errno, with a sentence in report->why. -ENODEV: the interface has gone.
 */
int nic_undo(const struct nic_state *state, struct nic_report *report);
/* nic_restore_saved() for who has the lock of the state files. */
int nic_undo_saved(const char *name, bool force, struct nic_report *report);

#endif
