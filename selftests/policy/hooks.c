// SPDX-License-Identifier: GPL-2.0
/*
 * The submit and complete hooks: what they may answer and change, on each door;
 * what they must not; and operations that BPF submits, in any context.
 *
 * VM: --nvme 64M --nvme 64M,lba=4096 --trace pci_nvme_io_cmd,pci_nvme_m*_s*
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <pthread.h>
#include <sys/socket.h>

#include "io.h"
#include "policy.h"

#define OBJECT PROGS "hooks.bpf.o"

/* What the programs have in .bss and .rodata. */
struct seen {
	int submits, completes, last_res, last_tries;
	uint64_t last_user_data, last_result;
	struct unified_descriptor packet;
	uint32_t packet_region;
	int inside, go_on;
};

struct settings {
	int32_t verdict;
	uint64_t set_lba;
	uint32_t set_targets;
	uint16_t set_flags;
};

static struct unified_io_setup setup = REGION_SETUP;
static unsigned char *data, disk[65536];
static const char *path;
static int fd;

static struct policy attached(const char *map, const char *name, struct settings s)
{
	struct policy p = policy_open(OBJECT, map);
	struct unified_io_bpf bpf = {};
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, p.obj)
		bpf_program__set_autoload(prog, !strncmp(bpf_program__name(prog), "any_", 4));
	memcpy(policy_section(&p, ".rodata"), &s, sizeof(s));
	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	if (policy_attach(&p) || ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf)) {
		ok(false, "%s is attached: %s", name, strerror(errno));
		exit(done());
	}
	return p;
}

static struct unified_descriptor rw(unsigned int flags, uint64_t lba)
{
	return (struct unified_descriptor){ .type = UNIFIED_REGION_F_NVME,
					    .flags = flags,
					    .lba = lba,
					    .len = 4096,
					    .user_data = 77 };
}

static int answer(const struct door *door, const char *map, const char *name, struct settings s,
		  struct unified_descriptor d, struct unified_completion *done, struct seen *seen)
{
	struct policy p = attached(map, name, s);
	int ret = door->run(fd, &d, done);

	memcpy(seen, policy_section(&p, ".bss"), sizeof(*seen));
	policy_close(&p);
	return ret;
}

static void submit_decides(const struct door *door)
{
	struct unified_completion done;
	struct settings s = {};
	struct seen seen;
	int ret;

	fill(data, 4096, 1);
#define ASK(...)                                                                                   \
	((s = (struct settings){ __VA_ARGS__ }),                                                   \
	 answer(door, "submits_only", "submits", s, rw(UNIFIED_DESC_F_WRITE, 8), &done, &seen))
	ok(!ASK(.verdict = CONTINUE) && seen.submits == 1, "%s: submit is asked once", door->name);
	ok(!ASK(.verdict = ISSUE, .set_lba = 64), "it moves a write");
	ok(!device_read(path, disk, 4096, 64 * 512) && !memcmp(disk, data, 4096), "to there");
	ok(ASK(.verdict = DROP) == -ECANCELED, "drop: canceled");
	ok(ASK(.verdict = -ENOSPC) == -ENOSPC, "its errno is the answer");
	ok(ASK(.verdict = -EAGAIN) == -EAGAIN, "any errno");
	ok(!ASK(.verdict = -529), "what is an errno to the kernel alone is none");
	ok(!ASK(.verdict = RETRY), "nor is a verdict of another hook");
	ok(ASK(.set_lba = 1ULL << 40) == -ERANGE, "no policy gets past the end");
	ok(ASK(.set_targets = 1U << 31) == -ENODEV, "or to a target that is not there");
	ok(ASK(.set_flags = UNIFIED_DESC_F_READ) == -EINVAL, "or changes what is done");
	ok(!ASK(.set_flags = UNIFIED_DESC_F_FUA), "but for FUA");
	ret = ASK(.set_targets = 3);
	ok(!ret, "two targets (%d)", ret);
	memset(disk, 0, 4096);
	ok(!device_read(drive(1), disk, 4096, 8 * 4096) && !memcmp(disk, data, 4096),
	   "the second has it, too");
#undef ASK
}

static void complete_decides(const struct door *door)
{
	struct unified_io_ledger before;
	struct unified_completion done;
	struct settings s = {};
	struct seen seen;
	int ret;

#define ASK(...)                                                                                   \
	((s = (struct settings){ __VA_ARGS__ }),                                                   \
	 answer(door, "completes_only", "completes", s, rw(UNIFIED_DESC_F_WRITE, 8), &done,        \
		&seen))
	ok(!ASK(.verdict = CONTINUE) && seen.completes == 1 && !seen.last_res &&
		   seen.last_tries == 1 && seen.last_user_data == 77,
	   "%s: complete is asked once", door->name);
	ok(!ASK(.verdict = TO_USER) && done.len == 4096, "to the user");
	ret = ASK(.verdict = RETRY);
	ok(!ret && seen.completes == 8 && seen.last_tries == 8, "a retry ends after 8 tries (%d)",
	   seen.completes);
	ok(ASK(.verdict = -EIO) == -EIO && !done.len, "its errno is the answer");
	ok(!ASK(.verdict = ISSUE), "a verdict of another hook is none");
	ok(!ASK(.verdict = DROP), "who submitted it is told also if it is dropped");
	before = region_info(fd).ledger;
	ok(!ASK(.verdict = RETRY, .set_flags = UNIFIED_DESC_F_READ) &&
		   region_info(fd).ledger.writes == before.writes + 1 &&
		   region_info(fd).ledger.reads == before.reads,
	   "it does not change what is done");
#undef ASK
}

/* A policy that wants to see errors only is asked about nothing else. */
static void complete_sees_errors(const struct door *door)
{
	struct unified_descriptor write = rw(UNIFIED_DESC_F_WRITE, 8), compare = rw(0, 8);
	struct settings s = { .verdict = -EIO };
	struct unified_completion done;
	struct seen seen;
	int ret;

	compare.opcode = UNIFIED_OP_COMPARE;
	fill(data, 4096, 56);
	ok(!answer(door, "failures_only", "failures", s, write, &done, &seen) && !seen.completes &&
		   done.len == 4096,
	   "%s: complete is not asked about what went well", door->name);
	data[100] ^= 1;
	ret = answer(door, "failures_only", "failures", s, compare, &done, &seen);
	ok(ret == -EIO && seen.completes == 1 && seen.last_res < 0 && seen.last_res != -EIO,
	   "it is about what did not (%d, %d)", ret, seen.last_res);
	s.verdict = RETRY;
	ret = answer(door, "failures_only", "failures", s, compare, &done, &seen);
	ok(ret == seen.last_res && seen.completes == 8 && seen.last_tries == 8,
	   "and may try it again");
}

/* Data to be written is worked on before it is, data that is read afterwards. */
static void process_works(const struct door *door)
{
	struct settings s = { .set_flags = UNIFIED_DESC_F_READ | UNIFIED_DESC_F_WRITE };
	struct unified_io_ledger before = region_info(fd).ledger, after;
	struct unified_descriptor d = rw(UNIFIED_DESC_F_WRITE, 8);
	struct unified_completion done;
	static unsigned char expected[4096];
	struct seen seen;
	int ret;

	d.type |= UNIFIED_REGION_F_BPF;
	fill(data, 4096, 55);
	memcpy(expected, data, 4096);
	ret = answer(door, "processes_only", "processes", s, d, &done, &seen);
	ok(!ret && !device_read(path, disk, 4096, 8 * 512) && !memcmp(disk, expected, 4096),
	   "%s: process makes no read of a write (%d)", door->name, ret);
	d.flags = UNIFIED_DESC_F_READ;
	ret = answer(door, "processes_only", "processes", s, d, &done, &seen);
	after = region_info(fd).ledger;
	ok(!ret && after.reads == before.reads + 1 && after.writes == before.writes + 1,
	   "nor a write of a read (%d)", ret);
}

static void *registers(void *arg)
{
	struct policy *p = arg;

	p->link = bpf_map__attach_struct_ops(p->map);
	return NULL;
}

/* Its errors used up, a policy is asked no more, even while it cannot be ejected yet. */
static void errs(const char *map, const char *name)
{
	struct policy p = attached(map, name, (struct settings){ .verdict = 77 });
	struct policy patient = policy_open(OBJECT, "patient");
	struct unified_descriptor d = rw(UNIFIED_DESC_F_WRITE, 8);
	struct seen *seen = policy_section(&p, ".bss");
	volatile struct seen *held;
	struct unified_completion done;
	pthread_t thread;
	int i, good = 0;

	bpf_object__load(patient.obj);
	held = policy_section(&patient, ".bss");
	pthread_create(&thread, NULL, registers, &patient);
	for (i = 0; i < 1000 && !held->inside; i++)
		usleep(1000);
	for (i = 0; i < 20; i++)
		good += !doors[0].run(fd, &d, &done);
	i = seen->submits + seen->completes;
	ok(held->inside && good == 20 && i == 8, "%s errs 8 times and is asked no more (%d)", name,
	   i);
	held->go_on = 1;
	pthread_join(thread, NULL);
	policy_close(&patient);
	policy_close(&p);
}

struct args {
	uint32_t region;
	int32_t ret;
	struct unified_descriptor request;
};

/* The record says what it did, not what it answered. */
static void ejected_for_flags(void)
{
	struct policy p = attached("submits_only", "submits",
				   (struct settings){ .set_flags = UNIFIED_DESC_F_READ });
	struct unified_descriptor d = rw(UNIFIED_DESC_F_WRITE, 8);
	struct unified_io_policy_info info = {};
	struct unified_completion done;
	int i;

	for (i = 0; i < 100 && !info.ejected; i++) {
		ioctl_run(fd, &d, &done);
		info.id = 0;
		if (ioctl(fd, UNIFIED_IO_GET_POLICY, &info))
			break;
		usleep(20000);
	}
	ok(info.ejected && strstr(info.reason, "submit made flags 0x3 of 0x2"),
	   "who changes flags is ejected: %s", info.reason);
	policy_close(&p);
}

static struct unified_io_policy_info policy_named(const char *name)
{
	struct unified_io_policy_info info = {};

	while (!ioctl(fd, UNIFIED_IO_GET_POLICY, &info) && strcmp(info.name, name))
		info.id++;
	return info;
}

/* Who finds a mistake in a policy that is enforced does not get past it by that. */
static void ejected_though_enforced(const struct door *door, const char *map, const char *name,
				    struct unified_descriptor d)
{
	struct settings s = { .verdict = 77 };
	struct policy p = policy_open(OBJECT, map);
	struct unified_io_bpf bpf = { .flags = UNIFIED_IO_BPF_ENFORCE };
	struct unified_io_policy_info info = {};
	struct unified_completion done;
	bool refused = true;
	int i, ret = 0;

	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	memcpy(policy_section(&p, ".rodata"), &s, sizeof(s));
	ok(!policy_attach(&p) && !ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), "%s: %s is enforced",
	   door->name, name);
	for (i = 0; i < 7; i++)
		ret |= door->run(fd, &d, &done);
	ok(!ret, "its mistakes are let pass, seven times");
	door->run(fd, &d, &done);
	for (i = 0; i < 100 && !info.ejected; i++) {
		refused &= door->run(fd, &d, &done) == -EPERM;
		info = policy_named(name);
		usleep(20000);
	}
	ok(info.ejected && info.nr_regions == 1 && info.enforced, "then it is ejected");
	ok(refused && door->run(fd, &d, &done) == -EPERM, "and nothing passes");
	bpf.flags = 0;
	ok(!ioctl(fd, UNIFIED_IO_DETACH_BPF, &bpf) && !door->run(fd, &d, &done),
	   "until it is detached");
	policy_close(&p);
	ok(!policy_named(name).id || strcmp(policy_named(name).name, name), "it goes");
}

static void mistakes_of_enforced(const struct door *door)
{
	struct unified_io_bpf bpf = { .name = "user", .flags = UNIFIED_IO_BPF_ENFORCE };
	struct unified_descriptor d = rw(UNIFIED_DESC_F_WRITE, 8);
	struct policy p = policy_open(OBJECT, "user_only");

	ejected_though_enforced(door, "submits_only", "submits", d);
	/* Nor does one that is enforced, too, and asked after it. */
	ok(!policy_attach(&p) && !ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), "another is enforced");
	ejected_though_enforced(door, "completes_only", "completes", d);
	policy_close(&p);
	d.type |= UNIFIED_REGION_F_BPF;
	ejected_though_enforced(door, "processes_only", "processes", d);
}

/* Where it sent the operation is refused, and held against it. */
static void ejected_for_place(const struct door *door, struct settings s,
			      struct unified_descriptor d, const char *map, const char *name,
			      const char *reason)
{
	struct policy p = attached(map, name, s);
	struct unified_io_policy_info info = {};
	struct unified_completion done;
	int i, refused = 0;

	for (i = 0; i < 100 && !info.ejected; i++) {
		refused += door->run(fd, &d, &done) < 0;
		info.id = 0;
		if (ioctl(fd, UNIFIED_IO_GET_POLICY, &info))
			break;
		usleep(20000);
	}
	ok(info.ejected && strstr(info.reason, reason) && refused >= 8,
	   "%s: who sends it nowhere is ejected: %s", door->name, info.reason);
	policy_close(&p);
}

static void ejected_for_places(const struct door *door)
{
	struct unified_descriptor d = rw(UNIFIED_DESC_F_WRITE, 8), both = d;

	both.type |= UNIFIED_REGION_F_BPF;
	ejected_for_place(door, (struct settings){ .set_lba = 1ULL << 40 }, d, "submits_only",
			  "submits", "submit chose lba 1099511627776, targets 0x0: -34");
	ejected_for_place(door, (struct settings){ .set_lba = ~0ULL }, d, "submits_only", "submits",
			  "submit chose lba 18446744073709551615, targets 0x0: -34");
	ejected_for_place(door, (struct settings){ .set_targets = 1 << 7 }, d, "submits_only",
			  "submits", "submit chose lba 8, targets 0x80: -19");
	ejected_for_place(door, (struct settings){ .verdict = RETRY, .set_lba = 1ULL << 40 }, d,
			  "completes_only", "completes", "complete chose lba 1099511627776");
	ejected_for_place(door, (struct settings){ .set_lba = 1ULL << 40 }, both, "processes_only",
			  "processes", "process chose lba 1099511627776");
}

/* A request that could go nowhere is not held against who sends it elsewhere. */
static void bad_requests(const struct door *door)
{
	struct policy p = attached("submits_only", "submits", (struct settings){ .set_lba = 16 });
	struct unified_descriptor part = rw(UNIFIED_DESC_F_WRITE, 8), past = part;
	struct unified_completion done;
	int i, refused = 0;

	part.len = 100;
	past.lba = 1ULL << 40;
	past.targets = 1 << 9;
	for (i = 0; i < 10; i++)
		refused += door->run(fd, &part, &done) == -EINVAL &&
			   door->run(fd, &past, &done) == -ENODEV;
	ok(refused == 10 && !policy_named("submits").errors,
	   "%s: what was bad before is not the policy's mistake", door->name);
	policy_close(&p);
}

/* What one region lacks costs no other its policy. */
static void shared(const struct door *door)
{
	struct settings nowhere = { .set_targets = 1 << 7 };
	struct policy p = attached("submits_only", "submits", nowhere);
	struct unified_io_setup other_setup = REGION_SETUP;
	int other = region_open(&other_setup), i, refused = 0;
	struct unified_descriptor d = rw(UNIFIED_DESC_F_WRITE, 8);
	struct unified_io_bpf bpf = { .name = "submits" };
	struct unified_completion done;

	ok(other >= 0 && !ioctl(other, UNIFIED_IO_ATTACH_BPF, &bpf), "%s: two regions", door->name);
	for (i = 0; i < 20; i++)
		refused += door->run(fd, &d, &done) == -ENODEV;
	usleep(100000);
	ok(refused == 20 && !policy_named("submits").ejected, "20 times to no target of one");
	close(other);
	policy_close(&p);
}

/* Who is enforced at submit has the last word also about what is changed later. */
static void enforced_is_asked(const struct door *door)
{
	struct unified_io_bpf bpf = { .name = "guards" };
	struct unified_descriptor write = rw(UNIFIED_DESC_F_WRITE, 8), both = write;
	struct policy guard = policy_open(OBJECT, "guards_only"), process, complete;
	struct settings away = { .verdict = RETRY, .set_lba = 64 };
	struct unified_completion done;
	struct seen seen;
	int ret;

	ok(!policy_attach(&guard) && !ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), "a guard");
	bpf.flags = UNIFIED_IO_BPF_ENFORCE;
	ok(!ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf) && policy_named("guards").enforced,
	   "becomes one that is enforced");
	fails_with(ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), EEXIST, "once");

	fill(data, 4096, 91);
	ret = answer(door, "completes_only", "completes", away, write, &done, &seen);
	ok(ret == -EACCES && seen.completes == 1, "%s: complete cannot retry elsewhere (%d)",
	   door->name, ret);
	away.set_lba = 8;
	ret = answer(door, "completes_only", "completes", away, write, &done, &seen);
	ok(!ret && seen.completes == 8, "but where it was");
	away.set_lba = 64;
	away.verdict = 0;
	both.type |= UNIFIED_REGION_F_BPF;
	ret = answer(door, "processes_only", "processes", away, both, &done, &seen);
	ok(ret == -EACCES, "process cannot send it elsewhere (%d)", ret);
	ok(!device_read(path, disk, 4096, 64 * 512) && memcmp(disk, data, 4096),
	   "nothing was written there");

	/* What was read is there: a place it is given afterwards is none. */
	fill(data, 4096, 92);
	ok(!door->run(fd, &write, &done), "a write that may be");
	process = attached("processes_only", "processes", away);
	complete = attached("completes_only", "completes", (struct settings){ .verdict = RETRY });
	both.flags = UNIFIED_DESC_F_READ;
	memset(data, 0, 4096);
	ok(!door->run(fd, &both, &done) && done.tries != 1 &&
		   !device_read(path, disk, 4096, 8 * 512) && !memcmp(disk, data, 4096),
	   "nor does it read from elsewhere");
	policy_close(&process);
	away.verdict = -EIO;
	process = attached("processes_only", "processes", away);
	memset(data, 0, 4096);
	ok(door->run(fd, &both, &done) == -EIO && !memcmp(disk, data, 4096),
	   "nor by an error first");
	policy_close(&complete);
	policy_close(&process);
	policy_close(&guard);
}

/* So many at a region, and no more, but for what an administrator enforces. */
static void many(void)
{
	static struct policy p[UNIFIED_IO_MAX_POLICIES + 1];
	struct unified_io_bpf bpf = {};
	struct bpf_program *prog;
	unsigned int i, n = 0;
	size_t size;
	char *name;

	for (i = 0; i < UNIFIED_IO_MAX_POLICIES + 1; i++) {
		p[i] = policy_open(OBJECT, "user_only");
		bpf_object__for_each_program(prog, p[i].obj)
			bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog),
								"user_complete"));
		name = bpf_map__initial_value(p[i].map, &size);
		name = memmem(name, size, "user", 5);
		snprintf(name, 8, "user%u", i);
		snprintf(bpf.name, sizeof(bpf.name), "user%u", i);
		if (policy_attach(&p[i]) || ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf))
			break;
		n++;
	}
	ok(n == UNIFIED_IO_MAX_POLICIES && errno == ENOSPC, "%u policies at one region (%u)",
	   UNIFIED_IO_MAX_POLICIES, n);
	bpf.flags = UNIFIED_IO_BPF_ENFORCE;
	ok(!ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), "and one that is enforced");
	for (i = 0; i < UNIFIED_IO_MAX_POLICIES + 1; i++)
		policy_close(&p[i]);
}

static int by_bpf(struct policy *p, const char *prog, struct unified_descriptor d)
{
	struct bpf_program *program = bpf_object__find_program_by_name(p->obj, prog);
	struct args args = { .region = setup.id, .request = d };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(bpf_program__fd(program), &opts))
		return -errno;
	return args.ret;
}

static int take(struct unified_completion *done, unsigned int min)
{
	struct unified_io_complete complete = { .min = min, .timeout_ns = 5000000000ULL };

	if (ioctl(fd, UNIFIED_IO_COMPLETE, &complete))
		return -errno;
	*done = complete.completions[0];
	return complete.count;
}

static void bpf_hands_in(void)
{
	struct policy p = policy_open(OBJECT, "completes_only");
	struct unified_io_bpf bpf = { .name = "completes" };
	struct unified_completion done = {};
	struct seen *seen;
	struct unified_descriptor d;
	int i, n, busy;

	((struct settings *)policy_section(&p, ".rodata"))->verdict = DROP;
	if (!ok(!policy_attach(&p), "programs that submit operations"))
		return;
	fill(data, 4096, 99);
	ok(!by_bpf(&p, "submit_one", rw(UNIFIED_DESC_F_WRITE, 256)), "one is submitted by BPF");
	n = take(&done, 1);
	ok(n == 1 && !done.res && done.user_data == 77, "and done (%d, %d)", n, done.res);
	ok(!device_read(path, disk, 4096, 256 * 512) && !memcmp(disk, data, 4096), "really");
	ok(by_bpf(&p, "submit_part", rw(0, 0)) == -EINVAL, "half a descriptor is refused");
	ok(!by_bpf(&p, "submit_one", rw(UNIFIED_DESC_F_WRITE, -1)), "a bad one is submitted");
	ok(take(&done, 1) == 1 && done.res == -ERANGE, "and answered");

	ok(!ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf), "with a policy that drops completions");
	by_bpf(&p, "submit_one", rw(UNIFIED_DESC_F_WRITE, 256));
	ok(take(&done, 1) == 0, "nobody is told");
	seen = policy_section(&p, ".bss");
	ok(seen->completes == 1 && region_info(fd).ledger.dropped == 1, "but the policy");
	ioctl(fd, UNIFIED_IO_DETACH_BPF, &bpf);

	for (i = busy = 0; i < 200 && !busy; i++) {
		d = rw(UNIFIED_DESC_F_READ, 0);
		d.addr = i * 4096;
		busy = by_bpf(&p, "submit_one", d);
	}
	ok(busy == -EBUSY && i == 129, "as many as the ring has places (%d)", i);
	for (i = n = 0; i < 128 && n >= 0; i += n)
		n = take(&done, 1);
	ok(i == 128, "all of them come back");
	ok(take(&done, 1) == 0, "and no more: there is nothing to wait for");
	policy_close(&p);
}

static void softirq_hands_in(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct policy p = policy_open(OBJECT, "completes_only");
	struct bpf_program *prog = bpf_object__find_program_by_name(p.obj, "submit_packet");
	struct unified_completion done = {};
	struct bpf_link *link;
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct seen *seen;

	policy_attach(&p);
	seen = policy_section(&p, ".bss");
	seen->packet = rw(UNIFIED_DESC_F_WRITE, 512);
	seen->packet_region = setup.id;
	link = bpf_program__attach_tcx(prog, if_nametoindex("lo"), NULL);
	system("ip link set lo up");
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fill(data, 4096, 123);
	sendto(s, "x", 1, 0, (void *)&to, sizeof(to));
	ok(take(&done, 1) == 1 && !done.res, "a packet hands one in");
	ok(!device_read(path, disk, 4096, 512 * 512) && !memcmp(disk, data, 4096),
	   "and it is done");
	bpf_link__destroy(link);
	policy_close(&p);
	close(s);
}

int main(void)
{
	struct unified_io_target t = {};
	unsigned int i;

	libbpf_set_print(NULL);
	fd = region_open(&setup);
	if (!ok(fd >= 0, "a region"))
		return done();
	data = region_map(fd, setup.offsets.data, MIB, PROT_READ | PROT_WRITE);
	ok(!add_target(fd, drive(1), O_RDWR, &t), "a second target");
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
	ok(!add_target(fd, drive(0), O_RDWR, &t) && !add_target(fd, drive(1), O_RDWR, &t),
	   "two targets");
	path = strdup(drive(0));
	for (i = 0; i < sizeof(doors) / sizeof(*doors); i++) {
		submit_decides(&doors[i]);
		complete_decides(&doors[i]);
		complete_sees_errors(&doors[i]);
		process_works(&doors[i]);
	}
	ejected_for_flags();
	for (i = 0; i < sizeof(doors) / sizeof(*doors); i++)
		ejected_for_places(&doors[i]);
	for (i = 0; i < sizeof(doors) / sizeof(*doors); i++)
		mistakes_of_enforced(&doors[i]);
	for (i = 0; i < sizeof(doors) / sizeof(*doors); i++) {
		bad_requests(&doors[i]);
		shared(&doors[i]);
		enforced_is_asked(&doors[i]);
	}
	many();
	errs("submits_only", "submits");
	errs("completes_only", "completes");
	bpf_hands_in();
	softirq_hands_in();
	return done();
}
