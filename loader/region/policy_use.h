/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policies that a command has attached to a region of its own. It holds a
 * reference to each, so that one stays registered until the command ends, whoever
 * loaded it and whatever becomes of its pin. The references go with the process.
 */
#ifndef POLICY_USE_H
#define POLICY_USE_H

#include "policies.h"
#include "unified_io.h"

#define POLICY_MAX_USES (8 * POLICIES_PER_FILE)

struct policy_uses {
	struct unified_io_policy_info of[POLICY_MAX_USES]; /* as it was last looked at */
	unsigned int nr;
};

/*
 * Attach a policy that is registered to the region, and hold it. One that is
 * attached already stays so. An exit status.
 */
int policy_use(struct policy_uses *uses, int region, const char *name);

/*
 * The same; if none of that name is registered, load it for as long as this process
 * runs: one that is built in, or all that are in a file. With knobs, see knobs_split(),
 * it is not to be registered yet. An exit status.
 */
int policy_use_or_load(struct policy_uses *uses, int region, const char *what);

/* All of these, with one of the two above. */
int policy_use_all(struct policy_uses *uses, int region, const char *const *names, unsigned int nr,
		   int (*use)(struct policy_uses *uses, int region, const char *name));

/*
 * See whether policies were ejected, and call noticed, unless it is NULL, of each that
 * was since the last look. Is there one whose ejection is still to come?
 */
bool policy_uses_look(struct policy_uses *uses, int region,
		      void (*noticed)(const struct unified_io_policy_info *info));
/* The same at the end, which waits for such a one. */
void policy_uses_look_last(struct policy_uses *uses, int region,
			   void (*noticed)(const struct unified_io_policy_info *info));

/* Those that were ejected: a line each, or the member "ejected". */
void policy_uses_tell(const struct policy_uses *uses, FILE *to);
void policy_uses_json(const struct policy_uses *uses);

#endif
