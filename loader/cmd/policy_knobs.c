// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl policy set and help, and what show says of variables: the knobs and
 * counters of a policy, before it is loaded and while it runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "json.h"
#include "knobs.h"
#include "policies.h"
#include "policy.h"
#include "policy_object.h"
#include "policy_variables.h"
#include "unifiedctl.h"

#define NAME_COLUMN 24

static int open_variables(struct policy_variables *pv, const struct policy *p)
{
	int ret = policy_variables_open(pv, p);

	if (ret)
		return fail(ret, "cannot read the variables of '%s'", p->info.name);
	return EXIT_OK;
}

/* --- show --------------------------------------------------------------------- */

/* NULL: it is not there to be read, as nothing uses it. */
static const void *value_of(const struct policy_variables *pv, const struct variable *v)
{
	return v->wrong ? NULL : pv->section[v->section].value;
}

static void print_variables(const struct policy_variables *pv, bool knobs)
{
	unsigned int i, nr = 0;

	for (i = 0; i < pv->vars.nr; i++) {
		const struct variable *v = &pv->vars.of[i];
		const void *value = value_of(pv, v);

		if (!v->help == knobs)
			continue;
		if (!nr++)
			puts(knobs ? "  knobs" : "  counters");
		printf("    %-*s ", NAME_COLUMN, v->name);
		if (value)
			variable_print(&pv->vars, v, value);
		else
			fputs(v->wrong ?: "not used by any program", stdout);
		puts(v->help && v->section == SECTION_RODATA ? ", set at load" : "");
	}
}

static void json_variable(const char *key, const struct variables *vars, const struct variable *v,
			  const void *value)
{
	if (value)
		variable_json(key, vars, v, value);
	else
		json_null(key);
}

static void json_knob(const char *key, const struct variables *vars, const struct variable *v,
		      const void *value)
{
	json_object(NULL);
	json_str("name", v->name);
	json_variable(key, vars, v, value);
	if (v->wrong)
		json_str("wrong", v->wrong);
	else
		variable_json_type(vars, v);
	json_bool("at_load", v->section == SECTION_RODATA);
	json_str("help", v->help);
	json_end();
}

static void json_variables(const struct policy_variables *pv)
{
	const struct variable *v, *end = pv->vars.of + pv->vars.nr;

	json_array("knobs");
	for (v = pv->vars.of; v < end; v++)
		if (v->help)
			json_knob("value", &pv->vars, v, value_of(pv, v));
	json_end();
	json_object("counters");
	for (v = pv->vars.of; v < end; v++)
		if (!v->help)
			json_variable(v->name, &pv->vars, v, value_of(pv, v));
	json_end();
}

int policy_show_variables(const struct policy *p)
{
	struct policy_variables pv;
	int ret = open_variables(&pv, p);

	if (ret)
		return ret;
	if (json_output) {
		json_variables(&pv);
	} else {
		print_variables(&pv, true);
		print_variables(&pv, false);
	}
	policy_variables_close(&pv);
	return EXIT_OK;
}

/* --- set ------------------------------------------------------------------------ */

/* What is to be set, and where the sections are mapped that it is in. */
struct change {
	const char *name; /* of the policy */
	struct policy_variables pv;
	struct setting *settings;
	unsigned int nr;
	void *mapped[NR_SECTIONS];
};

static int map_section(struct change *c, const struct variable *v)
{
	const struct policy_section *s = &c->pv.section[v->section];
	int ret;

	if (c->mapped[v->section])
		return EXIT_OK;
	ret = policy_section_map(s, &c->mapped[v->section]);
	if (ret == -EOPNOTSUPP)
		return fail_because(ret,
				    "'%s' can be set at load only: it is in a map that was "
				    "created without BPF_F_MMAPABLE, as libbpf does for a "
				    "section %s all of whose variables are static or hidden",
				    v->name, section_names[v->section]);
	return ret ? fail(ret, "cannot map the section of '%s'", v->name) : EXIT_OK;
}

static int check_setting(struct change *c, const struct variable *v)
{
	if (v->section == SECTION_RODATA)
		return fail(0,
			    "'%s' is set at load, and stays as it is while '%s' runs. See: "
			    "unifiedctl policy load --help, unifiedctl policy replace --help",
			    v->name, c->name);
	if (c->pv.section[v->section].fd < 0)
		return fail(0, "no program of '%s' uses the section %s, where '%s' is", c->name,
			    section_names[v->section], v->name);
	if (!variable_is_aligned(v))
		return fail(0,
			    "'%s' can be set at load only: it is not aligned, so that a program "
			    "could see a part of the new value",
			    v->name);
	return map_section(c, v);
}

static int parse_settings(struct change *c, const struct policy_options *opt)
{
	unsigned int i, k;
	int ret;

	for (i = 0; i < opt->nr_settings; i++) {
		struct setting *s = &c->settings[c->nr];

		ret = knobs_parse(&c->pv.vars, c->name, true, opt->settings[i], s);
		if (ret)
			return ret;
		for (k = 0; k < c->nr; k++)
			if (c->settings[k].v == s->v)
				return fail_usage("'%s' is set twice", s->v->name);
		ret = check_setting(c, s->v);
		if (ret)
			return ret;
		c->nr++;
	}
	return EXIT_OK;
}

/* Behind the policy's back it may have been replaced: what was set is then of no use. */
static int check_still_there(const struct policy *p)
{
	struct policy now;
	int ret = policies_get(p->info.name, &now);

	if (ret)
		return ret;
	if (now.info.map_id != p->info.map_id)
		return fail(0, "'%s' was replaced meanwhile: what was set is lost", p->info.name);
	return EXIT_OK;
}

static void tell_set(const struct change *c)
{
	unsigned int i;

	if (!json_output)
		return;
	json_object(NULL);
	json_str("set", c->name);
	json_object("values");
	for (i = 0; i < c->nr; i++)
		variable_json(c->settings[i].v->name, &c->pv.vars, c->settings[i].v,
			      c->mapped[c->settings[i].v->section]);
	json_end();
	json_end();
}

/* All of them or none. */
static int set_all(struct change *c, const struct policy_options *opt, const struct policy *p)
{
	unsigned int i;
	int ret;

	c->settings = calloc(opt->nr_settings, sizeof(*c->settings));
	if (!c->settings)
		return fail(-ENOMEM, "cannot set anything");
	ret = parse_settings(c, opt);
	if (ret)
		return ret;
	for (i = 0; i < c->nr; i++)
		variable_store(c->settings[i].v, c->mapped[c->settings[i].v->section],
			       &c->settings[i].value);
	ret = check_still_there(p);
	if (!ret)
		tell_set(c);
	return ret;
}

int policy_set(void *values)
{
	const struct policy_options *opt = values;
	struct change c = { .name = opt->name };
	struct policy p;
	int ret, i;

	ret = policies_get(opt->name, &p);
	if (!ret)
		ret = open_variables(&c.pv, &p);
	if (ret)
		return ret;
	ret = set_all(&c, opt, &p);
	for (i = 0; i < NR_SECTIONS; i++)
		if (c.mapped[i])
			munmap(c.mapped[i], c.pv.section[i].size);
	free(c.settings);
	policy_variables_close(&c.pv);
	return ret;
}

/* --- help ----------------------------------------------------------------------- */

static void print_hook(const char *hook)
{
	printf(" %s", hook);
}

static void json_hook(const char *hook)
{
	json_str(NULL, hook);
}

static const void *default_of(struct bpf_object *obj, const struct variable *v)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, section_names[v->section]);
	size_t size = 0;
	const void *value = map ? bpf_map__initial_value(map, &size) : NULL;

	return value && !v->wrong && v->offset + variable_bytes(v) <= size ? value : NULL;
}

static void print_default(struct bpf_object *obj, const struct variables *vars,
			  const struct variable *v)
{
	const void *value = default_of(obj, v);
	char type[512];

	printf("  %-*s %s\n", NAME_COLUMN, v->name, v->help);
	variable_describe(vars, v, ", ", type, sizeof(type));
	printf("  %-*s %s", NAME_COLUMN, "", v->wrong ?: type);
	if (value) {
		fputs("; it is ", stdout);
		variable_print(vars, v, value);
	}
	puts(v->section == SECTION_RODATA ? "; set at load only" : "");
}

static void print_object(struct bpf_object *obj, const char *what, const struct variables *vars,
			 const struct loaded_policy *found, int n)
{
	unsigned int i, nr = 0;
	const char *help;
	int k;

	for (k = 0; k < n; k++) {
		help = policy_object_help(obj, found[k].map);
		printf("%s%s%s\n  hooks   ", found[k].name, help ? ": " : "", help ?: "");
		policy_object_hooks(obj, found[k].map, print_hook);
		putchar('\n');
	}
	for (i = 0; i < vars->nr; i++) {
		if (!vars->of[i].help)
			continue;
		if (!nr++)
			printf("Knobs: unifiedctl policy load %s,KNOB=VALUE\n", what);
		print_default(obj, vars, &vars->of[i]);
	}
	if (!nr)
		puts("It has no knobs.");
}

static void json_object_help(struct bpf_object *obj, const struct variables *vars,
			     const struct loaded_policy *found, int n)
{
	const char *help;
	unsigned int i;
	int k;

	json_object(NULL);
	json_array("policies");
	for (k = 0; k < n; k++) {
		json_object(NULL);
		json_str("name", found[k].name);
		help = policy_object_help(obj, found[k].map);
		if (help)
			json_str("help", help);
		else
			json_null("help");
		json_array("hooks");
		policy_object_hooks(obj, found[k].map, json_hook);
		json_end();
		json_end();
	}
	json_end();
	json_array("knobs");
	for (i = 0; i < vars->nr; i++)
		if (vars->of[i].help)
			json_knob("default", vars, &vars->of[i], default_of(obj, &vars->of[i]));
	json_end();
	json_end();
}

static int help_of(struct bpf_object *obj, const char *what)
{
	struct loaded_policy found[POLICIES_PER_FILE] = {};
	struct variables vars;
	int n = 0, ret, i;

	ret = policy_object_find(obj, what, found, &n);
	if (ret)
		return ret;
	for (i = 0; i < n; i++)
		if (!policy_object_is_policy(obj, found[i].map))
			return policy_object_fail_none(what);
	ret = variables_read(&vars, bpf_object__btf(obj));
	if (ret)
		return fail(ret, "cannot read the variables of '%s'", what);
	if (json_output)
		json_object_help(obj, &vars, found, n);
	else
		print_object(obj, what, &vars, found, n);
	variables_free(&vars);
	return EXIT_OK;
}

int policy_help(void *values)
{
	const struct policy_options *opt = values;
	struct bpf_object *obj = policy_object_open(opt->name);
	int ret;

	if (!obj)
		return fail(-errno,
			    "no policy '%s' comes with unifiedctl, and there is no such object "
			    "file. Of one that is loaded: unifiedctl policy show %s",
			    opt->name, opt->name);
	ret = help_of(obj, opt->name);
	bpf_object__close(obj);
	return ret;
}
