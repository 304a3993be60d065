/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values for the variables of a policy, as a command line has them: "KNOB=VALUE".
 */
#ifndef KNOBS_H
#define KNOBS_H

#include <bpf/libbpf.h>

#include "policy_variables.h"
#include "variables.h"

/*
 * What is named in "NAME" or "NAME,KNOB=VALUE[,KNOB=VALUE]": a copy, to be freed; NULL if
 * there is no memory. *knobs are those, or NULL. A file that there is has no knobs, however
 * many commas are in its name.
 */
char *knobs_split(const char *text, const char **knobs);

/* A value for a variable. */
struct setting {
	const struct variable *v;
	struct value value;
};

/*
 * "KNOB=VALUE". Of a policy that runs, other variables than knobs are meant as well. An
 * exit status.
 */
int knobs_parse(const struct variables *vars, const char *policy, bool runs, const char *word,
		struct setting *to);

/*
 * Into an object that is not loaded, where "what" is what it was opened by: knobs as in
 * knobs_split(), or NULL. All its knobs are checked, if they were declared as they should
 * be. An exit status.
 */
int knobs_set(struct bpf_object *obj, const char *what, const char *knobs);

/*
 * What a policy that runs has in variables that the object has, too, but in those that are
 * set by knobs: constants before it is loaded, and the others when it is, since they
 * change meanwhile. Exit statuses.
 */
int knobs_keep(struct bpf_object *obj, const char *what, const char *knobs,
	       const struct policy_variables *from);
int knobs_keep_rest(struct bpf_object *obj, const char *knobs, const struct policy_variables *from);

#endif
