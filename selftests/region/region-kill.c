// SPDX-License-Identifier: GPL-2.0
/*
 * VM: --threads multi
 * Timeout: 120
 *
 * kill -9, whatever the process is doing with its region: it dies at once, and
 * the region, its policies and its memory go.
 */
#include <fcntl.h>
#include <liburing.h>
#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "policy.h"
#include "progs/buffers.h"
#include "region.h"

#define LARGE (512 * MIB)
#define SOON  5 /* seconds, under emulation */

/* What a child tells when it is where it is to be killed. */
struct report {
	uint32_t region;
	pid_t other; /* a child of its own */
};

static int device, report_fd;

/* --- what a child does ----------------------------------------------------- */

static struct unified_io_setup setup = REGION_SETUP;
static int fd;
static char *map;

static void __attribute__((noreturn)) here(pid_t other)
{
	struct report report = { setup.id, other };

	if (write(report_fd, &report, sizeof(report)) != sizeof(report))
		_exit(1);
	for (;;)
		pause();
}

/* A step without which it is not there; the parent sees the child end. */
static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "# %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void region(void)
{
	fd = region_open(&setup);
	must(fd >= 0, "region");
}

static void mapping(void)
{
	region();
	map = region_map(fd, 0, setup.region_size, PROT_READ | PROT_WRITE);
	must(map != MAP_FAILED, "mapping");
	memset(map, 1, setup.region_size);
}

static int submit(void)
{
	struct unified_io_submit s = { .desc = { .type = UNIFIED_REGION_F_BPF, .len = 64 } };

	return ioctl(fd, UNIFIED_IO_SUBMIT, &s);
}

static void attach(const char *name)
{
	struct unified_io_bpf bpf = {};

	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	must(!ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), "attach");
}

static void after_setup(void)
{
	region();
	here(0);
}

static void mapped(void)
{
	mapping();
	here(0);
}

static void *touching(void *arg)
{
	(void)arg;
	for (;;) {
		memset(map, 2, setup.region_size);
		madvise(map, setup.region_size, MADV_DONTNEED);
	}
	return NULL;
}

static void while_touching(void)
{
	pthread_t thread;

	mapping();
	pthread_create(&thread, NULL, touching, NULL);
	pthread_create(&thread, NULL, touching, NULL);
	here(0);
}

static void in_two_processes(void)
{
	pid_t other;

	mapping();
	other = fork();
	if (!other) {
		map[0] = 3;
		for (;;)
			pause();
	}
	here(other);
}

static void sealed(void)
{
	region();
	must(!ioctl(fd, UNIFIED_IO_SEAL), "seal");
	map = region_map(fd, setup.offsets.rx, setup.rx_size, PROT_READ);
	must(map != MAP_FAILED && !map[0], "what may still be mapped");
	here(0);
}

/* Its rings are in the region, all of which is a fixed buffer of a read. */
static void with_io_uring(void)
{
	struct io_uring_params params = { .flags = 0 };
	struct iovec whole;
	struct io_uring ring;
	int pipes[2];

	mapping();
	memset(map + setup.offsets.rings, 0, setup.ring_size);
	whole = (struct iovec){ map, setup.region_size };
	must(!pipe(pipes) &&
		     io_uring_queue_init_mem(8, &ring, &params, map + setup.offsets.rings,
					     setup.ring_size) > 0 &&
		     !io_uring_register_buffers(&ring, &whole, 1),
	     "io_uring");
	io_uring_prep_read_fixed(io_uring_get_sqe(&ring), pipes[0], map + setup.offsets.slots, 4096,
				 0, 0);
	must(io_uring_submit(&ring) == 1, "read");
	here(0);
}

static void with_its_policy(void)
{
	struct policy p = policy_open(PROGS "chain.bpf.o", "a");

	region();
	must(!policy_attach(&p), "policy");
	attach("a");
	must(!submit(), "submit");
	here(0);
}

static void with_its_policy_by_id(void)
{
	struct policy p = policy_open(PROGS "chain.bpf.o", "bound");
	struct {
		void *hooks[6];
		uint64_t region;
	} *ops;
	size_t size;

	region();
	ops = bpf_map__initial_value(p.map, &size);
	ops->region = setup.id;
	must(!policy_attach(&p) && !submit(), "policy");
	here(0);
}

/* Of the parent. */
static void with_a_policy(void)
{
	region();
	attach("a");
	must(!submit(), "submit");
	here(0);
}

static void *submitting(void *arg)
{
	(void)arg;
	for (;;)
		submit();
	return NULL;
}

static void while_submitting(void)
{
	pthread_t thread;

	region();
	attach("a");
	pthread_create(&thread, NULL, submitting, NULL);
	pthread_create(&thread, NULL, submitting, NULL);
	here(0);
}

static void with_buffers(void)
{
	struct policy p = policy_open(PROGS "buffers.bpf.o", "hook");
	struct buffer_call call = { .count = 64, .owner = 1 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));
	struct bpf_program *prog;

	region();
	call.region = setup.id;
	must(!bpf_object__load(p.obj), "programs");
	prog = bpf_object__find_program_by_name(p.obj, "take_list");
	must(!bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) &&
		     region_info(fd).slots_held == 64,
	     "buffers");
	here(0);
}

/*
 * The policy of the parent reads a page that only a user fault handler can
 * bring, and this one does not. Its address is the parent's choice.
 */
static char *missing;

static void in_a_hook(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { (uintptr_t)missing, 4096 },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };
	int handler = syscall(__NR_userfaultfd, O_CLOEXEC);
	struct uffd_msg msg;
	pthread_t thread;

	region();
	attach("sleeper");
	must(handler >= 0 && !ioctl(handler, UFFDIO_API, &api) &&
		     !ioctl(handler, UFFDIO_REGISTER, &range),
	     "userfaultfd");
	pthread_create(&thread, NULL, submitting, NULL);
	must(read(handler, &msg, sizeof(msg)) == sizeof(msg) && msg.event == UFFD_EVENT_PAGEFAULT,
	     "the hook's fault");
	here(0);
}

/* --- and what must become of it -------------------------------------------- */

static pid_t start(void (*state)(void), struct report *report)
{
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		exit(1);
	pid = fork();
	if (!pid) {
		report_fd = pipes[1];
		state();
		_exit(1);
	}
	close(pipes[1]);
	*report = (struct report){};
	if (read(pipes[0], report, sizeof(*report)) != sizeof(*report))
		report->region = 0;
	close(pipes[0]);
	return pid;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static bool dies(pid_t pid)
{
	double end = now() + SOON;
	pid_t got;

	kill(pid, SIGKILL);
	while (!(got = waitpid(pid, NULL, WNOHANG)) && now() < end)
		usleep(1000);
	return got == pid;
}

static bool exists(uint32_t id)
{
	struct unified_io_region_info info = { .id = id };

	return !ioctl(device, UNIFIED_IO_GET_REGION, &info) && info.id == id;
}

static bool no_region(void)
{
	struct unified_io_region_info info;
	double end = now() + SOON;

	do {
		info.id = 1;
		if (ioctl(device, UNIFIED_IO_GET_REGION, &info))
			return errno == ENOENT;
		usleep(1000);
	} while (now() < end);
	return false;
}

static bool no_policy(void)
{
	struct unified_io_info info;
	double end = now() + SOON;

	do {
		ioctl(device, UNIFIED_IO_GET_INFO, &info);
		usleep(1000);
	} while (info.policies && now() < end);
	return !info.policies;
}

static const struct {
	const char *name;
	void (*enter)(void);
} states[] = {
	{ "after SETUP", after_setup },
	{ "mapped", mapped },
	{ "while it is touched", while_touching },
	{ "sealed", sealed },
	{ "with an io_uring in it that has all of it pinned for a read", with_io_uring },
	{ "with a policy of its own, by name", with_its_policy },
	{ "with a policy of its own, by the region's id", with_its_policy_by_id },
	{ "with buffers held", with_buffers },
};

static void killed(const char *name, void (*enter)(void))
{
	struct report report;
	pid_t pid = start(enter, &report);

	if (!ok(report.region && exists(report.region), "%s", name))
		return;
	ok(dies(pid), "it dies");
	ok(no_region(), "its region goes");
}

static void all_states(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		killed(states[i].name, states[i].enter);
	ok(no_policy(), "and so do the policies");
}

/* The last of those who have it takes it along. */
static void one_of_two(void)
{
	struct report report;
	pid_t pid;

	/* So that the child's child is then ours. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = start(in_two_processes, &report);
	ok(report.region && dies(pid), "mapped in two processes, of which one dies");
	usleep(100000);
	ok(exists(report.region), "the other has it still");
	ok(dies(report.other) && no_region(), "until it dies, too");
}

static void of_another(void)
{
	struct policy p = policy_open(PROGS "chain.bpf.o", "a");
	struct unified_io_policy_info info = { .id = 1 };
	struct report report;
	pid_t pid;

	ok(!policy_attach(&p), "a policy of somebody else's");
	killed("which is attached to it", with_a_policy);
	killed("while it is asked", while_submitting);
	ok(!ioctl(device, UNIFIED_IO_GET_POLICY, &info) && info.nr_regions == 0 && !info.ejected,
	   "it is attached nowhere, then");
	pid = start(with_a_policy, &report);
	ok(report.region, "it attaches to the next one");
	ok(dies(pid) && no_region(), "which goes, too");
	policy_close(&p);
}

static atomic_bool detached;

static void *detaching(void *arg)
{
	struct policy *p = arg;

	/* The child has a copy of the link's descriptor: to close ours is no end. */
	bpf_link_detach(bpf_link__fd(p->link));
	detached = true;
	return NULL;
}

/* A hook that sleeps is woken, and who waits for it goes on. */
static void asleep(void)
{
	struct policy p = policy_open(PROGS "sleeper.bpf.o", "sleeper");
	uint64_t *shared;
	struct report report;
	pthread_t thread;
	pid_t pid;

	missing = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(!policy_attach(&p), "a policy that sleeps");
	shared = policy_section(&p, ".bss");
	shared[0] = (uintptr_t)missing;
	pid = start(in_a_hook, &report);
	if (!ok(report.region && exists(report.region), "in the middle of its hook"))
		return;
	ok(dies(pid), "it dies");
	ok(no_region(), "its region goes");
	ok(shared[1] == 1, "when the hook has ended");

	pid = start(in_a_hook, &report);
	ok(report.region, "once more");
	pthread_create(&thread, NULL, detaching, &p);
	usleep(300000);
	ok(!detached, "the policy does not go while its hook runs");
	ok(dies(pid), "it dies");
	pthread_join(thread, NULL);
	ok(detached && no_policy() && no_region(), "and the policy goes with the region");
	policy_close(&p);
}

/* --- during SETUP ---------------------------------------------------------- */

static void large(void)
{
	setup.region_size = LARGE;
	/* It is in there when it is killed, or has been. */
	close(report_fd);
	region();
	for (;;)
		pause();
}

/* More in all than there is memory: it must come back, each time. */
static void in_setup(void)
{
	static const unsigned int ms[] = { 0, 1, 2, 5, 10, 20, 50, 100, 200, 500 };
	struct unified_io_setup again = REGION_SETUP;
	unsigned int i, dead = 0, clean = 0;
	int last = -1;

	for (i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
		struct report report;
		pid_t pid = start(large, &report);

		usleep(ms[i] * 1000);
		dead += dies(pid);
		clean += no_region();
	}
	ok(dead == i, "in SETUP of a large region, or after it: it dies (%u of %u)", dead, i);
	ok(clean == i, "and there is no region (%u of %u)", clean, i);
	again.region_size = LARGE;
	for (i = 0; i < 300 && last < 0; i++) {
		last = region_open(&again);
		usleep(10000);
	}
	ok(last >= 0, "its memory is there for another");
	close(last);
}

/* Early in a SETUP it does not wait for the rest of it. */
static void early_in_setup(void)
{
	struct unified_io_setup whole = REGION_SETUP;
	double took, best = SOON;
	struct report report;
	pid_t pid;
	int i, last;

	whole.region_size = LARGE;
	took = now();
	last = region_open(&whole);
	took = now() - took;
	close(last);
	for (i = 0; i < 5 && no_region(); i++) {
		double start_of_end;

		pid = start(large, &report);
		usleep(took / 5 * 1e6);
		start_of_end = now();
		dies(pid);
		if (now() - start_of_end < best)
			best = now() - start_of_end;
	}
	ok(last >= 0 && best < took / 2, "early in SETUP, it does not wait for the rest");
	diag("%.0f ms for all of it, dead in %.0f ms", took * 1e3, best * 1e3);
}

int main(void)
{
	libbpf_set_print(NULL);
	device = open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC);
	if (!ok(device >= 0, "the device opens"))
		return done();
	in_setup();
	early_in_setup();
	all_states();
	one_of_two();
	of_another();
	asleep();
	close(device);
	return done();
}
