// SPDX-License-Identifier: GPL-2.0
/*
 * Fault sweeps of operations, by every door: see faults.h.
 *
 * VM: --iommu --nvme 64M --nvme 64M --nvme 64M
 * Timeout: 1500
 */
#include "faults.h"
#include "progs/fuzz.h"

#define OBJECT PROGS "chain.bpf.o"
#define COUNT  4 /* operations at once */

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data;
static int fd, call_prog;
static struct io_uring ring;

/* --- operations -------------------------------------------------------------------- */

static struct unified_descriptor request;

#define FRAGS 8

/* Each has data of its own. */
static struct unified_descriptor request_of(unsigned int i)
{
	struct unified_descriptor d = request;

	if (d.flags & UNIFIED_DESC_F_GATHER)
		d.addr = i * FRAGS * sizeof(struct unified_fragment);
	else if (d.addr)
		d.addr += i * 4096;
	return d;
}

/* Take what was submitted. */
static int take(int nr)
{
	unsigned int i;
	struct unified_completion c[COUNT];
	struct unified_io_complete complete = { .addr = (uintptr_t)c, .max = COUNT, .min = nr };

	while (nr > 0) {
		complete.min = nr;
		if (ioctl(fd, UNIFIED_IO_COMPLETE, &complete))
			return -errno;
		if (!complete.count)
			return -ENOMSG;
		for (i = 0; i < complete.count; i++)
			bad_results += !!c[i].res;
		nr -= complete.count;
	}
	return 0;
}

static int submitted;

static int submit(void)
{
	static struct unified_descriptor all[COUNT];
	struct unified_io_submit s = { .addr = (uintptr_t)all, .count = COUNT };
	int i;

	for (i = 0; i < COUNT; i++)
		all[i] = request_of(i);
	submitted = error_of(ioctl(fd, UNIFIED_IO_SUBMIT, &s));
	return submitted < 0 || submitted == COUNT ? submitted : -EAGAIN;
}

static int submit_one(void)
{
	struct unified_io_submit s = { .desc = request };
	int ret = error_of(ioctl(fd, UNIFIED_IO_SUBMIT, &s));

	submitted = !ret;
	return ret;
}

/* By the one program of progs/fuzz.bpf.c. */
static int by_bpf(enum fuzz_what what)
{
	struct fuzz_call c = { .region = setup.id, .what = what, .len = 4096, .request = request };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &c, .ctx_size_in = sizeof(c));

	return bpf_prog_test_run_opts(call_prog, &opts);
}

static int submit_by_bpf(void)
{
	int ret = by_bpf(FUZZ_SUBMIT);

	/* It may be refused in there: nobody says. */
	submitted = 0;
	return ret;
}

static int rx_by_bpf(void)
{
	return by_bpf(FUZZ_RX);
}

/* What nobody counted. */
static void drain(void)
{
	struct unified_io_complete complete = { .min = 1, .timeout_ns = 1000000000 };

	do
		complete.count = 0;
	while (!ioctl(fd, UNIFIED_IO_COMPLETE, &complete) && complete.count);
}

static void taken(void)
{
	int ret;

	/* Some may have been submitted that could not be told. */
	if (submitted < 0) {
		drain();
		return;
	}
	ret = take(submitted);
	if (ret)
		ok(false, "%d operations end: %s", submitted, strerror(-ret));
	submitted = 0;
}

/* Here the copies of COMPLETE are what fails. */
static void some_submitted(void)
{
	submit();
}

static int complete(void)
{
	int ret = take(submitted);

	if (!ret)
		submitted = 0;
	return ret;
}

static void data_alone(void)
{
	request = (struct unified_descriptor){ .type = UNIFIED_REGION_F_BPF, .len = 4096 };
}

static int process_alone(void)
{
	struct unified_io_submit s = { .desc = request };

	return error_of(ioctl(fd, UNIFIED_IO_SUBMIT, &s));
}

static void plain(void)
{
	request = (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
					       .flags = UNIFIED_DESC_F_READ,
					       .addr = 65536,
					       .len = 4096 };
}

static void written(void)
{
	plain();
	request.flags = UNIFIED_DESC_F_WRITE | UNIFIED_DESC_F_FUA;
}

static void compared(void)
{
	plain();
	request.flags = 0;
	request.opcode = UNIFIED_OP_COMPARE;
	memset(data + 65536, 0, COUNT * 4096);
}

static void flushed(void)
{
	plain();
	request.addr = request.len = request.flags = 0;
	request.opcode = UNIFIED_OP_FLUSH;
}

static void discarded(void)
{
	plain();
	request.addr = request.flags = 0;
	request.opcode = UNIFIED_OP_DISCARD;
}

static void processed_first(void)
{
	written();
	request.type |= UNIFIED_REGION_F_BPF;
	data[65536] = 0;
}

static void processed_after(void)
{
	plain();
	request.type |= UNIFIED_REGION_F_BPF;
}

static void by_block(void)
{
	plain();
	request.targets = 4;
}

static void two_targets(void)
{
	plain();
	request.targets = 3;
}

static void listed(void)
{
	struct unified_fragment *list = (void *)data;
	int i;

	plain();
	for (i = 0; i < COUNT * FRAGS; i++)
		list[i] = (struct unified_fragment){ .addr = 65536 + i * 1024, .len = 512 };
	request.flags |= UNIFIED_DESC_F_GATHER;
	request.nr_frags = FRAGS;
}

/* At odd places: copied. */
static void copied(void)
{
	struct unified_fragment *list = (void *)data;
	int i;

	listed();
	for (i = 0; i < COUNT * FRAGS; i++)
		list[i].addr++;
}

static unsigned int uring_flags;

static int by_uring(void)
{
	struct io_unified_region r = { .fd = fd };
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	int i, ret, tries, bad = 0, nr = 0;

	for (i = 0; i < COUNT && (sqe = io_uring_get_sqe(&ring)); i++) {
		io_uring_prep_unified(sqe, &r, 0, 0, 0);
		*io_uring_unified_desc(sqe) = request_of(i);
		sqe->flags |= uring_flags;
	}
	/* The one fault may be io_uring's own. */
	for (tries = 0; nr < i && tries < 100; tries++) {
		ret = io_uring_submit(&ring);
		nr += ret > 0 ? ret : 0;
	}
	if (nr < i)
		bad = -EAGAIN;
	for (; nr > 0; nr--) {
		struct __kernel_timespec patience = { .tv_sec = 60 };

		for (tries = 0; (ret = io_uring_wait_cqe_timeout(&ring, &cqe, &patience)) &&
				ret != -ETIME && tries < 100;
		     tries++)
			;
		if (ret)
			return ret;
		bad = cqe->res < 0 ? cqe->res : bad;
		io_uring_cqe_seen(&ring, cqe);
	}
	return bad;
}

/* --- all of them ------------------------------------------------------------------- */

static const struct path paths[] = {
	{ "an operation", submit_one, plain, taken },
	{ "operations", submit, plain, taken },
	{ "writes", submit, written, taken },
	{ "flushes", submit, flushed, taken },
	{ "discards", submit, discarded, taken },
	{ "comparisons", submit, compared, taken },
	{ "an operation of BPF", submit_by_bpf, plain, drain },
	{ "bpf_unified_rx", rx_by_bpf, NULL, NULL },
	{ "data that a policy sees before", submit_one, processed_first, taken },
	{ "data that a policy sees after", submit_one, processed_after, taken },
	{ "of two targets", submit, two_targets, taken },
	{ "by the block layer", submit, by_block, taken },
	{ "of a list", submit, listed, taken },
	{ "copied", submit, copied, taken },
	{ "take completions", complete, some_submitted, taken },
	{ "data alone", process_alone, data_alone, NULL },
	{ "io_uring", by_uring, plain, NULL },
	{ "io_uring: by the block layer", by_uring, by_block, NULL },
	{ "io_uring: of a list", by_uring, listed, NULL },
	{ "io_uring: copied", by_uring, copied, NULL },
};

/* No completion that nobody waited for, and no operation under way. */
static void nothing_left(const char *name)
{
	struct unified_io_complete complete = { .min = 1, .timeout_ns = 10000000 };

	if (ioctl(fd, UNIFIED_IO_COMPLETE, &complete) || complete.count)
		ok(false, "%s: %u completions more, or none can be asked for", name,
		   complete.count);
}

/*
 * What works for others has no fault of its own: a part of what they ask for is not
 * there, whoever asks. All of it ends.
 */
static void workers(void)
{
	static const char some[] = "cd /sys/kernel/debug/failslab && echo Y >cache-filter && "
				   "echo %d >probability && echo -1 >times && "
				   "for c in unified_op unified_vecs; do "
				   "echo 1 >/sys/kernel/slab/$c/failslab || exit; done";
	char command[512];
	int i, k, ret, ended = 0, failed = 0;

	snprintf(command, sizeof(command), some, 20);
	if (!ok(!system(command), "a fifth of the module's memory is not there"))
		return;
	uring_flags = IOSQE_ASYNC;
	for (i = 0; i < 100; i++) {
		for (k = 0; k < 2; k++) {
			if (k)
				copied();
			else
				listed();
			ret = by_uring();
			ended += ret != -ETIME;
			failed += ret < 0;
		}
		if (!submit())
			taken();
		else
			take(submitted > 0 ? submitted : 0);
		submitted = 0;
	}
	snprintf(command, sizeof(command), some, 0);
	ok(!system(command) && ended == 200 && failed, "all of it ends, %d of 200 with an error",
	   failed);
	bad_results = 0;
	listed();
	ok(!by_uring(), "and then all is well");
	uring_flags = 0;
}

int main(void)
{
	struct bpf_object *fuzz = bpf_object__open_file(PROGS "fuzz.bpf.o", NULL);
	struct unified_io_target t = {}, block = { .flags = UNIFIED_TARGET_F_BLOCK };
	struct unified_io_bpf a = { .name = "a" };
	struct policy policy;
	size_t i;

	faults_open();
	libbpf_set_print(NULL);
	setup.cq_entries = 1024;
	fd = region_open(&setup);
	data = region_map(fd, setup.offsets.data, 4 * MIB, PROT_READ | PROT_WRITE);
	policy = policy_open(OBJECT, "a");
	if (!ok(fd >= 0 && data != MAP_FAILED && !policy_attach(&policy) && fuzz &&
			!bpf_object__load(fuzz) && !ioctl(fd, UNIFIED_IO_ATTACH_BPF, &a),
		"a region, with a policy"))
		return done();
	/* Two by commands, one as a block device. */
	if (!ok(!add_target(fd, drive(0), O_RDWR, &t) && !add_target(fd, drive(1), O_RDWR, &t) &&
			!add_target(fd, drive(2), O_RDWR, &block),
		"targets"))
		return done();
	call_prog = bpf_program__fd(bpf_object__find_program_by_name(fuzz, "call"));
	if (!ok(!io_uring_queue_init(256, &ring, IORING_SETUP_SQE128 | IORING_SETUP_CQE32),
		"a ring"))
		return done();
	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		sweep(&paths[i], false);
		nothing_left(paths[i].name);
	}
	workers();
	policy_close(&policy);
	return done();
}
