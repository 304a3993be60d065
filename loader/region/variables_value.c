// SPDX-License-Identifier: GPL-2.0
/*
 * Values of variables: as people write them, in memory, and as they are shown. See
 * variables.h.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "unifiedctl.h"
#include "units.h"
#include "variables.h"
#include "variables_value.h"

/* --- the names of an enum ------------------------------------------------------ */

static bool is_signed(const struct variable *v)
{
	return v->kind == VARIABLE_ENUM ? btf_kflag(v->type) : v->kind == VARIABLE_SIGNED;
}

static const char *enum_name(const struct variables *vars, const struct variable *v, int i,
			     wide *number)
{
	uint32_t name;

	if (btf_is_enum(v->type)) {
		const struct btf_enum *e = btf_enum(v->type) + i;

		*number = is_signed(v) ? (wide)e->val : (wide)(uint32_t)e->val;
		name = e->name_off;
	} else {
		const struct btf_enum64 *e = btf_enum64(v->type) + i;
		uint64_t n = btf_enum64_value(e);

		*number = is_signed(v) ? (wide)(int64_t)n : (wide)n;
		name = e->name_off;
	}
	return btf__name_by_offset(vars->btf, name);
}

/* NULL: none has that number. */
static const char *enum_of(const struct variables *vars, const struct variable *v, wide number)
{
	int i;

	for (i = 0; i < btf_vlen(v->type); i++) {
		wide n;
		const char *name = enum_name(vars, v, i, &n);

		if (n == number)
			return name;
	}
	return NULL;
}

/* --- what people write ------------------------------------------------------------ */

int parse_wide(const char *text, bool units, wide *number)
{
	bool minus = *text == '-';
	size_t len = strlen(text);
	uint64_t n;

	if (!len || (!units && !isxdigit((unsigned char)text[len - 1])) ||
	    parse_size(text + minus, &n))
		return -EINVAL;
	*number = minus ? -(wide)n : (wide)n;
	return 0;
}

static int parse_bool(const char *text, wide *number)
{
	*number = !strcmp(text, "true") || !strcmp(text, "1");
	return *number || !strcmp(text, "false") || !strcmp(text, "0") ? 0 : -EINVAL;
}

static int parse_enum(const struct variables *vars, const struct variable *v, const char *text,
		      wide *number)
{
	int i;

	for (i = 0; i < btf_vlen(v->type); i++)
		if (!strcmp(enum_name(vars, v, i, number), text))
			return 0;
	return -EINVAL;
}

static int hex_digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* "\x1f", or what stands behind a backslash. How long it is; 0: it is none of these. */
static int parse_escape(const char *text, char *c)
{
	int high, low;

	if (text[1] == ',' || text[1] == '\\') {
		*c = text[1];
		return 2;
	}
	if (text[1] != 'x')
		return 0;
	high = hex_digit(text[2]);
	low = high < 0 ? -1 : hex_digit(text[3]);
	if (low < 0)
		return 0;
	*c = high << 4 | low;
	return 4;
}

static int parse_text(const struct variable *v, const char *text, char *to)
{
	uint32_t nr = 0;

	memset(to, 0, VARIABLE_MAX_TEXT);
	while (*text) {
		char c = *text;
		int used = c == '\\' ? parse_escape(text, &c) : 1;

		if (!used || nr == v->nr)
			return -EINVAL;
		to[nr++] = c;
		text += used;
	}
	return 0;
}

static bool in_range(const struct variable *v, wide number)
{
	return number >= v->min && number <= v->max;
}

static int parse(const struct variables *vars, const struct variable *v, const char *text,
		 struct value *value)
{
	switch (v->kind) {
	case VARIABLE_BOOL:
		return parse_bool(text, &value->number);
	case VARIABLE_UNSIGNED:
	case VARIABLE_SIGNED:
		if (parse_wide(text, v->bytes, &value->number))
			return -EINVAL;
		return in_range(v, value->number) ? 0 : -ERANGE;
	case VARIABLE_ENUM:
		return parse_enum(vars, v, text, &value->number);
	case VARIABLE_TEXT:
		return parse_text(v, text, value->text);
	case VARIABLE_OTHER:
		break;
	}
	return -EINVAL;
}

int variable_parse(const struct variables *vars, const struct variable *v, const char *text,
		   struct value *value)
{
	char meant[512];

	if (!parse(vars, v, text, value))
		return EXIT_OK;
	variable_describe(vars, v, " is meant, ", meant, sizeof(meant));
	return fail_usage("%s '%s': %s", v->name, text, meant);
}

/* --- in memory --------------------------------------------------------------------- */

union number {
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int8_t s8;
	int16_t s16;
	int32_t s32;
	int64_t s64;
};

static wide element(const struct variable *v, const void *section, uint32_t i)
{
	bool s = is_signed(v);
	union number n;

	memcpy(&n, (const char *)section + v->offset + (size_t)i * v->size, v->size);
	switch (v->size) {
	case 1:
		return s ? (wide)n.s8 : (wide)n.u8;
	case 2:
		return s ? (wide)n.s16 : (wide)n.u16;
	case 4:
		return s ? (wide)n.s32 : (wide)n.u32;
	default:
		return s ? (wide)n.s64 : (wide)n.u64;
	}
}

bool variable_in_range(const struct variable *v, const struct variable *other, const void *section)
{
	bool integer = v->kind == VARIABLE_UNSIGNED || v->kind == VARIABLE_SIGNED;

	return !integer || v->nr || in_range(v, element(other, section, 0));
}

void *variable_at(const struct variable *v, void *section)
{
	return (char *)section + v->offset;
}

size_t variable_bytes(const struct variable *v)
{
	return (size_t)(v->nr ?: 1) * v->size;
}

bool variable_is_aligned(const struct variable *v)
{
	return v->offset % v->size == 0;
}

static void store_parts(void *at, uint32_t size, uint64_t n)
{
	union number number = {};

	switch (size) {
	case 2:
		number.u16 = n;
		break;
	case 4:
		number.u32 = n;
		break;
	default:
		number.u64 = n;
	}
	memcpy(at, &number, size);
}

static void store(void *at, uint32_t size, uint64_t n)
{
	if ((uintptr_t)at % size) {
		store_parts(at, size, n);
		return;
	}
	switch (size) {
	case 1:
		__atomic_store_n((uint8_t *)at, n, __ATOMIC_RELAXED);
		break;
	case 2:
		__atomic_store_n((uint16_t *)at, n, __ATOMIC_RELAXED);
		break;
	case 4:
		__atomic_store_n((uint32_t *)at, n, __ATOMIC_RELAXED);
		break;
	default:
		__atomic_store_n((uint64_t *)at, n, __ATOMIC_RELAXED);
	}
}

void variable_store(const struct variable *v, void *section, const struct value *value)
{
	char *at = variable_at(v, section);
	uint32_t i;

	for (i = 0; i < (v->nr ?: 1); i++)
		store(at + (size_t)i * v->size, v->size,
		      v->kind == VARIABLE_TEXT ? (uint64_t)value->text[i]
					       : (uint64_t)value->number);
}

/* --- as it is shown ------------------------------------------------------------------ */

static void wide_text(wide number, char *text, size_t size)
{
	if (number < 0)
		snprintf(text, size, "%" PRId64, (int64_t)number);
	else
		snprintf(text, size, "%" PRIu64, (uint64_t)number);
}

static void number_text(const struct variable *v, wide number, char *text, size_t size)
{
	if (v->bytes && number >= 0)
		human(number, text, size);
	else
		wide_text(number, text, size);
}

/* Each byte that is no letter, digit or other sign of ASCII as "\x1f". */
static void escaped(const struct variable *v, const void *section, char *text)
{
	const char *from = (const char *)section + v->offset;
	uint32_t nr = v->nr, i;

	while (nr && !from[nr - 1])
		nr--;
	for (i = 0; i < nr; i++) {
		unsigned char c = from[i];

		if (c >= ' ' && c < 0x7f && c != '\\')
			*text++ = c;
		else
			text += sprintf(text, c == '\\' ? "\\\\" : "\\x%02x", c);
	}
	*text = '\0';
}

static void print_element(const struct variables *vars, const struct variable *v, wide number)
{
	const char *name = v->kind == VARIABLE_ENUM ? enum_of(vars, v, number) : NULL;
	char text[32];

	if (v->kind == VARIABLE_BOOL)
		name = number ? "true" : "false";
	number_text(v, number, text, sizeof(text));
	fputs(name ?: text, stdout);
}

void variable_print(const struct variables *vars, const struct variable *v, const void *section)
{
	char text[4 * VARIABLE_MAX_TEXT + 1];
	uint32_t i;

	if (v->kind == VARIABLE_TEXT) {
		escaped(v, section, text);
		printf("'%s'", text);
		return;
	}
	for (i = 0; i < (v->nr ?: 1); i++) {
		if (i)
			putchar(' ');
		print_element(vars, v, element(v, section, i));
	}
}

static void json_wide(const char *key, wide number)
{
	if (number < 0)
		json_s64(key, number);
	else
		json_u64(key, number);
}

static void json_element(const char *key, const struct variables *vars, const struct variable *v,
			 wide number)
{
	const char *name = v->kind == VARIABLE_ENUM ? enum_of(vars, v, number) : NULL;

	if (v->kind == VARIABLE_BOOL)
		json_bool(key, number);
	else if (name)
		json_str(key, name);
	else
		json_wide(key, number);
}

void variable_json(const char *key, const struct variables *vars, const struct variable *v,
		   const void *section)
{
	char text[4 * VARIABLE_MAX_TEXT + 1];
	uint32_t i;

	if (v->kind == VARIABLE_TEXT) {
		escaped(v, section, text);
		json_str(key, text);
		return;
	}
	if (!v->nr) {
		json_element(key, vars, v, element(v, section, 0));
		return;
	}
	json_array(key);
	for (i = 0; i < v->nr; i++)
		json_element(NULL, vars, v, element(v, section, i));
	json_end();
}

/* "u64", "enum mode", "char[4]" */
static void type_name(const struct variables *vars, const struct variable *v, char *text,
		      size_t size)
{
	const char *name = btf__name_by_offset(vars->btf, v->type ? v->type->name_off : 0);

	switch (v->kind) {
	case VARIABLE_OTHER:
		snprintf(text, size, "unknown");
		break;
	case VARIABLE_BOOL:
		snprintf(text, size, "bool");
		break;
	case VARIABLE_ENUM:
		snprintf(text, size, "enum %s", name);
		break;
	case VARIABLE_TEXT:
		snprintf(text, size, "char");
		break;
	default:
		snprintf(text, size, "%c%u", is_signed(v) ? 's' : 'u', v->size * 8);
	}
	if (v->nr)
		snprintf(text + strlen(text), size - strlen(text), "[%u]", v->nr);
}

static void enum_names(const struct variables *vars, const struct variable *v, char *text,
		       size_t size)
{
	size_t at = 0;
	int i;

	*text = '\0';
	for (i = 0; i < btf_vlen(v->type) && at < size; i++) {
		wide n;

		at += snprintf(text + at, size - at, "%s%s", i ? ", " : "",
			       enum_name(vars, v, i, &n));
	}
}

void variable_describe(const struct variables *vars, const struct variable *v, const char *between,
		       char *text, size_t size)
{
	char type[64], from[32], to[32], names[256];

	type_name(vars, v, type, sizeof(type));
	switch (v->kind) {
	case VARIABLE_OTHER:
		snprintf(text, size, "%s", type);
		break;
	case VARIABLE_BOOL:
		snprintf(text, size, "%s%strue or false", type, between);
		break;
	case VARIABLE_ENUM:
		enum_names(vars, v, names, sizeof(names));
		snprintf(text, size, "%s%sone of %s", type, between, names);
		break;
	case VARIABLE_TEXT:
		snprintf(text, size, "%s%sup to %u bytes", type, between, v->nr);
		break;
	default:
		number_text(v, v->min, from, sizeof(from));
		number_text(v, v->max, to, sizeof(to));
		snprintf(text, size, "%s%sfrom %s to %s", type, between, from, to);
	}
}

void variable_json_type(const struct variables *vars, const struct variable *v)
{
	char type[64];
	int i;

	type_name(vars, v, type, sizeof(type));
	json_str("type", type);
	if (v->kind == VARIABLE_UNSIGNED || v->kind == VARIABLE_SIGNED) {
		json_wide("min", v->min);
		json_wide("max", v->max);
	}
	if (v->kind == VARIABLE_ENUM) {
		json_array("values");
		for (i = 0; i < btf_vlen(v->type); i++) {
			wide n;

			json_str(NULL, enum_name(vars, v, i, &n));
		}
		json_end();
	}
	if (v->bytes)
		json_str("unit", "bytes");
}
