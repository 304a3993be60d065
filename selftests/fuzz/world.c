// SPDX-License-Identifier: GPL-2.0
/*
 * What the steps of a program act on, see world.h: devices and policies are opened and
 * registered here, once for all programs, and mappings written that may go meanwhile.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../faults/fail_nth.h"
#include "unified_io.h"
#include "world.h"

#include "../progs/fuzz.h"

atomic_int regions[REGIONS];
_Atomic(struct mapping *) mappings[MAPPINGS];
atomic_uint last_id;
atomic_ulong data_at;
int devices[DEVICES];
unsigned int nr_devices;
struct steps_seen *seen;
struct fuzz_state *state;
int call_prog = -1;

struct policy policies[] = {
	{ .name = "a" }, { .name = "b" }, { .name = "fuzz" }, { .name = "mirror" }
};
struct policy spare[] = { { .name = "c" }, { .name = "also" }, { .name = "a_next" } };

/* Of a thread: where it goes on when a mapping has gone. */
static _Thread_local sigjmp_buf gone;
static _Thread_local volatile bool may_go;

int region(struct input *in)
{
	return atomic_load(&regions[byte(in) % REGIONS]);
}

/* --- memory that is mapped --------------------------------------------------------- */

void write_number(struct mapping *m, uint64_t offset, uint64_t value)
{
	may_go = true;
	if (!sigsetjmp(gone, 1))
		*(volatile uint64_t *)(m->at + (offset % (m->len - 8) & ~7UL)) = value;
	may_go = false;
}

void steps_scribble(const volatile int *stop, uint64_t seed)
{
	struct mapping *m;
	unsigned int n = 0;

	while (!*stop) {
		/* It is not all that there is to do. */
		if (!(++n & 31))
			usleep(100);
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		m = atomic_load(&mappings[seed % MAPPINGS]);
		if (m)
			write_number(m, seed >> 8, seed >> (seed & 63));
	}
}

static void gone_away(int sig)
{
	if (!may_go) {
		signal(sig, SIG_DFL);
		return;
	}
	siglongjmp(gone, 1);
}

void catch_gone(void)
{
	struct sigaction action = { .sa_handler = gone_away, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* --- once, for all programs -------------------------------------------------------- */

static struct policy *policy_named(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(policies) / sizeof(*policies); i++)
		if (!strcmp(policies[i].name, name))
			return &policies[i];
	for (i = 0; i < sizeof(spare) / sizeof(*spare); i++)
		if (!strcmp(spare[i].name, name))
			return &spare[i];
	return NULL;
}

static struct bpf_object *load_policies(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_map *map;
	struct policy *p;

	if (!obj)
		return NULL;
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		p = policy_named(bpf_map__name(map));
		if (p)
			p->map = map;
		else
			bpf_map__set_autocreate(map, false);
	}
	return bpf_object__load(obj) ? NULL : obj;
}

static bool is_ejected(const char *name)
{
	struct unified_io_policy_info info = {};
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC);
	bool ejected = false;

	for (; !ioctl(fd, UNIFIED_IO_GET_POLICY, &info); info.id++)
		if (!strcmp(info.name, name))
			ejected = info.ejected;
	close(fd);
	return ejected;
}

int steps_renew(void)
{
	size_t i;

	seen->by_bpf = state->calls;
	seen->hooks = state->hooks;
	for (i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
		struct policy *p = &policies[i];

		if (p->link && !is_ejected(p->name))
			continue;
		bpf_link__destroy(p->link);
		p->link = bpf_map__attach_struct_ops(p->map);
		if (!p->link)
			return -errno;
	}
	return 0;
}

int steps_open(const char *const *paths, unsigned int nr, struct steps_seen *where)
{
	struct bpf_object *fuzz;
	struct bpf_map *map;
	size_t size;

	seen = where;
	if (faults_are_there() && !faults_set_up())
		return -EIO;
	for (nr_devices = 0; nr_devices < nr && nr_devices < DEVICES; nr_devices++) {
		devices[nr_devices] = open(paths[nr_devices], O_RDWR | O_CLOEXEC);
		if (devices[nr_devices] < 0)
			return -errno;
	}
	fuzz = load_policies("/unified/selftests/progs/fuzz.bpf.o");
	if (!nr)
		return -ENODEV;
	if (!fuzz || !load_policies("/unified/selftests/progs/chain.bpf.o") ||
	    !load_policies("/unified/policies/mirror.bpf.o"))
		return -errno;
	bpf_object__for_each_map(map, fuzz)
		if (strstr(bpf_map__name(map), ".bss"))
			state = bpf_map__initial_value(map, &size);
	call_prog = bpf_program__fd(bpf_object__find_program_by_name(fuzz, "call"));
	return call_prog < 0 || !state ? -ENOENT : steps_renew();
}
