// SPDX-License-Identifier: GPL-2.0
/*
 * VM: --threads multi
 * Timeout: 120
 *
 * A process that does its worst with a region: it scribbles over all of it and
 * over the descriptors that it submits, while they are worked on; it makes
 * every call there is from two threads at once, and calls that there are not.
 * Each is answered with an errno that is meant, the kernel keeps its own
 * records, and nobody sees what was not checked.
 */
#include <limits.h>
#include <linux/types.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "io.h"
#include "policy.h"
#include "progs/buffers.h"
#include "progs/hostile.h"

#define SECONDS	  6
#define LISTS	  8
#define LIST_SIZE 64

static atomic_bool stop;

/* --- which answers are meant ----------------------------------------------- */

/* The first that was not, of all threads. */
static struct {
	atomic_int error;
	const char *call;
} stranger;

struct call {
	const char *name;
	int errors[16]; /* besides success */
};

static const struct call call_setup = { "SETUP", { EBUSY, EINVAL } };
static const struct call call_submit = {
	"SUBMIT", { EINVAL, ERANGE, ENODEV, EBUSY, ESTALE, E2BIG, EOPNOTSUPP, ENXIO, EFAULT }
};
static const struct call call_complete = { "COMPLETE", { ENXIO, EINVAL, EFAULT, ETIME } };
static const struct call call_completion = { "a completion", { ENODEV, ERANGE, EILSEQ } };
static const struct call call_attach = { "ATTACH_BPF",
					 { ENOENT, EEXIST, ENXIO, EINVAL, EOPNOTSUPP } };
static const struct call call_detach = { "DETACH_BPF", { ENOENT, ENXIO, EINVAL, EOPNOTSUPP } };
static const struct call call_add = { "ADD_TARGET",
				      { ENXIO, EBUSY, EBADF, ENODEV, ERANGE, EINVAL, EPERM } };
static const struct call call_remove = { "REMOVE_TARGET", { ENXIO, ENODEV, EPERM } };
static const struct call call_target = { "GET_TARGET", { ENXIO, ENOENT } };
static const struct call call_policy = { "GET_POLICY", { ENOENT } };
static const struct call call_region = { "GET_REGION", { ENOENT } };
static const struct call call_info = { "GET_INFO", { 0 } };
static const struct call call_seal = { "SEAL", { EBUSY, ENXIO } };
static const struct call call_mmap = { "mmap", { EPERM, ERANGE, EINVAL, ENXIO } };
static const struct call call_none = { "a call that is none",
				       { ENOTTY, EINVAL, EFAULT, E2BIG, ENOENT, ENXIO, ERANGE,
					 EOPNOTSUPP, ENODEV, EBADF, EACCES, EBUSY, ESTALE, ETIME,
					 EPERM } };

static bool made(long ret, const struct call *call)
{
	int error = ret == -1 ? errno : 0, none = 0, i;

	for (i = 0; i < 16; i++)
		if (error == call->errors[i])
			return !error;
	if (error && atomic_compare_exchange_strong(&stranger.error, &none, error))
		stranger.call = call->name;
	return !error;
}

static void no_stranger(void)
{
	if (!ok(!stranger.error, "every answer is one that is meant"))
		diag("%s: %s", stranger.call, strerror(stranger.error));
	stranger.error = 0;
}

/* --- a region under attack ------------------------------------------------- */

struct target {
	struct unified_io_setup setup;
	int fd;
	unsigned char *map;
	struct unified_io_submit submit; /* which a thread rewrites all the time */
	atomic_ulong submitted, done, refused, full, completed, infos, wrong_infos;
	int hammer; /* a program of buffers.bpf.c */
};

static unsigned int *seed(void)
{
	static atomic_uint next = 1;
	static __thread unsigned int mine;

	if (!mine)
		mine = next++ * 7919;
	return &mine;
}

static uint64_t any(void)
{
	return (uint64_t)rand_r(seed()) << 42 ^ (uint64_t)rand_r(seed()) << 21 ^ rand_r(seed());
}

static bool chance(int one_in)
{
	return rand_r(seed()) % one_in == 0;
}

static void *scribble(void *arg)
{
	struct target *t = arg;

	while (!stop) {
		uint64_t at = any() % (t->setup.region_size / 8);

		((volatile uint64_t *)t->map)[at] = any();
		/* Where the module writes, more often. */
		at = any() % (t->setup.offsets.data / 8);
		((volatile uint64_t *)t->map)[at] = chance(2) ? ~0ULL : any();
	}
	return NULL;
}

static uint64_t an_address(const struct target *t)
{
	uint64_t size = t->setup.region_size - t->setup.offsets.data;

	return chance(8) ? any() : chance(8) ? size - any() % 64 : any() % size;
}

static uint64_t a_buffer(const struct target *t)
{
	return chance(2) ? any() % t->setup.nr_slots : any();
}

/* Often what can be done, and anything else. */
static void *rewrite(void *arg)
{
	static const uint16_t types[] = { 4, 4, 4, 4, 1, 1, 5, 5, 3, 0 };
	static const uint16_t flags[] = { 1, 2, 1, 2, 9, 10, 18, 0, 4, 0xffff };
	struct target *t = arg;
	volatile struct unified_descriptor *d = &t->submit.desc;

	while (!stop) {
		d->type = types[any() % 10];
		d->flags = d->type & 1 ? flags[any() % 10] : 0;
		d->addr = chance(2) ? an_address(t) & ~4095ULL : an_address(t);
		d->len = chance(8) ? any() : chance(2) ? any() % 16 * 512 : any() % 9000;
		d->user_data = any();
		d->lba = chance(8) ? any() : any() % 100000;
		d->targets = chance(8) ? any() : 1;
		d->opcode = chance(4) && d->type & 1 ? any() % 6 : 0;
		d->buffer = d->flags & UNIFIED_DESC_F_BUFFER ? a_buffer(t) : 0;
		d->nr_frags = 0;
		if (d->flags & UNIFIED_DESC_F_GATHER) {
			d->nr_frags = any() % 4;
			d->len = d->nr_frags * 512;
			d->addr = any() % LISTS * LIST_SIZE;
		}
		d->resv[any() % 3] = chance(16);
		/* Now and then it is submitted as it was meant. */
		if (chance(8))
			usleep(20);
	}
	return NULL;
}

/* The lists of fragments that descriptors name, at the start of the data area. */
static void *rewrite_fragments(void *arg)
{
	struct target *t = arg;
	volatile struct unified_fragment *f = (void *)(t->map + t->setup.offsets.data);
	unsigned int i;

	while (!stop) {
		for (i = 0; i < LISTS * LIST_SIZE / sizeof(*f); i++) {
			f[i].addr = an_address(t);
			f[i].len = chance(32) ? any() : 512;
			f[i].resv = chance(32);
		}
	}
	return NULL;
}

static void *submit(void *arg)
{
	struct target *t = arg;

	while (!stop) {
		t->submitted++;
		if (made(ioctl(t->fd, UNIFIED_IO_SUBMIT, &t->submit), &call_submit))
			t->done++;
		else if (errno == EBUSY)
			t->full++;
		else
			t->refused++;
	}
	return NULL;
}

/* One fragment, to a target that is not there: that is seen after the policies. */
static void *gather(void *arg)
{
	struct target *t = arg;
	struct unified_io_submit s = {
		.desc = { .type = UNIFIED_REGION_F_NVME | UNIFIED_REGION_F_BPF,
			  .flags = UNIFIED_DESC_F_WRITE | UNIFIED_DESC_F_GATHER,
			  .addr = LISTS * LIST_SIZE,
			  .len = 512,
			  .nr_frags = 1,
			  .targets = 1U << 31 },
	};

	while (!stop) {
		t->submitted++;
		if (!made(ioctl(t->fd, UNIFIED_IO_SUBMIT, &s), &call_submit) && errno == EBUSY)
			t->full++;
		else
			t->refused++;
	}
	return NULL;
}

/* It lies in the data area, and it does not. */
static void *move_fragment(void *arg)
{
	struct target *t = arg;
	volatile struct unified_fragment *f =
		(void *)(t->map + t->setup.offsets.data + LISTS * LIST_SIZE);

	while (!stop) {
		f->addr = 1ULL << 40;
		f->len = 512;
		f->resv = 0;
		f->addr = 8 * MIB;
	}
	return NULL;
}

static int take_some(struct target *t, unsigned int min)
{
	struct unified_io_complete complete = { .min = min };
	unsigned int i;

	if (!made(ioctl(t->fd, UNIFIED_IO_COMPLETE, &complete), &call_complete))
		return 0;
	for (i = 0; i < complete.count; i++) {
		errno = -complete.completions[i].res;
		made(errno ? -1 : 0, &call_completion);
	}
	t->completed += complete.count;
	return complete.count;
}

static void *take(void *arg)
{
	while (!stop)
		if (!take_some(arg, 0))
			usleep(500);
	return NULL;
}

/* What never changes stays, what is counted only grows. */
static bool sane(const struct target *t, const struct unified_io_region_info *i,
		 const struct unified_io_region_info *before)
{
	const struct unified_io_ledger *l = &i->ledger, *was = &before->ledger;

	return i->id == t->setup.id && i->size == t->setup.region_size &&
	       i->nr_slots == t->setup.nr_slots && i->slots_held <= i->nr_slots &&
	       !memcmp(&i->offsets, &t->setup.offsets, sizeof(i->offsets)) && !i->sealed &&
	       i->nr_maps >= 1 && i->owner_pid == (uint32_t)getpid() &&
	       i->slots_io <= i->nr_slots && l->operations >= was->operations &&
	       l->refused >= was->refused && l->bytes_processed >= was->bytes_processed &&
	       l->buffers_exhausted >= was->buffers_exhausted &&
	       l->buffers_stale >= was->buffers_stale;
}

static void *ask(void *arg)
{
	struct unified_io_info info = {};
	struct unified_io_region_info before;
	struct target *t = arg;

	while (!stop) {
		before = info.region;
		made(ioctl(t->fd, UNIFIED_IO_GET_INFO, &info), &call_info);
		t->infos++;
		if (!sane(t, &info.region, &before))
			t->wrong_infos++;
		/* All of it is mapped. */
		made(ioctl(t->fd, UNIFIED_IO_SEAL), &call_seal);
	}
	return NULL;
}

/* A policy comes and goes, in the middle of the chain; mappings, too. */
static void *change(void *arg)
{
	struct unified_io_bpf bpf = { .name = "pass" };
	struct target *t = arg;

	while (!stop) {
		size_t len = t->setup.region_size / 2;
		char *map;

		made(ioctl(t->fd, UNIFIED_IO_ATTACH_BPF, &bpf), &call_attach);
		map = region_map(t->fd, any() % 1024 * 4096, len, PROT_READ | PROT_WRITE);
		if (made(map == MAP_FAILED ? -1 : 0, &call_mmap)) {
			map[any() % len] = 1;
			mprotect(map, len / 2, PROT_READ);
			munmap(map + len / 4, len / 4);
			munmap(map, len);
		}
		made(ioctl(t->fd, UNIFIED_IO_DETACH_BPF, &bpf), &call_detach);
	}
	return NULL;
}

static void *take_buffers(void *arg)
{
	struct target *t = arg;

	while (!stop) {
		struct buffer_call call = { .region = t->setup.id, .count = 20, .owner = 1 };
		LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &call, .ctx_size_in = sizeof(call));

		bpf_prog_test_run_opts(t->hammer, &opts);
	}
	return NULL;
}

static void attach(const struct target *t, struct policy *p, const char *name)
{
	struct unified_io_bpf bpf = {};

	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	if (!ok(!policy_attach(p) && !ioctl(t->fd, UNIFIED_IO_ATTACH_BPF, &bpf), "%s is attached",
		name))
		exit(done());
}

static void under_attack(void)
{
	static void *(*const attacks[])(void *) = { scribble, rewrite, rewrite_fragments, submit,
						    submit,   gather,  move_fragment,	  take,
						    ask,      change,  take_buffers };
	enum {
		ATTACKS = sizeof(attacks) / sizeof(attacks[0])
	};
	struct policy witness = policy_open(PROGS "hostile.bpf.o", "witness"),
		      pass = policy_open(PROGS "pass_next.bpf.o", "pass"),
		      transform = policy_open("/unified/policies/transform.bpf.o", "transform"),
		      buffers = policy_open(PROGS "buffers.bpf.o", "hook");
	struct target t = { .setup = REGION_SETUP };
	const struct unified_io_ledger *l;
	struct unified_io_region_info info;
	struct buffer_tally *tally;
	struct testimony *saw;
	pthread_t threads[ATTACKS];
	unsigned int i;

	t.setup.nvme_fd = open(drive(0), O_RDWR);
	t.fd = region_open(&t.setup);
	close(t.setup.nvme_fd);
	t.map = region_map(t.fd, 0, t.setup.region_size, PROT_READ | PROT_WRITE);
	attach(&t, &witness, "witness");
	attach(&t, &transform, "transform");
	if (!ok(t.map != MAP_FAILED && !policy_attach(&pass) && !bpf_object__load(buffers.obj),
		"a region, with a chain"))
		return;
	saw = policy_section(&witness, ".bss");
	saw->data_size = t.setup.region_size - t.setup.offsets.data;
	tally = policy_section(&buffers, ".bss");
	tally->first = t.setup.offsets.slots - t.setup.offsets.data;
	t.hammer = bpf_program__fd(bpf_object__find_program_by_name(buffers.obj, "hammer"));

	stop = false;
	for (i = 0; i < ATTACKS; i++)
		pthread_create(&threads[i], NULL, attacks[i], &t);
	sleep(SECONDS);
	stop = true;
	for (i = 0; i < ATTACKS; i++)
		pthread_join(threads[i], NULL);

	/* Until none is under way. */
	while (take_some(&t, 1))
		;
	diag("%lu submitted, %lu done; %lu completions; %llu gathered; GET_INFO %lu times; %llu buffers",
	     t.submitted, t.done, t.completed, (unsigned long long)saw->gathered, t.infos,
	     (unsigned long long)tally->taken);
	ok(t.done > 20 && t.refused > 20 && t.completed > 20 && saw->gathered > 20 &&
		   t.infos > 100 && tally->taken > 100,
	   "descriptors, memory and policies change under attack");
	no_stranger();
	ok(!saw->wrong, "no hook was given what should have been refused");
	ok(!saw->changed, "nor a descriptor that changed under its eyes");
	ok(!t.wrong_infos, "GET_INFO stays the same, its counters grow");
	ok(!tally->twice && !tally->wrong, "nobody was given a buffer that another had");
	info = region_info(t.fd);
	l = &info.ledger;
	ok(l->operations == t.submitted - t.full && l->refused == t.refused,
	   "the ledger has each operation, and each refusal");
	ok(l->reads + l->writes + l->others == t.completed && saw->alone + t.completed == t.done,
	   "and each that was done");
	ok(l->bytes_processed == saw->bytes, "and the bytes that the policies saw");
	ok(info.slots_held == 0 && info.slots_io == 0 && info.nr_maps == 1, "what came has gone");
	munmap(t.map, t.setup.region_size);
	close(t.fd);
	policy_close(&witness);
	policy_close(&pass);
	policy_close(&transform);
	policy_close(&buffers);
}

/* --- everything from two threads ------------------------------------------- */

struct shared {
	int fd, drive;
	atomic_int setups;
	atomic_ulong calls;
};

/* A number and a structure that may be anything; no region comes of it. */
static void a_call_that_is_none(int fd)
{
	char noise[512];
	size_t i;
	unsigned int nr;

	for (i = 0; i < sizeof(noise); i++)
		noise[i] = chance(4) ? any() : 0;
	nr = any() % 16;
	/* SETUP with noise in what is reserved is refused. */
	if (nr == _IOC_NR(UNIFIED_IO_SETUP))
		noise[offsetof(struct unified_io_setup, resv)] = 1;
	/* No seal: a region with one cannot be mapped by the other thread. */
	if (nr == _IOC_NR(UNIFIED_IO_SEAL) || nr == _IOC_NR(UNIFIED_IO_SEAL_TARGETS))
		nr = 0x7f;
	made(ioctl(fd, _IOC(any() % 4, UNIFIED_IO_MAGIC, nr, any() % sizeof(noise)),
		   chance(8) ? NULL : noise),
	     &call_none);
}

static void one_of_all(struct shared *s)
{
	struct unified_io_setup setup = { .region_size = MIB,
					  .sq_entries = 1 << any() % 4,
					  .cq_entries = chance(8) ? 3 : 4,
					  .rx_size = any() % 64 * 4096,
					  .ring_size = any() % 64 * 4096 };
	struct unified_io_bpf bpf = { .flags = chance(16), .name = "pass" };
	struct unified_io_submit submit = {
		.desc = { .type = 1 << any() % 3, .addr = any() % (2 * MIB), .len = any() % 8192 }
	};
	struct unified_io_policy_info policy = { .id = any() % 4 };
	struct unified_io_region_info region = { .id = any() % 1000 };
	struct unified_io_target target = { .fd = s->drive };
	struct unified_io_complete complete = { .min = any() % 3, .timeout_ns = 1 };
	struct unified_io_info info;
	char *map;

	s->calls++;
	switch (any() % 15) {
	case 0:
		if (made(ioctl(s->fd, UNIFIED_IO_SETUP, &setup), &call_setup))
			s->setups++;
		break;
	case 1:
		made(ioctl(s->fd, UNIFIED_IO_SUBMIT, &submit), &call_submit);
		break;
	case 2:
		made(ioctl(s->fd, UNIFIED_IO_ATTACH_BPF, &bpf), &call_attach);
		break;
	case 3:
		made(ioctl(s->fd, UNIFIED_IO_DETACH_BPF, &bpf), &call_detach);
		break;
	case 4:
		made(ioctl(s->fd, UNIFIED_IO_GET_POLICY, &policy), &call_policy);
		break;
	case 5:
		made(ioctl(s->fd, UNIFIED_IO_GET_REGION, &region), &call_region);
		break;
	case 6:
		made(ioctl(s->fd, UNIFIED_IO_GET_INFO, &info), &call_info);
		break;
	case 7:
		made(ioctl(s->fd, UNIFIED_IO_SEAL), &call_seal);
		break;
	case 8:
		map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, chance(8) ? MAP_PRIVATE : MAP_SHARED,
			   s->fd, any() % 300 * 4096);
		if (made(map == MAP_FAILED ? -1 : 0, &call_mmap)) {
			map[0] = 1;
			munmap(map, 8192);
		}
		break;
	case 9:
		made(ioctl(s->fd, UNIFIED_IO_ADD_TARGET, &target), &call_add);
		break;
	case 10:
		target.index = any() % 3;
		made(ioctl(s->fd, UNIFIED_IO_REMOVE_TARGET, &target), &call_remove);
		break;
	case 11:
		made(ioctl(s->fd, UNIFIED_IO_GET_TARGET, &target), &call_target);
		break;
	case 12:
		made(ioctl(s->fd, UNIFIED_IO_COMPLETE, &complete), &call_complete);
		break;
	case 13:
		/* Not at once, or nothing could be added to any. */
		if (chance(8))
			made(ioctl(s->fd, UNIFIED_IO_SEAL_TARGETS), &call_seal);
		break;
	default:
		a_call_that_is_none(s->fd);
	}
}

static void *all_calls(void *arg)
{
	int i;

	for (i = 0; i < 150; i++)
		one_of_all(arg);
	return NULL;
}

static void all_at_once(void)
{
	struct policy pass = policy_open(PROGS "pass_next.bpf.o", "pass");
	unsigned int files = 30, i, once = 0;
	int device = open(drive(0), O_RDWR);

	if (!ok(!policy_attach(&pass), "a policy"))
		return;
	for (i = 0; i < files; i++) {
		struct shared s = { .fd = open(UNIFIED_IO_DEVICE, O_RDWR), .drive = device };
		pthread_t other;

		pthread_create(&other, NULL, all_calls, &s);
		all_calls(&s);
		pthread_join(other, NULL);
		once += s.setups == 1 && region_info(s.fd).id;
		close(s.fd);
	}
	ok(once == files, "every call from two threads, on %u files: each has one region (%u)",
	   files, once);
	no_stranger();
	close(device);
	policy_close(&pass);
}

int main(void)
{
	libbpf_set_print(NULL);
	under_attack();
	all_at_once();
	return done();
}
