// SPDX-License-Identifier: GPL-2.0
/*
 * Every program of progs/policy_refused.bpf.c is refused by the verifier, with
 * the words that stand above it there.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "selftest.h"

#define OBJECT "/unified/selftests/progs/policy_refused.bpf.o"
#define TAG    "expect:"

static char verifier_log[1 << 16];

/* What stands in the decl tag of a function. */
static const char *expected(const struct btf *btf, const char *function)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC), i;

	for (i = 1; i < (int)btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *text = btf__name_by_offset(btf, t->name_off);

		if (btf_is_decl_tag(t) && (int)t->type == id && !strncmp(text, TAG, strlen(TAG)))
			return text + strlen(TAG);
	}
	return NULL;
}

static void try_one(const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = verifier_log,
		    .kernel_log_size = sizeof(verifier_log), .kernel_log_level = 1);
	struct bpf_object *obj = bpf_object__open_file(OBJECT, &opts);
	const char *words = expected(bpf_object__btf(obj), name);
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
	if (!ok(ret && words && strstr(verifier_log, words), "%s: %s", name,
		words ?: "(no words)")) {
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
