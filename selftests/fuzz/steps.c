// SPDX-License-Identifier: GPL-2.0
/*
 * The steps of a fuzzer's program, see steps.h. A step is a byte that says which, and
 * its numbers after it, see input.h. Those that ask for I/O are in steps_io.c.
 *
 * Threads share the regions. A descriptor is closed, a mapping removed, by who takes it
 * out of its place, so never twice; others may be using it just then, which is meant.
 */
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../faults/fail_nth.h"
#include "steps.h"
#include "steps_io.h"
#include "unified_io.h"
#include "world.h"

#define MIB (1024UL * 1024)

/* Mostly one that is there. */
static int a_device(struct input *in)
{
	uint8_t which = byte(in);

	return nr_devices && which < 224 ? devices[which % nr_devices] : which;
}

/* --- regions --------------------------------------------------------------------- */

static void step_open(struct input *in)
{
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC);

	fd = atomic_exchange(&regions[byte(in) % REGIONS], fd);
	if (fd >= 0)
		close(fd);
}

static void step_close(struct input *in)
{
	int fd = atomic_exchange(&regions[byte(in) % REGIONS], -1);

	if (fd >= 0)
		close(fd);
}

static void step_set_up(struct input *in)
{
	static unsigned char memory[MIB] __attribute__((aligned(4096)));
	struct unified_io_setup s = { .region_size = MIB,
				      .sq_entries = 64,
				      .cq_entries = 64,
				      .ring_size = 64 * 1024,
				      .rx_size = 128 * 1024,
				      .nvme_fd = -1,
				      .uring_fd = -1 };
	uint8_t odd = byte(in);
	int fd = region(in);

	/* Mostly one that is as it should be, and any program may have it. */
	s.flags = UNIFIED_IO_SETUP_BPF;
	if (odd & 1)
		s.region_size = number(in) % (64 * MIB);
	if (odd & 2)
		s.cq_entries = number(in);
	if (odd & 4)
		s.rx_size = number(in);
	if (odd & 8)
		s.slot_size = number(in);
	if (odd & 16)
		s.flags = number(in);
	if (s.flags & UNIFIED_IO_SETUP_USER_MEMORY)
		s.user_addr = (uintptr_t)memory + !(byte(in) & 15);
	if (odd & 32)
		s.nvme_fd = a_device(in);
	if (odd & 64)
		s.ring_size = number(in);
	if (odd & 128) {
		s.numa_node = number(in);
		s.net_ifindex = byte(in) & 3;
		s.sq_entries = number(in);
	}
	if (ioctl(fd, UNIFIED_IO_SETUP, &s))
		return;
	count(regions);
	atomic_store(&last_id, s.id);
	atomic_store(&data_at, s.offsets.data);
}

/* The place is kept: others may still write there, and nothing of theirs is to come there. */
static void unmap(void *at, size_t len)
{
	mmap(at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

static void step_map(struct input *in)
{
	struct mapping *m, *old;
	int fd = region(in), prot = byte(in) & (PROT_READ | PROT_WRITE);
	uint64_t offset = number(in) * PAGE, len = number(in) * PAGE;

	m = malloc(sizeof(*m));
	if (!m)
		return;
	m->len = len ? len % (4 * MIB) : MIB;
	m->at = mmap(NULL, m->len, prot, MAP_SHARED, fd, offset);
	if (m->at == MAP_FAILED) {
		free(m);
		return;
	}
	count(mappings);
	old = atomic_exchange(&mappings[byte(in) % MAPPINGS], m);
	/* Others may look at it: it is not freed. */
	if (old)
		unmap(old->at, old->len);
}

static void step_unmap(struct input *in)
{
	struct mapping *m = atomic_exchange(&mappings[byte(in) % MAPPINGS], NULL);

	if (m)
		unmap(m->at, m->len);
}

/* Parts of a mapping go, or become another's; a child has it for a moment. */
static void step_remap(struct input *in)
{
	struct mapping *m = atomic_load(&mappings[byte(in) % MAPPINGS]);
	size_t at = byte(in) * PAGE, len = (byte(in) + 1) * PAGE;
	void *to;
	pid_t pid;

	if (!m || at + len > m->len)
		return;
	switch (byte(in) % 4) {
	case 0:
		unmap(m->at + at, len);
		break;
	case 1:
		mprotect(m->at + at, len, byte(in) & (PROT_READ | PROT_WRITE));
		break;
	case 2:
		to = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (to != MAP_FAILED) {
			mremap(m->at + at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
			unmap(m->at + at, len);
		}
		break;
	default:
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void step_write(struct input *in)
{
	struct mapping *m = atomic_load(&mappings[byte(in) % MAPPINGS]);
	uint64_t offset = number(in);
	unsigned int n = byte(in) % 16;

	for (; m && n--; offset += 8)
		write_number(m, offset, number(in));
}

static void step_seal(struct input *in)
{
	struct unified_io_seal part = { .offset = number(in) };
	int fd = region(in);

	part.len = number(in);
	switch (byte(in) % 4) {
	case 0:
		ioctl(fd, UNIFIED_IO_SEAL);
		break;
	case 1:
		ioctl(fd, UNIFIED_IO_SEAL_TARGETS);
		break;
	default:
		ioctl(fd, UNIFIED_IO_SEAL_PART, &part);
	}
}

static void step_ask(struct input *in)
{
	uint64_t which = number(in);
	struct unified_io_region_info r = { .id = which };
	struct unified_io_policy_info p = { .id = which };
	struct unified_io_target t = { .index = which };
	struct unified_io_info i;
	int fd = region(in);

	ioctl(fd, UNIFIED_IO_GET_INFO, &i);
	ioctl(fd, UNIFIED_IO_GET_REGION, &r);
	ioctl(fd, UNIFIED_IO_GET_POLICY, &p);
	ioctl(fd, UNIFIED_IO_GET_TARGET, &t);
}

/* Whatever there is, and there is not, with an argument of that size. */
static void step_any_call(struct input *in)
{
	unsigned char argument[512];
	uint8_t dir = byte(in) & 3, nr = byte(in) & 0x4f;
	unsigned long cmd;
	int fd = region(in);
	size_t i;

	cmd = _IOC(dir, UNIFIED_IO_MAGIC, nr, raw(in, 2) % sizeof(argument));
	for (i = 0; i < sizeof(argument); i++)
		argument[i] = i < 64 ? byte(in) : 0;
	ioctl(fd, cmd, byte(in) & 1 ? argument : NULL);
}

/* --- targets and policies -------------------------------------------------------- */

static void step_add(struct input *in)
{
	uint8_t odd = byte(in);
	struct unified_io_target t = { .fd = a_device(in) };
	int fd = region(in);

	if (odd & 1)
		t.flags = byte(in) % 5;
	if (odd & 2)
		t.access = byte(in) % 5;
	if (odd & 4)
		t.start = number(in);
	if (odd & 8)
		t.length = number(in);
	if (odd & 16)
		t.region = atomic_load(&last_id);
	if (!ioctl(fd, UNIFIED_IO_ADD_TARGET, &t))
		count(targets);
}

static void step_remove(struct input *in)
{
	uint8_t which = byte(in);
	struct unified_io_target t = { .index = which & 7 };

	if (which & 128)
		t.region = atomic_load(&last_id);
	ioctl(region(in), UNIFIED_IO_REMOVE_TARGET, &t);
}

static void step_policy(struct input *in)
{
	static const char *const names[] = { "a", "b", "fuzz", "mirror", "c", "also" };
	struct unified_io_bpf bpf = {};
	uint8_t how = byte(in);
	int fd = region(in);

	strcpy(bpf.name, names[byte(in) % 6]);
	if (how & 2)
		bpf.flags = how & 4 ? UNIFIED_IO_BPF_ENFORCE : number(in);
	if (how & 8)
		bpf.region = how & 16 ? atomic_load(&last_id) : number(in);
	if (how & 1)
		ioctl(fd, UNIFIED_IO_DETACH_BPF, &bpf);
	else if (!ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf))
		count(policies);
}

/* Of this program alone, which go with its process; and another "a" for all. */
static void step_register(struct input *in)
{
	static struct bpf_link *_Atomic links[2];
	unsigned int which = byte(in) % 2;
	struct bpf_link *link = NULL;

	switch (byte(in) % 3) {
	case 0:
		link = bpf_map__attach_struct_ops(spare[which].map);
		/* fallthrough */
	case 1:
		link = atomic_exchange(&links[which], link);
		if (link)
			bpf_link__destroy(link);
		break;
	default:
		if (policies[0].link)
			bpf_link__update_map(policies[0].link,
					     byte(in) & 1 ? spare[2].map : policies[0].map);
	}
}

/* --- faults ---------------------------------------------------------------------- */

/* Something that this thread soon asks for is not there. */
static void step_fail(struct input *in)
{
	int nth = faults_of_thread(), n = byte(in) + 1;

	if (nth < 0)
		return;
	count(faults);
	fault_at(nth, n);
	close(nth);
}

/* --- programs -------------------------------------------------------------------- */

/* What is there more than once comes more often. */
static void (*const steps[])(struct input *in) = {
	step_open,     step_close,    step_set_up, step_map,	     step_unmap,
	step_remap,    step_write,    step_write,  step_seal,	     step_ask,
	step_any_call, step_add,      step_remove, step_policy,	     step_policy,
	step_register, step_submit,   step_submit, step_submit_many, step_submit_many,
	step_complete, step_complete, step_uring,  step_uring,	     step_submit_mapped,
	step_kfunc,    step_kfunc,    step_gather, step_gather,	     step_pin,
	step_fail,
};

void steps_run(const uint8_t *program, size_t len)
{
	struct input in = { program, program + len };

	while (in.at < in.end)
		steps[byte(&in) % (sizeof(steps) / sizeof(*steps))](&in);
	ring_close();
}

static void first_steps(struct input *in)
{
	static struct mapping whole;
	unsigned int i;

	step_open(in);
	step_set_up(in);
	for (i = 0; i < nr_devices; i++)
		if (!ioctl(regions[0], UNIFIED_IO_ADD_TARGET,
			   &(struct unified_io_target){ .fd = devices[i] }))
			count(targets);
	whole.len = MIB;
	whole.at = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, regions[0], 0);
	if (whole.at != MAP_FAILED)
		mappings[0] = &whole;
}

/* A region with two targets, and all of it mapped, is there before the first step. */
void steps_begin(void)
{
	struct input none = {};
	int i;

	for (i = 0; i < REGIONS; i++)
		atomic_store(&regions[i], -1);
	catch_gone();
	first_steps(&none);
}
