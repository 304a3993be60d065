// SPDX-License-Identifier: GPL-2.0
/*
 * A process hook that sleeps holds up its own operation only: others of the same ring
 * are submitted and done meanwhile.
 *
 * The hook waits for a page of a slow device. userfaultfd would not do: what was read
 * is processed in no thread of the caller's, and there it makes nobody wait.
 */
#include "io.h"
#include "policy.h"

#define SLOW  "modprobe null_blk nr_devices=1 gb=1 irqmode=2 completion_nsec=2000000000"
#define APART (16 * MIB) /* between pages: the search for partitions has read the first */

/* What the program has in .bss. */
struct state {
	uint64_t address, asleep, woken;
	int32_t owner;
};

static struct unified_io_setup setup = REGION_SETUP;
static volatile struct state *state;
static int fd;

static void submit(struct io_uring *ring, unsigned int type, unsigned int flags, uint64_t user_data)
{
	struct io_unified_region region = { .fd = fd };
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		return;
	io_uring_prep_unified(sqe, &region, type, 0, 4096);
	io_uring_unified_desc(sqe)->flags = flags;
	sqe->user_data = user_data;
	io_uring_submit(ring);
}

/* Is the next completion that one, and good? */
static bool ends(struct io_uring *ring, uint64_t user_data)
{
	struct __kernel_timespec timeout = { .tv_sec = 10 };
	struct io_uring_cqe *cqe;
	bool good;

	if (io_uring_wait_cqe_timeout(ring, &cqe, &timeout))
		return false;
	good = cqe->user_data == user_data && cqe->res == 4096;
	if (!good)
		diag("of %llu: %d", (unsigned long long)cqe->user_data, cqe->res);
	io_uring_cqe_seen(ring, cqe);
	return good;
}

/* An operation whose hook sleeps on that page, and a plain read. */
static void meanwhile(unsigned int ring_flags, unsigned int flags, const void *page,
		      const char *what)
{
	struct io_uring ring;
	uint64_t asleep = state->asleep, woken = state->woken;
	int i;

	if (io_uring_queue_init(8, &ring, IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | ring_flags)) {
		ok(false, "%s: a ring", what);
		return;
	}
	state->address = (uintptr_t)page;
	submit(&ring, UNIFIED_REGION_F_NVME | UNIFIED_REGION_F_BPF, flags, 1);
	for (i = 0; i < 1000 && state->asleep == asleep; i++)
		usleep(1000);
	ok(state->asleep == asleep + 1 && state->woken == woken, "%s: its hook sleeps", what);
	submit(&ring, UNIFIED_REGION_F_NVME, UNIFIED_DESC_F_READ, 2);
	ok(ends(&ring, 2), "another one ends");
	ok(state->woken == woken, "while it sleeps");
	ok(ends(&ring, 1) && state->woken == woken + 1, "it ends when the hook has woken up");
	io_uring_queue_exit(&ring);
}

static const char *slow_pages(void)
{
	int slow = open("/dev/nullb0", O_RDONLY);
	char *pages = mmap(NULL, 5 * APART, PROT_READ, MAP_SHARED, slow, 0);

	close(slow);
	return pages == MAP_FAILED || madvise(pages, 5 * APART, MADV_RANDOM) ? NULL : pages;
}

int main(void)
{
	const unsigned int deferred = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	struct policy p = policy_open(PROGS "far_sleeper.bpf.o", "far_sleeper");
	struct unified_io_bpf bpf = { .name = "far_sleeper" };
	struct unified_io_target t = {};
	const char *pages;

	libbpf_set_print(NULL);
	if (system("modprobe -rq null_blk; " SLOW))
		skip_all("no null_blk");
	fd = region_open(&setup);
	pages = slow_pages();
	if (!ok(fd >= 0 && pages && !add_target(fd, drive(0), O_RDWR, &t) && !policy_attach(&p) &&
			!ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf),
		"a policy that sleeps"))
		return done();
	state = policy_section(&p, ".bss");
	state->owner = getpid();
	meanwhile(0, UNIFIED_DESC_F_READ, pages + APART, "a read");
	meanwhile(deferred, UNIFIED_DESC_F_READ, pages + 2 * APART, "a read, deferred");
	meanwhile(0, UNIFIED_DESC_F_WRITE, pages + 3 * APART, "a write");
	meanwhile(deferred, UNIFIED_DESC_F_WRITE, pages + 4 * APART, "a write, deferred");
	munmap((void *)pages, 5 * APART);
	policy_close(&p);
	close(fd);
	ok(!system("modprobe -r null_blk"), "nothing is left of it");
	return done();
}
