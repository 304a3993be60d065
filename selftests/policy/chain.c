// SPDX-License-Identifier: GPL-2.0
/*
 * The chain of a region: policies are asked by priority, attached and detached
 * by name or by region, replaced while they stand in it, and ejected when they
 * misbehave; none of it while one of their hooks still runs.
 *
 * Timeout: 300
 */
#include <pthread.h>

#include "policy.h"
#include "region.h"

#define OBJECT PROGS "chain.bpf.o"

/* What the programs keep in .bss, in this order. */
struct diary {
	int calls;
	char exit_reason[64];
	int exit_error;
	int exits;
	int exit_copy;
};

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data;
static int fd;

static int submit(uint64_t addr, uint32_t len)
{
	struct unified_io_submit s = {
		.desc = { .type = UNIFIED_REGION_F_BPF, .addr = addr, .len = len },
	};

	return ioctl(fd, UNIFIED_IO_SUBMIT, &s) ? -errno : 0;
}

/* Ask the chain; what is left in the data is who was asked. */
static const char *asked(void)
{
	static char letters[17];

	memset(data, 0, 16);
	if (submit(0, 16))
		return strerror(errno);
	memcpy(letters, data + 1, 15);
	return letters;
}

static void expect(const char *letters, const char *what)
{
	const char *got = asked();

	if (!ok(!strcmp(got, letters), "%s: '%s'", what, letters))
		diag("got '%s'", got);
}

static int attach_to(uint32_t region, const char *name)
{
	struct unified_io_bpf bpf = { .region = region };

	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	return ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf);
}

static int detach(const char *name)
{
	struct unified_io_bpf bpf = {};

	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	return ioctl(fd, UNIFIED_IO_DETACH_BPF, &bpf);
}

static struct policy registered(const char *name)
{
	struct policy p = policy_open(OBJECT, name);

	if (!ok(!policy_attach(&p), "policy %s registers", name))
		exit(done());
	return p;
}

static struct unified_io_policy_info info_of(const char *name)
{
	struct unified_io_policy_info info = { .id = 1 };

	for (; !ioctl(fd, UNIFIED_IO_GET_POLICY, &info); info.id++)
		if (!strcmp(info.name, name))
			return info;
	return (struct unified_io_policy_info){};
}

static void order(void)
{
	struct policy a = registered("a"), b = registered("b"), c = registered("c");

	expect("", "registered by name, they are asked nothing");
	ok(!attach_to(0, "c") && !attach_to(0, "a") && !attach_to(setup.id, "b"),
	   "they are attached, one of them by the region's id");
	expect("bac", "asked by priority");
	fails_with(attach_to(0, "a"), EEXIST, "a second time");
	ok(info_of("b").nr_regions == 1 && info_of("b").regions[0] == setup.id &&
		   info_of("b").priority == -5 && info_of("b").map_id,
	   "GET_POLICY tells where");
	ok(!detach("a"), "one is detached");
	expect("bc", "and no longer asked");
	fails_with(detach("a"), ENOENT, "a second time");
	ok(!attach_to(0, "a"), "and attached again");
	bpf_link__destroy(b.link);
	b.link = NULL;
	expect("ac", "one whose link goes is asked no more");
	fails_with(attach_to(0, "b"), ENOENT, "and cannot be attached");
	policy_close(&a);
	policy_close(&b);
	policy_close(&c);
	expect("", "nobody is left");
}

/* In the order of attaching where the priority is the same. */
static void equal(void)
{
	struct policy a = registered("a"), also = registered("also");

	ok(!attach_to(0, "also") && !attach_to(0, "a"), "two of one priority are attached");
	expect("ca", "asked in that order");
	ok(!detach("also") && !attach_to(0, "also"), "the first of them once more");
	expect("ac", "which is the last now");
	policy_close(&a);
	policy_close(&also);
}

/* More regions than GET_POLICY has room for. */
static void many(void)
{
	struct policy p = registered("a");
	struct unified_io_policy_info info;
	int fds[17], i, attached = 0;

	for (i = 0; i < 17; i++) {
		struct unified_io_setup s = REGION_SETUP;

		s.region_size = MIB;
		s.ring_size = s.rx_size = 0;
		fds[i] = region_open(&s);
		attached += fds[i] >= 0 && !attach_to(s.id, "a");
	}
	info = info_of("a");
	ok(attached == 17 && info.nr_regions == 17 && info.regions[15] && !info.errors,
	   "attached to 17 regions, of which GET_POLICY names 16");
	for (i = 0; i < 17; i++)
		close(fds[i]);
	policy_close(&p);
}

static void bound(void)
{
	struct policy p = policy_open(OBJECT, "bound");
	struct unified_io_setup other_setup = REGION_SETUP;
	int other = region_open(&other_setup);
	struct ops {
		void *hooks[6];
		uint64_t region;
	} *ops;
	size_t size;

	ops = bpf_map__initial_value(p.map, &size);
	ops->region = setup.id;
	ok(!policy_attach(&p), "a policy that names its region registers");
	expect("a", "and is attached there");
	policy_close(&p);

	p = policy_open(OBJECT, "bound");
	ops = bpf_map__initial_value(p.map, &size);
	ops->region = other_setup.id;
	ok(!policy_attach(&p), "one that names another");
	expect("", "is not asked here");
	close(other);
	usleep(200000);
	ok(info_of("bound").nr_regions == 0, "and when that is closed it is attached nowhere");
	policy_close(&p);

	p = policy_open(OBJECT, "bound");
	ops = bpf_map__initial_value(p.map, &size);
	ops->region = 4000;
	ok(policy_attach(&p) == -ENOENT, "one that names a region that is not there: no entry");
	policy_close(&p);

	p = policy_open(OBJECT, "bound");
	ops = bpf_map__initial_value(p.map, &size);
	ops->region = 1ULL << 32 | setup.id;
	ok(policy_attach(&p) == -ENOENT, "nor is there one whose id has 33 bits");
	policy_close(&p);
}

static void replaced(void)
{
	struct policy a = registered("a"), next = policy_open(OBJECT, "a_next"),
		      moved = policy_open(OBJECT, "a_moved"), b = policy_open(OBJECT, "b"),
		      placed = policy_open(OBJECT, "a_placed");
	struct diary *diary;

	attach_to(0, "a");
	expect("a", "one version is asked");
	bpf_object__load(next.obj);
	bpf_object__load(moved.obj);
	bpf_object__load(b.obj);
	bpf_object__load(placed.obj);
	fails_with(bpf_link__update_map(a.link, moved.map) ? -1 : 0, EINVAL,
		   "a version of another priority");
	fails_with(bpf_link__update_map(a.link, b.map) ? -1 : 0, EINVAL, "one of another name");
	fails_with(bpf_link__update_map(a.link, placed.map) ? -1 : 0, EINVAL,
		   "one that names a region");
	expect("a", "none of these took its place");
	ok(!bpf_link__update_map(a.link, next.map), "another version takes its place");
	expect("c", "and is asked in its stead");
	fails_with(bpf_link__update_map(a.link, next.map) ? -1 : 0, EBUSY, "the same once more");
	expect("c", "which stays in its place");
	diary = policy_section(&a, ".bss");
	ok(*(int *)policy_section(&a, ".data") == 1 && strstr(diary->exit_reason, "version"),
	   "the old one learns that it was replaced");
	ok(diary->exits == 1 && diary->exit_copy == -ERANGE,
	   "once, in a hook that has no data, not even none of it");
	bpf_link__destroy(a.link);
	a.link = NULL;
	expect("", "the link takes the new one away");
	policy_close(&a);
	policy_close(&next);
	policy_close(&moved);
	policy_close(&placed);
	policy_close(&b);
}

static void refusing(void)
{
	struct policy p = registered("refuse");

	attach_to(0, "refuse");
	ok(submit(0, 16) == -EDOM, "what a policy answers is the operation's result");
	policy_close(&p);
	ok(submit(0, 16) == 0, "without it the operation is done");
}

static void writing(void)
{
	struct policy p = registered("writer");

	attach_to(0, "writer");
	memset(data, 0, 32);
	ok(submit(0, 16) == 0, "a policy reaches all of its data and nothing else");
	ok(data[0] == 'w' && data[3] == 'w', "and changes it in place");
	ok(submit(0, 2) == -EDOM, "a shorter piece than it asks for is not there");
	policy_close(&p);
}

static void ejected(int verdict, const char *what)
{
	struct policy p = policy_open(OBJECT, "wrong"), a = registered("a");
	struct diary *diary;
	int i;

	*(int *)policy_section(&p, ".rodata") = verdict;
	ok(!policy_attach(&p) && !attach_to(0, "wrong") && !attach_to(0, "a"), "%s", what);
	for (i = 0; i < 50; i++)
		asked();
	for (i = 0; i < 50 && !info_of("wrong").ejected; i++)
		usleep(20000);
	diary = policy_section(&p, ".bss");
	ok(info_of("wrong").ejected && info_of("wrong").nr_regions == 0, "it is ejected");
	ok(diary->calls >= 8 && diary->calls < 20, "soon (%d)", diary->calls);
	ok(strstr(info_of("wrong").reason, "process returned") != NULL, "with the reason: %s",
	   info_of("wrong").reason);
	/* It runs when no other hook does. */
	for (i = 0; i < 50 && !diary->exit_error; i++)
		usleep(20000);
	ok(*(int *)policy_section(&p, ".data") == 2 && diary->exit_error == -EINVAL &&
		   strstr(diary->exit_reason, "process returned"),
	   "which its exit hook learns");
	expect("a", "the rest of the chain goes on");
	fails_with(attach_to(0, "wrong"), ESTALE, "it cannot be attached again");
	bpf_link__destroy(p.link);
	p.link = NULL;
	ok(info_of("wrong").id == 0, "and is gone with its link");
	ok(diary->exits == 1, "its exit hook ran once (%d)", diary->exits);
	policy_close(&p);
	policy_close(&a);
}

/* How many wrong verdicts it takes, and whose they are. */
static void budget(void)
{
	struct policy p = policy_open(OBJECT, "wrong"), next = policy_open(OBJECT, "wrong"),
		      late = policy_open(OBJECT, "wrong");
	int i;

	bpf_object__load(next.obj);
	bpf_object__load(late.obj);
	ok(!policy_attach(&p) && !attach_to(0, "wrong"), "a policy that errs");
	for (i = 0; i < 7; i++)
		asked();
	ok(info_of("wrong").errors == 7 && !info_of("wrong").ejected, "7 times");
	ok(!bpf_link__update_map(p.link, next.map) && !info_of("wrong").errors,
	   "another version begins anew");
	for (i = 0; i < 7; i++)
		asked();
	usleep(100000);
	ok(info_of("wrong").errors == 7 && !info_of("wrong").ejected, "and may err as often");
	asked();
	for (i = 0; i < 50 && !info_of("wrong").ejected; i++)
		usleep(20000);
	ok(info_of("wrong").ejected, "the eighth time is one too many");
	fails_with(bpf_link__update_map(p.link, late.map) ? -1 : 0, ESTALE,
		   "no other version comes after that");
	policy_close(&p);
	policy_close(&next);
	policy_close(&late);
}

/* Process hooks work on data; submit hooks see a write, whose target is not there. */
static void *submitter(void *stop)
{
	struct unified_io_submit s = {
		.desc = { .type = UNIFIED_REGION_F_NVME, .flags = UNIFIED_DESC_F_WRITE, .len = 16 },
	};

	while (!*(volatile bool *)stop) {
		submit(64, 16);
		ioctl(fd, UNIFIED_IO_SUBMIT, &s);
	}
	return NULL;
}

/* Two threads ask; the policy comes, is replaced and goes meanwhile. */
static void while_it_runs(void)
{
	bool stop = false;
	pthread_t threads[2];
	int i, late = 0, calls;

	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, submitter, &stop);
	for (i = 0; i < 5; i++) {
		struct policy p = policy_open(OBJECT, "slow");
		struct diary *diary;

		if (policy_attach(&p) || attach_to(0, "slow"))
			break;
		usleep(20000);
		bpf_link__destroy(p.link);
		p.link = NULL;
		diary = policy_section(&p, ".bss");
		calls = diary->calls;
		usleep(100000);
		late += diary->calls - calls;
		policy_close(&p);
	}
	stop = true;
	for (int t = 0; t < 2; t++)
		pthread_join(threads[t], NULL);
	ok(i == 5, "detached five times while it is called on both CPUs");
	ok(late == 0, "no hook runs after that (%d)", late);
}

static void wrong_calls(void)
{
	struct unified_io_submit s = { .desc = { .type = UNIFIED_REGION_F_BPF, .len = 16 } };
	struct unified_io_bpf bpf = { .name = "nobody" };
	uint64_t size = setup.region_size - setup.offsets.data;
	int none = open(UNIFIED_IO_DEVICE, O_RDWR);

	fails_with(ioctl(none, UNIFIED_IO_SUBMIT, &s), ENXIO, "a submission without a region");
	fails_with(ioctl(none, UNIFIED_IO_ATTACH_BPF, &bpf), ENXIO, "a policy for none");
	fails_with(ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), ENOENT, "a policy that is not there");
	bpf.region = 4000;
	fails_with(ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), ENOENT, "a region that is not there");
	bpf.region = 0;
	bpf.flags = 2;
	fails_with(ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), EINVAL, "an unknown flag");
	bpf.flags = UNIFIED_IO_BPF_ENFORCE;
	fails_with(ioctl(fd, UNIFIED_IO_DETACH_BPF, &bpf), EINVAL, "a flag that is ATTACH's");
	bpf.flags = 0;
	bpf.resv[4] = 1;
	fails_with(ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), EINVAL, "a reserved member");
	bpf.resv[4] = 0;
	memset(bpf.name, 'x', sizeof(bpf.name));
	fails_with(ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), EINVAL, "a name that does not end");

	ok(submit(0, size) == 0 && submit(size, 0) == 0,
	   "all of the data area, and nothing at its end");
	ok(submit(0, size + 1) == -ERANGE, "a byte too much: out of range");
	ok(submit(size + 1, 0) == -ERANGE, "nothing, a byte after the end");
	ok(submit(-1, 2) == -ERANGE && submit(-16, 32) == -ERANGE, "sums that overflow");
	s.desc.type = 0;
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EINVAL, "no type");
	s.desc.type = UNIFIED_REGION_F_BPF | UNIFIED_REGION_F_NVME;
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EINVAL, "two types without a direction");
	s.desc.type = UNIFIED_REGION_F_NETWORK;
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EOPNOTSUPP, "a type that this module lacks");
	s.desc.type = UNIFIED_REGION_F_BPF;
	s.desc.flags = 1;
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EINVAL, "an unknown flag");
	s.desc.flags = 0;
	s.desc.resv[2] = 1;
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &s), EINVAL, "a reserved member");
	close(none);
}

int main(void)
{
	libbpf_set_print(NULL);
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	data = region_map(fd, setup.offsets.data, 4096, PROT_READ | PROT_WRITE);
	order();
	equal();
	many();
	bound();
	replaced();
	refusing();
	writing();
	ejected(77, "a verdict that does not exist");
	ejected(-5000, "an errno that does not exist");
	ejected(4 /* UNIFIED_RETRY */, "a verdict that process does not take");
	budget();
	while_it_runs();
	wrong_calls();
	munmap(data, 4096);
	close(fd);
	return done();
}
