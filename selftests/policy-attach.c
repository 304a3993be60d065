// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when a policy is attached and detached: its init and exit hooks
 * run once each, with the reason; what is no sound policy is refused with an
 * errno that says which thing was wrong, and leaves nothing behind.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "selftest.h"
#include "unified_io.h"

#define OBJECT "/unified/selftests/progs/policy_attach.bpf.o"

struct diary {
	int inits, exits, exit_kind;
	char exit_reason[64];
};

static int device;

static unsigned int registered(void)
{
	struct unified_io_info info = {};

	ioctl(device, UNIFIED_IO_GET_INFO, &info);
	return info.policies;
}

/* Load the object with only one of its policies, which may first be changed. */
static struct bpf_object *load(const char *name, struct bpf_map **found)
{
	struct bpf_object *obj = bpf_object__open_file(OBJECT, NULL);
	struct bpf_map *map;

	if (!obj)
		return NULL;
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (!strcmp(bpf_map__name(map), name))
			*found = map;
		else
			bpf_map__set_autocreate(map, false);
	}
	return obj;
}

static int attach(struct bpf_object *obj, struct bpf_map *map, struct bpf_link **link)
{
	if (bpf_object__load(obj))
		return -errno;
	*link = bpf_map__attach_struct_ops(map);
	return *link ? 0 : -errno;
}

static void refused(const char *name, int error, const char *what)
{
	struct bpf_link *link = NULL;
	struct bpf_map *map = NULL;
	struct bpf_object *obj = load(name, &map);
	int ret = attach(obj, map, &link);

	if (!ok(ret == -error, "%s: %s", what, strerror(error)))
		diag("got %s", strerror(-ret));
	ok(registered() == 0, "and nothing is registered");
	bpf_link__destroy(link);
	bpf_object__close(obj);
}

static void answers(int answer, int error)
{
	struct bpf_link *link = NULL;
	struct bpf_map *map = NULL, *rodata;
	struct bpf_object *obj = load("stubborn", &map);
	size_t size;
	int ret;

	rodata = bpf_object__find_map_by_name(obj, ".rodata");
	*(int *)bpf_map__initial_value(rodata, &size) = answer;
	ret = attach(obj, map, &link);
	if (!ok(ret == -error, "an init hook that returns %d: %s", answer, strerror(error)))
		diag("got %s", strerror(-ret));
	bpf_link__destroy(link);
	bpf_object__close(obj);
}

static void lives_once(void)
{
	struct bpf_link *link = NULL, *second;
	struct bpf_map *map = NULL, *twin_map = NULL, *bss;
	struct bpf_object *obj = load("diary", &map), *other;
	struct diary d = {};
	int key = 0, ret;

	ok(attach(obj, map, &link) == 0 && registered() == 1, "a policy attaches");

	second = bpf_map__attach_struct_ops(map);
	ok(!second && errno == EBUSY, "the same map a second time: busy");
	bpf_link__destroy(second);

	other = load("twin", &twin_map);
	second = NULL;
	ret = attach(other, twin_map, &second);
	ok(ret == -EEXIST, "another policy of that name: exists");
	bpf_link__destroy(second);
	bpf_object__close(other);

	ok(registered() == 1, "the first is still there");
	bpf_link__destroy(link);
	ok(registered() == 0, "it goes with its link");

	bss = bpf_object__find_map_by_name(obj, ".bss");
	ok(!bpf_map_lookup_elem(bpf_map__fd(bss), &key, &d), "its variables outlive it");
	ok(d.inits == 1 && d.exits == 1, "init and exit ran once each (%d, %d)", d.inits, d.exits);

	link = bpf_map__attach_struct_ops(map);
	ok(link && registered() == 1, "the same map attaches again after that");
	bpf_link__destroy(link);
	bpf_object__close(obj);
}

static void tells_reason(void)
{
	struct bpf_map *map = NULL, *data, *bss;
	struct bpf_object *obj = load("diary", &map);
	struct bpf_link *link = NULL;
	const void *words;
	size_t size;

	attach(obj, map, &link);
	ok(link && !bpf_link_detach(bpf_link__fd(link)), "a link detaches while it is held");
	ok(registered() == 0, "and the policy is gone at once");
	data = bpf_object__find_map_by_name(obj, ".data");
	bss = bpf_object__find_map_by_name(obj, ".bss");
	ok(*(int *)bpf_map__initial_value(data, &size) == 0, "exit learns that it was detached");
	words = bpf_map__initial_value(bss, &size);
	ok(memmem(words, size, "link", 4), "in words, too");
	bpf_link__destroy(link);
	bpf_object__close(obj);
}

int main(void)
{
	libbpf_set_print(NULL);
	device = open(UNIFIED_IO_DEVICE, O_RDWR);
	if (!ok(device >= 0, "the device opens"))
		return done();

	lives_once();
	tells_reason();
	refused("nameless", EINVAL, "no name");
	refused("slashed", EINVAL, "a slash in the name");
	refused("hidden", EINVAL, "a name that begins with a dot");
	refused("flagged", EINVAL, "an unknown flag");
	refused("homeless", ENOENT, "a region that does not exist");
	refused("empty", EINVAL, "a policy without any hook");
	answers(-EPERM, EPERM);
	answers(-ENOSPC, ENOSPC);
	answers(1, EINVAL);
	answers(-5000, EINVAL);
	answers(0, 0);
	return done();
}
