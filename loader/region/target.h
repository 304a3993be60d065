/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Targets: a device is added to a region, or it is said why not.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "unified_io.h"

/*
 * Add the device at path. What is asked for is in *t, with access; what became of
 * it as well. With access to write it is refused with EEXIST if it has a filesystem or
 * anything else that signature_find() knows, unless force. Returns an exit status;
 * fail() has said why.
 */
int target_add(int module, const char *path, bool force, struct unified_io_target *t);

/* That check alone: may the device at path be overwritten? */
int target_may_overwrite(int module, const char *path);

/*
 * Add the devices at all of these paths, as wanted says: t has one for each. They are
 * refused if their blocks are not of one size.
 */
int target_add_all(int module, const char *const *paths, unsigned int nr,
		   const struct unified_io_target *wanted, bool force, struct unified_io_target *t);

/*
 * Remove all targets of the region, with nothing under way: it waits until the devices are
 * free, so that who uses one next does not find it in use by a process that has ended.
 */
void target_remove_all(int module);

/* Say why the device at path could not become what *t asked for. EXIT_FAILED. */
int target_fail(int module, int err, const char *path, const struct unified_io_target *t);

const char *target_kind(const struct unified_io_target *t);
const char *target_access(const struct unified_io_target *t);

/* How large the device of a target is, in bytes; 0: that cannot be told. */
uint64_t target_size(const struct unified_io_target *t);

#endif
