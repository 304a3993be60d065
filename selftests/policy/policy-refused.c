// SPDX-License-Identifier: GPL-2.0
/*
 * Every program of progs/policy_refused.bpf.c is refused by the verifier, with
 * words that stand above it there.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "selftest.h"

#define OBJECT "/unified/selftests/progs/policy_refused.bpf.o"
#define TAG    "expect:"

/* The BTF of an object, too, is told in it. */
static char verifier_log[1 << 20];

/*
 * What stands in a decl tag of a function, and in one after the type "from". Where
 * kernels say it differently there are several.
 */
static const char *expected(const struct btf *btf, const char *function, int *from)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);

	while (++*from < (int)btf__type_cnt(btf)) {
		const struct btf_type *t = btf__type_by_id(btf, *from);
		const char *text = btf__name_by_offset(btf, t->name_off);

		if (btf_is_decl_tag(t) && (int)t->type == id && !strncmp(text, TAG, strlen(TAG)))
			return text + strlen(TAG);
	}
	return NULL;
}

/* One of the words that are expected is in the log. NULL: none is. */
static const char *said(const struct btf *btf, const char *function)
{
	const char *words;
	int from = 0;

	while ((words = expected(btf, function, &from)))
		if (strstr(verifier_log, words))
			return words;
	return NULL;
}

static void try_one(const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = verifier_log,
		    .kernel_log_size = sizeof(verifier_log), .kernel_log_level = 1);
	struct bpf_object *obj = bpf_object__open_file(OBJECT, &opts);
	const char *words, *none = "(none of its words were said)";
	struct bpf_program *prog;
	struct bpf_map *map;
	int ret;

	bpf_object__for_each_map(map, obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map,
						!strncmp(bpf_map__name(map), name, strlen(name)));
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));

	verifier_log[0] = '\0';
	ret = bpf_object__load(obj);
	words = said(bpf_object__btf(obj), name);
	if (!ok(ret && words, "%s: %s", name, words ?: none)) {
		diag("load returned %d; the verifier said:", ret);
		for (char *line = strtok(verifier_log, "\n"); line; line = strtok(NULL, "\n"))
			diag("%s", line);
	}
	bpf_object__close(obj);
}

int main(void)
{
	struct bpf_object *obj;
	struct bpf_program *prog;

	libbpf_set_print(NULL);
	obj = bpf_object__open_file(OBJECT, NULL);
	if (!ok(obj, "the object opens"))
		return done();
	bpf_object__for_each_program(prog, obj)
		try_one(bpf_program__name(prog));
	bpf_object__close(obj);
	return done();
}
