// SPDX-License-Identifier: GPL-2.0
/*
 * Knobs of an object before it is loaded, and the words that set them, see knobs.h.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "knobs.h"
#include "nearest.h"
#include "unifiedctl.h"

#define MAX_NAMES 256
#define MAX_WORD  2048 /* of "KNOB=VALUE" */

/* --- words ------------------------------------------------------------------------ */

char *knobs_split(const char *text, const char **knobs)
{
	const char *comma = strchr(text, ',');

	*knobs = NULL;
	if (!comma || !access(text, F_OK))
		return strdup(text);
	*knobs = comma + 1;
	return strndup(text, comma - text);
}

/* Up to the next comma that has no backslash before it; *at is behind that, or NULL. */
static int next_word(const char **at, char *word)
{
	const char *end = *at;

	while (*end && *end != ',')
		end += end[0] == '\\' && end[1] ? 2 : 1;
	if (end - *at >= MAX_WORD)
		return fail_usage("'%.32s...' is too long for a value", *at);
	snprintf(word, MAX_WORD, "%.*s", (int)(end - *at), *at);
	*at = *end ? end + 1 : NULL;
	return EXIT_OK;
}

/* --- the variable that is meant ------------------------------------------------------ */

static int fail_unknown(const struct variables *vars, const char *policy, bool runs,
			const char *name)
{
	const char *what = runs ? "knob or counter" : "knob", *names[MAX_NAMES], *like;
	char all[1024] = "";
	unsigned int nr = 0, i;
	size_t at = 0;

	for (i = 0; i < vars->nr && nr < MAX_NAMES; i++) {
		if (!vars->of[i].help && !runs)
			continue;
		names[nr++] = vars->of[i].name;
		if (at < sizeof(all))
			at += snprintf(all + at, sizeof(all) - at, "%s%s", at ? ", " : "",
				       vars->of[i].name);
	}
	if (!nr)
		return fail_usage("'%s' has no %s: what is '%s'?", policy, what, name);
	like = nearest_name(names, nr, name);
	if (like)
		return fail_usage("'%s' has no %s '%s', only %s. Is '%s' meant?", policy, what,
				  name, all, like);
	return fail_usage("'%s' has no %s '%s', only %s", policy, what, name, all);
}

int knobs_parse(const struct variables *vars, const char *policy, bool runs, const char *word,
		struct setting *to)
{
	const char *equals = strchr(word, '=');
	const struct variable *v;
	char name[128];

	if (!equals || equals == word)
		return fail_usage("'%s': KNOB=VALUE is meant. See: unifiedctl policy %s %s", word,
				  runs ? "show" : "help", policy);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	v = variables_find(vars, name);
	if (!v || (!v->help && !runs))
		return fail_unknown(vars, policy, runs, name);
	if (v->wrong)
		return fail(0, "knob '%s' of '%s' was not declared as it should be: %s", v->name,
			    policy, v->wrong);
	to->v = v;
	return variable_parse(vars, v, equals + 1, &to->value);
}

/* --- into an object -------------------------------------------------------------------- */

static void *section_of(struct bpf_object *obj, const struct variable *v)
{
	const char *name = section_names[v->section];
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);
	size_t size = 0;
	char *value = map ? bpf_map__initial_value(map, &size) : NULL;

	return value && v->offset + variable_bytes(v) <= size ? value : NULL;
}

static int fail_section(const struct variable *v, const char *what)
{
	return fail(0, "'%s' has no section %s, where '%s' would be", what,
		    section_names[v->section], v->name);
}

/* Is it one of those that are set, up to here? */
static bool is_set(const char *knobs, const char *end, const char *name)
{
	size_t len = strlen(name);
	char word[MAX_WORD];

	while (knobs && (!end || knobs < end)) {
		if (next_word(&knobs, word))
			return false;
		if (!strncmp(word, name, len) && word[len] == '=')
			return true;
	}
	return false;
}

static int set_one(struct bpf_object *obj, const struct variables *vars, const char *what,
		   const char *word, bool again)
{
	struct setting s;
	void *section;
	int ret = knobs_parse(vars, what, false, word, &s);

	if (ret)
		return ret;
	if (again)
		return fail_usage("knob '%s' is set twice", s.v->name);
	section = section_of(obj, s.v);
	if (!section)
		return fail_section(s.v, what);
	variable_store(s.v, section, &s.value);
	return EXIT_OK;
}

static int check_declared(const struct variables *vars, const char *what)
{
	unsigned int i;

	for (i = 0; i < vars->nr; i++)
		if (vars->of[i].wrong)
			return fail(0, "knob '%s' of '%s' is not declared as it should be: %s",
				    vars->of[i].name, what, vars->of[i].wrong);
	return EXIT_OK;
}

int knobs_set(struct bpf_object *obj, const char *what, const char *knobs)
{
	const char *at = knobs, *begin;
	struct variables vars;
	char word[MAX_WORD], name[MAX_WORD];
	int ret;

	ret = variables_read(&vars, bpf_object__btf(obj));
	if (ret)
		return fail(ret, "cannot read the variables of '%s'", what);
	ret = check_declared(&vars, what);
	while (at && !ret) {
		begin = at;
		ret = next_word(&at, word);
		if (ret)
			break;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
		ret = set_one(obj, &vars, what, word, is_set(knobs, begin, name));
	}
	variables_free(&vars);
	return ret;
}

/* --- from one that runs ------------------------------------------------------------------ */

/* What an object has in the place of a variable, or NULL: it is another one. */
static const struct variable *same_as(const struct policy_variables *from,
				      const struct variable *old, const struct variables *vars)
{
	const struct variable *v = variables_find(vars, old->name);

	if (!from->section[old->section].value || !v || v->wrong || old->wrong)
		return NULL;
	return variables_same_type(vars, v, &from->vars, old) ? v : NULL;
}

static int keep_one(struct bpf_object *obj, const struct variable *v, const char *what,
		    const struct policy_variables *from, const struct variable *old)
{
	void *value = from->section[old->section].value, *to;

	if (v->help && !variable_in_range(v, old, value))
		return fail(0,
			    "'%s' has a value that is out of its range in '%s'. Say which it is "
			    "to have: unifiedctl policy replace --keep %s,%s=VALUE",
			    v->name, what, what, v->name);
	/* Others may change until it is loaded. */
	if (v->section != SECTION_RODATA)
		return EXIT_OK;
	to = section_of(obj, v);
	if (!to)
		return fail_section(v, what);
	memcpy(variable_at(v, to), variable_at(old, value), variable_bytes(v));
	return EXIT_OK;
}

int knobs_keep(struct bpf_object *obj, const char *what, const char *knobs,
	       const struct policy_variables *from)
{
	const struct variable *v;
	struct variables vars;
	unsigned int i;
	int ret;

	ret = variables_read(&vars, bpf_object__btf(obj));
	if (ret)
		return fail(ret, "cannot read the variables of '%s'", what);
	for (i = 0; i < from->vars.nr && !ret; i++) {
		v = same_as(from, &from->vars.of[i], &vars);
		if (v && !is_set(knobs, NULL, v->name))
			ret = keep_one(obj, v, what, from, &from->vars.of[i]);
	}
	variables_free(&vars);
	return ret;
}

/* Of one section of an object that is loaded, and that nothing runs of yet. */
static int keep_section(const struct bpf_map *map, enum section section,
			const struct variables *vars, const char *knobs,
			const struct policy_variables *from)
{
	void *value = calloc(1, bpf_map__value_size(map));
	const struct variable *v, *old;
	uint32_t key = 0;
	unsigned int i;
	int fd = bpf_map__fd(map), ret = 0;

	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &key, value))
		ret = -errno;
	for (i = 0; i < from->vars.nr && !ret; i++) {
		old = &from->vars.of[i];
		v = same_as(from, old, vars);
		if (v && v->section == section && !is_set(knobs, NULL, v->name))
			memcpy(variable_at(v, value),
			       variable_at(old, from->section[old->section].value),
			       variable_bytes(v));
	}
	if (!ret && bpf_map_update_elem(fd, &key, value, BPF_ANY))
		ret = -errno;
	free(value);
	return ret;
}

int knobs_keep_rest(struct bpf_object *obj, const char *knobs, const struct policy_variables *from)
{
	struct variables vars;
	int ret, i;

	ret = variables_read(&vars, bpf_object__btf(obj));
	for (i = SECTION_DATA; i < NR_SECTIONS && !ret; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(obj, section_names[i]);

		if (map)
			ret = keep_section(map, i, &vars, knobs, from);
	}
	variables_free(&vars);
	return ret ? fail(ret, "cannot keep the values of variables") : EXIT_OK;
}
