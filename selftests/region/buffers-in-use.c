// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that operations use: one that is given back meanwhile is nobody's
 * before the operation has ended.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "pool.h"

/* An operation that sleeps in a policy until its page is brought. */
struct sleeper {
	const struct pool *pool;
	struct policy policy;
	struct unified_io_submit submit;
	pthread_t thread;
	char *page;
	int handler, error;
};

static void *submitting(void *arg)
{
	struct sleeper *s = arg;

	s->error = ioctl(s->pool->fd, UNIFIED_IO_SUBMIT, &s->submit) ? errno : 0;
	return NULL;
}

/* A write of the buffer to a target that is not there: that is seen at its end. */
static struct unified_io_submit write_of(const struct pool *p, int64_t buffer)
{
	return (struct unified_io_submit){
		.desc = { .type = UNIFIED_REGION_F_NVME | UNIFIED_REGION_F_BPF,
			  .flags = UNIFIED_DESC_F_WRITE | UNIFIED_DESC_F_BUFFER,
			  .addr = addr(p, buffer),
			  .len = SLOT_SIZE,
			  .buffer = buffer },
	};
}

static void sleeper_start(struct sleeper *s)
{
	struct unified_io_bpf bpf = { .name = "sleeper" };
	struct uffdio_register range = { .range.len = 4096, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffd_msg msg;

	s->policy = policy_open(PROGS "sleeper.bpf.o", "sleeper");
	s->page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	s->handler = syscall(__NR_userfaultfd, O_CLOEXEC);
	range.range.start = (uintptr_t)s->page;
	if (!ok(!policy_attach(&s->policy) && !ioctl(s->pool->fd, UNIFIED_IO_ATTACH_BPF, &bpf) &&
			!ioctl(s->handler, UFFDIO_API, &api) &&
			!ioctl(s->handler, UFFDIO_REGISTER, &range),
		"a policy that sleeps"))
		exit(done());
	*(uint64_t *)policy_section(&s->policy, ".bss") = (uintptr_t)s->page;
	pthread_create(&s->thread, NULL, submitting, s);
	ok(read(s->handler, &msg, sizeof(msg)) == sizeof(msg), "an operation is on its way");
}

static void sleeper_end(struct sleeper *s)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)s->page, 4096 } };

	ioctl(s->handler, UFFDIO_ZEROPAGE, &zero);
	pthread_join(s->thread, NULL);
	answers(s->error, ENODEV, "it ends");
	policy_close(&s->policy);
	close(s->handler);
	munmap(s->page, 4096);
}

static bool counts(const struct pool *p, uint32_t held, uint32_t io)
{
	struct unified_io_region_info info = region_info(p->fd);

	return info.slots_held == held && info.slots_io == io;
}

static int submit_error(const struct pool *p, struct unified_io_submit submit)
{
	return ioctl(p->fd, UNIFIED_IO_SUBMIT, &submit) ? errno : 0;
}

/* A buffer that an operation uses is nobody else's before that has ended. */
static void in_use(void)
{
	struct pool p = pool_open(3);
	struct sleeper s = { .pool = &p };
	int64_t used = alloc(&p, OWNER(1)), a, b;
	uint64_t stale;

	s.submit = write_of(&p, used);
	sleeper_start(&s);
	ok(counts(&p, 1, 1), "its buffer is held, and used");
	ok(mirrors(&p, used, UNIFIED_SLOT_HELD, generation(used), OWNER(1)), "held, in the mirror");
	answers(give(&p, used), 0, "it is given back meanwhile");
	ok(counts(&p, 0, 1), "and used still");
	ok(mirrors(&p, used, UNIFIED_SLOT_IO, generation(used) + 1, OWNER(1)),
	   "in the mirror, too");
	a = alloc(&p, OWNER(2));
	b = alloc(&p, OWNER(3));
	ok(a >= 0 && b >= 0 && (uint32_t)a != (uint32_t)used && (uint32_t)b != (uint32_t)used,
	   "others can be had");
	answers(alloc(&p, 1), -ENOBUFS, "but not this one");
	stale = ledger(&p).buffers_stale;
	answers(give(&p, used), -ESTALE, "nor can it be given back again");
	answers(submit_error(&p, write_of(&p, used)), ESTALE, "or used for another operation");
	answers(ledger(&p).buffers_stale, stale + 2, "both are counted");
	sleeper_end(&s);
	ok(counts(&p, 2, 0) && mirrors(&p, used, UNIFIED_SLOT_FREE, generation(used) + 1, 0),
	   "when the operation has ended, it is free");
	answers((uint32_t)alloc(&p, 1), (uint32_t)used, "and can be had");
	pool_close(&p);
}

/* One that is held all the time stays so. */
static void used_and_kept(void)
{
	struct pool p = pool_open(3);
	struct sleeper s = { .pool = &p };
	int64_t used = alloc(&p, OWNER(1));
	struct unified_io_submit next = write_of(&p, used);

	s.submit = next;
	sleeper_start(&s);
	sleeper_end(&s);
	ok(counts(&p, 1, 0) && mirrors(&p, used, UNIFIED_SLOT_HELD, generation(used), OWNER(1)),
	   "a buffer that was used is held as before");
	next.desc.addr++;
	answers(submit_error(&p, next), ERANGE, "an operation that goes beyond the buffer");
	next.desc.addr -= 2;
	next.desc.len = 1;
	answers(submit_error(&p, next), ERANGE, "that begins before it");
	next.desc.buffer = 3;
	answers(submit_error(&p, next), ERANGE, "with a buffer that is none");
	ok(counts(&p, 1, 0), "none of these uses it");
	answers(give(&p, used), 0, "it is given back");
	all_free(&p, "after that");
	pool_close(&p);
}

int main(void)
{
	pool_programs();
	in_use();
	used_and_kept();
	policy_close(&programs);
	return done();
}
