/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger of a region, line by line.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "unified_io.h"

/* An object of this key with a member for each line. */
void ledger_json(const char *key, const struct unified_io_ledger *ledger);
/* A line for each line, with what it means. */
void ledger_print(const struct unified_io_ledger *ledger);

#endif
