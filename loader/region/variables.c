// SPDX-License-Identifier: GPL-2.0
/*
 * Which variables a policy has, see variables.h. Their values are variables_value.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"
#include "variables.h"
#include "variables_value.h"

#define TAG "unified:"

const char *const section_names[NR_SECTIONS] = { ".rodata", ".data", ".bss" };

const char *variable_tag(const struct btf *btf, uint32_t type_id, const char *key)
{
	uint32_t id, nr = btf__type_cnt(btf);
	size_t len = strlen(key);

	for (id = 1; id < nr; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *text;

		if (!btf_is_decl_tag(t) || t->type != type_id ||
		    btf_decl_tag(t)->component_idx != -1)
			continue;
		text = btf__name_by_offset(btf, t->name_off);
		if (strncmp(text, TAG, strlen(TAG)))
			continue;
		text += strlen(TAG);
		if (!strncmp(text, key, len) && text[len] == '=')
			return text + len + 1;
	}
	return NULL;
}

/* --- its type --------------------------------------------------------------- */

static const struct btf_type *plain_type(const struct btf *btf, uint32_t id)
{
	int plain = btf__resolve_type(btf, id);

	return plain < 0 ? NULL : btf__type_by_id(btf, plain);
}

static bool is_char(const struct btf *btf, const struct btf_type *t)
{
	return t->size == 1 && !strcmp(btf__name_by_offset(btf, t->name_off), "char");
}

static enum variable_kind kind_of(const struct btf *btf, const struct btf_type *t, uint32_t nr)
{
	bool whole = t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8;
	enum variable_kind kind;

	if (btf_is_any_enum(t) && whole)
		kind = VARIABLE_ENUM;
	else if (!btf_is_int(t) || !whole || btf_int_bits(t) != t->size * 8)
		return VARIABLE_OTHER;
	else if (btf_int_encoding(t) & BTF_INT_BOOL)
		kind = VARIABLE_BOOL;
	else if (nr && is_char(btf, t))
		return nr <= VARIABLE_MAX_TEXT ? VARIABLE_TEXT : VARIABLE_OTHER;
	else
		kind = btf_int_encoding(t) & BTF_INT_SIGNED ? VARIABLE_SIGNED : VARIABLE_UNSIGNED;
	return nr <= VARIABLE_MAX_ARRAY ? kind : VARIABLE_OTHER;
}

static void find_type(const struct btf *btf, uint32_t id, struct variable *v)
{
	const struct btf_type *t = plain_type(btf, id);

	if (t && btf_is_array(t)) {
		v->nr = btf_array(t)->nelems;
		if (!v->nr)
			return;
		t = plain_type(btf, btf_array(t)->type);
	}
	if (!t || btf_is_array(t))
		return;
	v->kind = kind_of(btf, t, v->nr);
	v->type = t;
	v->size = t->size;
}

/* --- its range -------------------------------------------------------------- */

static void type_range(struct variable *v)
{
	unsigned int bits = v->size * 8;

	if (v->kind == VARIABLE_BOOL) {
		v->max = 1;
	} else if (v->kind == VARIABLE_UNSIGNED) {
		v->max = ((wide)1 << bits) - 1;
	} else if (v->kind == VARIABLE_SIGNED) {
		v->max = ((wide)1 << (bits - 1)) - 1;
		v->min = -v->max - 1;
	}
}

/* "1..16G". False: it is none that the type can have. */
static bool own_range(struct variable *v, const char *text)
{
	const char *dots = strstr(text, "..");
	char from[32];
	wide min, max;

	if (!dots || dots - text >= (int)sizeof(from))
		return false;
	memcpy(from, text, dots - text);
	from[dots - text] = '\0';
	if (parse_wide(from, true, &min) || parse_wide(dots + 2, true, &max) || min > max ||
	    min < v->min || max > v->max)
		return false;
	v->min = min;
	v->max = max;
	v->ranged = true;
	return true;
}

static void find_tags(const struct btf *btf, uint32_t id, struct variable *v)
{
	const char *range = variable_tag(btf, id, "range"), *unit = variable_tag(btf, id, "unit");
	bool integer = v->kind == VARIABLE_UNSIGNED || v->kind == VARIABLE_SIGNED;

	if (v->kind == VARIABLE_OTHER || (v->nr && v->kind != VARIABLE_TEXT))
		v->wrong = "it is no bool, integer, enum or array of up to 256 char";
	else if (range && (!integer || !own_range(v, range)))
		v->wrong = "its range is none that its type has";
	else if (unit && (!integer || strcmp(unit, "bytes")))
		v->wrong = "its unit is not 'bytes', or it is no integer";
	v->bytes = unit && !v->wrong;
}

/* --- all of them ------------------------------------------------------------- */

static bool is_wanted(const struct variable *v, uint32_t linkage)
{
	if (v->help)
		return true;
	return v->section != SECTION_RODATA && linkage == BTF_VAR_GLOBAL_ALLOCATED &&
	       v->kind != VARIABLE_OTHER;
}

static int add_variable(struct variables *vars, enum section section,
			const struct btf_var_secinfo *info)
{
	const struct btf_type *t = btf__type_by_id(vars->btf, info->type);
	struct variable v = { .section = section, .offset = info->offset }, *grown;

	if (!btf_is_var(t))
		return 0;
	v.name = btf__name_by_offset(vars->btf, t->name_off);
	v.help = variable_tag(vars->btf, info->type, "help");
	find_type(vars->btf, t->type, &v);
	if (!is_wanted(&v, btf_var(t)->linkage))
		return 0;
	type_range(&v);
	if (v.help)
		find_tags(vars->btf, info->type, &v);
	grown = realloc(vars->of, (vars->nr + 1) * sizeof(v));
	if (!grown)
		return -ENOMEM;
	vars->of = grown;
	vars->of[vars->nr++] = v;
	return 0;
}

static int add_section(struct variables *vars, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(vars->btf, t->name_off);
	int section = 0, i, ret = 0;

	while (section < NR_SECTIONS && strcmp(name, section_names[section]))
		section++;
	if (section == NR_SECTIONS)
		return 0;
	for (i = 0; i < btf_vlen(t) && !ret; i++)
		ret = add_variable(vars, section, btf_var_secinfos(t) + i);
	return ret;
}

int variables_read(struct variables *vars, const struct btf *btf)
{
	uint32_t id, nr = btf ? btf__type_cnt(btf) : 0;
	int ret = 0;

	*vars = (struct variables){ .btf = btf };
	for (id = 1; id < nr && !ret; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_datasec(t))
			ret = add_section(vars, t);
	}
	if (ret)
		variables_free(vars);
	return ret;
}

void variables_free(struct variables *vars)
{
	free(vars->of);
	*vars = (struct variables){};
}

const struct variable *variables_find(const struct variables *vars, const char *name)
{
	unsigned int i;

	for (i = 0; i < vars->nr; i++)
		if (!strcmp(vars->of[i].name, name))
			return &vars->of[i];
	return NULL;
}

bool variables_same_type(const struct variables *a, const struct variable *one,
			 const struct variables *b, const struct variable *other)
{
	if (one->kind != other->kind || one->kind == VARIABLE_OTHER || one->size != other->size ||
	    one->nr != other->nr)
		return false;
	return one->kind != VARIABLE_ENUM ||
	       !strcmp(btf__name_by_offset(a->btf, one->type->name_off),
		       btf__name_by_offset(b->btf, other->type->name_off));
}
