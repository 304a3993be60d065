// SPDX-License-Identifier: GPL-2.0
/*
 * A program that receives asks the rx hooks of a region's policies: in their
 * order, about data that is in the region, and what they say is what it gets.
 *
 * VM: --nvme 64M --nvme 64M --nvme 64M
 */
#include "io.h"
#include "policy.h"

#include "progs/rx.h"

#define MAGIC 0x55aa1234

/* of unified_kfuncs.h */
#define MORE	    (1 << 16)
#define STREAM_LAST 1
#define ANY_LBA	    UINT64_MAX

/* flags of struct unified_rx */
#define RX_FUA		1
#define RX_PER_FRAGMENT 2

struct bss {
	struct rx_question question;
	struct rx_answer answers[3];
	uint32_t order;
};

static struct bpf_object *obj;
static struct bss *bss;
static int region, program;
static uint64_t data_size, before;
static bool last;

static struct bpf_link *attach(const char *name, uint32_t id, uint32_t flags)
{
	struct unified_io_bpf bpf = { .flags = flags };
	struct bpf_link *link;

	link = bpf_map__attach_struct_ops(bpf_object__find_map_by_name(obj, name));
	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	if (link && id && ioctl(region, UNIFIED_IO_ATTACH_BPF, &bpf))
		diag("%s: %s", name, strerror(errno));
	return link;
}

static int ask(uint64_t addr, uint32_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct rx_question *q = &bss->question;

	q->rx = (struct rx_rx){
		.addr = addr,
		.len = len,
		.id = 77,
		.bytes = before,
		.remote_port = 4242,
		.stream_flags = last ? STREAM_LAST : 0,
	};
	q->verdict = 12345;
	bpf_prog_test_run_opts(program, &opts);
	return q->verdict;
}

static void answers_to(const char *what, int verdict, int expected, uint32_t targets,
		       uint32_t flags)
{
	const struct rx_rx *rx = &bss->question.rx;

	if (!ok(verdict == expected && rx->targets == targets && rx->flags == flags, "%s", what))
		diag("it answered %d, targets %#x, flags %#x", verdict, rx->targets, rx->flags);
}

static void nobody(void)
{
	answers_to("without a policy: store it", ask(0, 4096), ISSUE, 0, 0);
	ok(ask(data_size - 1, 1) == ISSUE, "the last byte is in the region");
	ok(ask(data_size, 1) == -ERANGE, "the one behind it is not");
	ok(ask(data_size - 1, 2) == -ERANGE, "nor what begins in it and ends behind it");
	ok(ask(data_size + 1, 0) == -ERANGE, "nor nothing, behind it");
	ok(ask(UINT64_MAX, 2) == -ERANGE, "nor what wraps");
	bss->question.size -= 8;
	ok(ask(0, 1) == -EINVAL, "a question of another size");
	bss->question.size += 8;
}

static void one(struct rx_answer *a)
{
	a->verdict = CONTINUE;
	answers_to("CONTINUE of the only one: store it", ask(64, 100), ISSUE, 0, 0);
	ok(a->asked == 1 && a->magic == MAGIC && a->len == 100, "it saw the data");
	ok(a->id == 77 && a->port == 4242, "and the stream");
	ask(64, 0);
	ok(a->asked == 2 && a->len == 0 && a->magic == 0, "no data is no data");
	a->targets = 6;
	answers_to("it chooses targets", ask(64, 100), ISSUE, 6, 0);
	a->flags = UNIFIED_DESC_F_FUA;
	answers_to("and FUA", ask(64, 100), ISSUE, 6, RX_FUA);
	a->flags = UNIFIED_DESC_F_READ;
	answers_to("other flags mean nothing", ask(64, 100), ISSUE, 6, 0);
	a->flags = 0;
	a->verdict = DROP;
	ok(ask(64, 100) == DROP, "DROP");
	a->verdict = RETRY;
	ok(ask(64, 100) == RETRY, "RETRY");
	a->verdict = -EACCES;
	answers_to("an errno, and targets stay as they were", ask(64, 100), -EACCES, 0, 0);
	a->verdict = CONTINUE;
}

static struct unified_io_policy_info info_of(const char *name)
{
	struct unified_io_policy_info info = { .id = 1 };

	while (!ioctl(region, UNIFIED_IO_GET_POLICY, &info) && strcmp(info.name, name))
		info.id++;
	return info;
}

/* More of a stream is wanted than is there, or its place is chosen. */
static void beginning(struct rx_answer *a)
{
	const struct rx_rx *rx = &bss->question.rx;
	unsigned int errors;

	ask(64, 100);
	ok(rx->lba == ANY_LBA, "nobody chose a block");
	a->lba = 4711;
	ok(ask(64, 100) == ISSUE && rx->lba == 4711, "somebody did");
	a->lba = 0;
	a->verdict = MORE + 512;
	ok(ask(64, 100) == MORE + 512, "512 bytes are wanted");
	last = true;
	ok(ask(64, 100) == ISSUE, "but there are no more");
	last = false;
	errors = info_of("rx_first").errors;
	before = 1;
	ok(ask(64, 100) == ISSUE && info_of("rx_first").errors == ++errors,
	   "not when the stream has begun: an error");
	a->verdict = CONTINUE;
	a->lba = 4711;
	ok(ask(64, 100) == -EINVAL && info_of("rx_first").errors == ++errors,
	   "nor can its place be chosen then");
	a->lba = 0;
	before = 0;
	a->verdict = MORE + 100;
	ok(ask(64, 100) == ISSUE && info_of("rx_first").errors == ++errors,
	   "and not for as many as are there");
	a->verdict = MORE + 513;
	ok(ask(64, 100) == ISSUE && info_of("rx_first").errors == ++errors, "or for too many");
	a->verdict = CONTINUE;
}

static void two(struct rx_answer *a, struct rx_answer *b)
{
	a->targets = 2;
	b->targets = 0;
	b->verdict = CONTINUE;
	answers_to("of two, one is to be asked per fragment", ask(64, 100), ISSUE, 2,
		   RX_PER_FRAGMENT);
	ok(a->order + 1 == b->order && b->targets_seen == 2, "they are asked in their order");
	a->verdict = ISSUE;
	answers_to("ISSUE ends it", ask(64, 100), ISSUE, 2, 0);
	ok(b->order < a->order, "the next one is not asked");
	a->verdict = CONTINUE;
}

static void wrong(struct rx_answer *a)
{
	struct unified_io_policy_info info;
	int i;

	a->verdict = TO_USER;
	for (i = 0; i < 8; i++)
		if (ask(64, 100) != ISSUE)
			break;
	ok(i == 8, "a verdict that is none decides nothing");
	for (i = 0; i < 200 && !info_of("rx_first").ejected; i++)
		usleep(10000);
	info = info_of("rx_first");
	ok(info.ejected && strstr(info.reason, "rx returned 3"), "and ejects: %s", info.reason);
	i = a->asked;
	ask(64, 100);
	ok(a->asked == (unsigned int)i, "then it is asked no more");
}

static void elsewhere(struct rx_answer *a)
{
	struct unified_io_policy_info info;
	int i;

	a->targets = 1 << 5;
	for (i = 0; i < 8; i++)
		ask(64, 100);
	for (i = 0; i < 200 && !info_of("rx_second").ejected; i++)
		usleep(10000);
	info = info_of("rx_second");
	ok(info.ejected && strstr(info.reason, "rx chose targets 0x20"),
	   "who chooses a target that is not there is ejected: %s", info.reason);
}

/* Who finds a mistake in it does not get past it by that. */
static void enforced(struct rx_answer *a)
{
	struct bpf_link *link;
	int i;

	link = attach("rx_first", bss->question.region, UNIFIED_IO_BPF_ENFORCE);
	a->verdict = TO_USER;
	for (i = 0; i < 8; i++)
		if (ask(64, 100) != ISSUE)
			break;
	ok(link && i == 8, "one that is enforced, and its mistakes");
	ok(ask(64, 100) == -EPERM, "then nothing passes");
	for (i = 0; i < 200 && !info_of("rx_first").ejected; i++)
		usleep(10000);
	ok(i < 200 && ask(64, 100) == -EPERM, "nor when it is ejected");
	bpf_link__destroy(link);
	ok(ask(64, 100) == ISSUE, "until it is gone");
}

int main(void)
{
	struct unified_io_setup setup = REGION_SETUP;
	struct unified_io_target t = {};
	struct bpf_link *first, *second;
	char *map;
	int i;

	region = region_open(&setup);
	for (i = 0; i < 3; i++)
		add_target(region, drive(i), O_RDWR, &t);
	ok(t.index == 2, "three targets");
	data_size = setup.region_size - setup.offsets.data;
	map = region_map(region, 0, setup.region_size, PROT_READ | PROT_WRITE);
	*(uint32_t *)(map + setup.offsets.data + 64) = MAGIC;

	obj = bpf_object__open_file(PROGS "rx.bpf.o", NULL);
	if (!ok(obj && !bpf_object__load(obj), "the programs load"))
		return done();
	program = bpf_program__fd(bpf_object__find_program_by_name(obj, "ask"));
	bss = mmap(NULL, sizeof(*bss), PROT_READ | PROT_WRITE, MAP_SHARED,
		   bpf_map__fd(bpf_object__find_map_by_name(obj, ".bss")), 0);
	bss->question.region = setup.id;
	bss->question.size = sizeof(struct rx_rx);

	nobody();
	first = attach("rx_first", setup.id, 0);
	ok(first, "a policy with rx alone is one");
	one(&bss->answers[0]);
	beginning(&bss->answers[0]);
	second = attach("rx_second", setup.id, 0);
	two(&bss->answers[0], &bss->answers[1]);
	ok(!attach("rx_third", 0, 0) && errno == EINVAL, "one with an unknown flag is refused");
	wrong(&bss->answers[0]);
	elsewhere(&bss->answers[1]);
	bpf_link__destroy(first);
	bpf_link__destroy(second);
	answers_to("when they are gone: store it", ask(64, 100), ISSUE, 0, 0);
	enforced(&bss->answers[0]);
	close(region);
	bpf_object__close(obj);
	return done();
}
