/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The variables of a policy that people see and set, as its BTF has them: global ones of
 * basic types in .rodata, .data and .bss. A knob is what UNIFIED_KNOB of unified.bpf.h
 * declares; what else there is in .data and .bss counts something.
 */
#ifndef VARIABLES_H
#define VARIABLES_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum section {
	SECTION_RODATA,
	SECTION_DATA,
	SECTION_BSS,
	NR_SECTIONS,
};
extern const char *const section_names[NR_SECTIONS];

/* Of any integer of up to 64 bits. */
typedef __int128 wide;

enum variable_kind {
	VARIABLE_OTHER, /* only of a knob, which is wrong then */
	VARIABLE_BOOL,
	VARIABLE_UNSIGNED,
	VARIABLE_SIGNED,
	VARIABLE_ENUM,
	VARIABLE_TEXT,
};

#define VARIABLE_MAX_TEXT  256 /* of an array of char */
#define VARIABLE_MAX_ARRAY 64  /* of one of other elements */

struct variable {
	const char *name;
	enum section section;
	enum variable_kind kind;
	const struct btf_type *type; /* of an element, without typedefs */
	uint32_t offset, size;	     /* in the section; of an element */
	uint32_t nr;		     /* of elements; 0: it is no array */
	const char *help;	     /* NULL: it is no knob */
	const char *wrong;	     /* with its declaration as a knob, or NULL */
	bool bytes;
	bool ranged; /* it has a range of its own */
	wide min, max;
};

struct variables {
	const struct btf *btf;
	struct variable *of;
	unsigned int nr;
};

/* They are valid as long as the BTF is. 0, or -ENOMEM. */
int variables_read(struct variables *vars, const struct btf *btf);
void variables_free(struct variables *vars);

/* What a tag of that variable, or of any type, says; NULL: there is none of that key. */
const char *variable_tag(const struct btf *btf, uint32_t type_id, const char *key);

/* NULL: there is none of that name. */
const struct variable *variables_find(const struct variables *vars, const char *name);
bool variables_same_type(const struct variables *a, const struct variable *one,
			 const struct variables *b, const struct variable *other);

struct value {
	wide number; /* of any kind but a text; of an array, of each element */
	char text[VARIABLE_MAX_TEXT];
};

/* An exit status: it was said what is meant. */
int variable_parse(const struct variables *vars, const struct variable *v, const char *text,
		   struct value *value);
/* May it have the value of another one, of the same type? */
bool variable_in_range(const struct variable *v, const struct variable *other, const void *section);

/*
 * To where its section begins. No other variable is written, and each element of one that
 * is aligned is stored at once: programs may run meanwhile.
 */
void variable_store(const struct variable *v, void *section, const struct value *value);
bool variable_is_aligned(const struct variable *v);
/* Where it is, and how many bytes it has. */
void *variable_at(const struct variable *v, void *section);
size_t variable_bytes(const struct variable *v);

/* "u64, from 1 B to 16 GiB", with something else between type and range. */
void variable_describe(const struct variables *vars, const struct variable *v, const char *between,
		       char *text, size_t size);
/* Its value, to standard output; as a member of a JSON object. */
void variable_print(const struct variables *vars, const struct variable *v, const void *section);
void variable_json(const char *key, const struct variables *vars, const struct variable *v,
		   const void *section);
/* The members "type", "min", "max", "values" and "unit". */
void variable_json_type(const struct variables *vars, const struct variable *v);

#endif
