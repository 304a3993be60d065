// SPDX-License-Identifier: GPL-2.0
/*
 * VM: --nodes 2 --mem 640M
 * Timeout: 120
 *
 * Where a region's memory comes from: it is charged to the memory cgroup of who
 * asks for it and nobody is killed to make room; it is on the node that is
 * wished for; and where memory is fragmented it is in smaller pieces.
 */
#include <liburing.h>
#include <linux/mempolicy.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include "io.h"
#include "policy.h"

#define CGROUPS	  "/sys/fs/cgroup"
#define CGROUP	  CGROUPS "/region-memory"
#define HUGE_PAGE (2 * MIB)
#define SMALL	  4096UL
#define RESERVE	  (96 * MIB) /* for all others, so that nobody is killed */

/* --- numbers in files ------------------------------------------------------ */

/* The number behind a word that a line begins with; "": the file is the number. */
static long number(const char *path, const char *word)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long n = -1;

	while (file && n < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, word, strlen(word)))
			n = strtol(line + strlen(word), NULL, 10);
	if (file)
		fclose(file);
	return n;
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

static struct unified_io_setup setup_of(uint64_t size)
{
	struct unified_io_setup setup = REGION_SETUP;

	setup.region_size = size;
	return setup;
}

static int open_of(uint64_t size)
{
	struct unified_io_setup setup = setup_of(size);

	return region_open(&setup);
}

static long killed(void)
{
	return number("/proc/vmstat", "oom_kill ");
}

/* More than there is, in what is asked for or in what it takes to manage it. */
static void too_large(uint64_t size, uint32_t slot_size, const char *what)
{
	struct unified_io_setup setup = setup_of(size);
	long before = killed();

	setup.slot_size = slot_size;
	fails_with(region_open(&setup), ENOMEM, what);
	ok(killed() == before, "and nobody is killed for it");
}

/* --- the memory cgroup ----------------------------------------------------- */

static long charged(void)
{
	return number(CGROUP "/memory.current", "");
}

/* A region is freed from a work item, and uncharged in batches. */
static bool falls_to(long limit)
{
	int i;

	for (i = 0; i < 1000 && charged() > limit; i++)
		usleep(10000);
	return charged() <= limit;
}

/* Not of its folios only: of its lists, too, which small slots make long. */
static void nothing_left(void)
{
	struct unified_io_setup setup = setup_of(4 * MIB);
	long before, i;
	int fd;

	setup.slot_size = UNIFIED_IO_MIN_SLOT;
	setup.ring_size = setup.rx_size = 0;
	before = charged();
	for (i = 0; i < 150; i++) {
		fd = region_open(&setup);
		if (fd < 0)
			break;
		close(fd);
	}
	ok(i == 150 && falls_to(before + (long)MIB),
	   "nothing stays charged of 150 regions (%ld KiB)", (charged() - before) / 1024);
}

static void cgroup(void)
{
	const long size = 64 * MIB, slack = 4 * MIB;
	long before, during;
	int fd;

	put(CGROUPS "/cgroup.subtree_control", "+memory");
	if (!ok(!mkdir(CGROUP, 0755) && charged() >= 0 && put(CGROUP "/cgroup.procs", "0"),
		"in a memory cgroup"))
		return;
	before = charged();
	fd = open_of(size);
	during = charged();
	if (!ok(fd >= 0 && during >= before + size && during < before + size + slack,
		"a region is charged to it"))
		diag("%ld before, %ld now", before, during);
	close(fd);
	if (!ok(falls_to(before + slack), "until it is closed"))
		diag("%ld before, %ld now", before, charged());
	nothing_left();

	ok(put(CGROUP "/memory.max", "32M"), "with a limit of 32 MiB");
	fails_with(open_of(2 * size), ENOMEM, "a region of 128 MiB");
	ok(number(CGROUP "/memory.events", "oom_kill ") == 0, "and nobody is killed for it");
	too_large(32UL << 30, UNIFIED_IO_MAX_SLOT, "a region whose list of pages is too large");
	too_large(1UL << 30, 512, "a region whose list of slots is too large");
	ok(falls_to(before + slack), "nothing stays charged of these");
	fd = open_of(16 * MIB);
	ok(fd >= 0, "a region of 16 MiB");
	close(fd);
	put(CGROUPS "/cgroup.procs", "0");
	ok(!rmdir(CGROUP), "the cgroup goes");
}

#define OPS   600
#define FRAGS 8

/* So many operations at once, of a region of the cgroup's, from outside. */
static void operations_of(int fd, const char *what, struct unified_descriptor d, long least)
{
	struct unified_io_submit submit = { .desc = d };
	struct unified_io_complete complete = { .min = 1 };
	long before = number(CGROUP "/memory.stat", "kernel "), during, after;
	int i, ended = 0;

	for (i = 0; i < OPS && !ioctl(fd, UNIFIED_IO_SUBMIT, &submit); i++)
		;
	during = number(CGROUP "/memory.stat", "kernel ");
	ok(i == OPS && during - before >= OPS * least, "%s: charged to the cgroup (%ld each)", what,
	   (during - before) / OPS);
	while (ended < i && !ioctl(fd, UNIFIED_IO_COMPLETE, &complete))
		ended += complete.count;
	for (i = 0; i < 300; i++) {
		after = number(CGROUP "/memory.stat", "kernel ");
		if (after - before < (during - before) / 2)
			break;
		usleep(10000);
	}
	ok(ended == OPS && after - before < (during - before) / 2,
	   "they end, and so does most of that (%ld)", (after - before) / OPS);
}

/*
 * A cgroup that is full of clean pages has room for who may wait for it: io_uring asks
 * without waiting first, and then where it can.
 */
static void at_the_limit(int fd, struct unified_descriptor d)
{
	struct io_unified_region region = { .fd = fd };
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	/* With its last file go the pages of a device. */
	int disk = open("/dev/nvme0n1", O_RDONLY | O_CLOEXEC);
	long before = charged(), full;
	int i, good = 0, ret = 0;
	char limit[32];

	put(CGROUP "/cgroup.procs", "0");
	ret = system("dd if=/dev/nvme0n1 of=/dev/null bs=1M count=64 status=none");
	put(CGROUPS "/cgroup.procs", "0");
	/* The limit comes after that: who reads while nothing can be reclaimed is killed. */
	full = charged();
	snprintf(limit, sizeof(limit), "%ld", full);
	if (!ok(!ret && full > before + 32 * (long)MIB && put(CGROUP "/memory.max", limit) &&
			charged() > full - 2 * (long)MIB,
		"its cgroup is full of pages of files"))
		diag("%d: %ld, then %ld of %ld", ret, before, charged(), full);
	if (!ok(!io_uring_queue_init(1024, &ring, IORING_SETUP_SQE128 | IORING_SETUP_CQE32),
		"a ring"))
		return;
	for (i = 0; i < OPS && (sqe = io_uring_get_sqe(&ring)); i++) {
		io_uring_prep_unified(sqe, &region, 0, 0, 0);
		*io_uring_unified_desc(sqe) = d;
	}
	io_uring_submit(&ring);
	for (i = 0; i < OPS && !io_uring_wait_cqe(&ring, &cqe); i++) {
		good += cqe->res == (int)d.len;
		ret = cqe->res < 0 ? cqe->res : ret;
		io_uring_cqe_seen(&ring, cqe);
	}
	ok(good == OPS, "operations of io_uring have what they need (%d of %d, %d)", good, OPS,
	   ret);
	io_uring_queue_exit(&ring);
	close(disk);
}

/*
 * Operations, too, are charged to who set the region up, not to who submits them; so are
 * their commands, their lists of vectors, and what is copied for a device.
 */
static void operations(void)
{
	static const char slow[] = "modprobe null_blk nr_devices=2 gb=1 irqmode=2 "
				   "completion_nsec=1000000000 hw_queue_depth=1024";
	struct unified_io_setup setup = setup_of(16 * MIB);
	struct unified_io_target t = {};
	struct unified_descriptor d = { .type = UNIFIED_REGION_F_NVME,
					.flags = UNIFIED_DESC_F_READ,
					.len = FRAGS * 512 };
	struct unified_fragment *list;
	unsigned char *data;
	int fd, i;

	setup.cq_entries = 1024;
	ok(!system(slow), "slow devices");
	if (!ok(!mkdir(CGROUP, 0755) && put(CGROUP "/cgroup.procs", "0"), "in a memory cgroup"))
		return;
	fd = region_open(&setup);
	ok(fd >= 0 && put(CGROUPS "/cgroup.procs", "0"), "a region of it, and out of it");
	ok(!add_target(fd, "/dev/nullb0", O_RDWR, &t) && !add_target(fd, "/dev/nullb1", O_RDWR, &t),
	   "its targets");
	data = region_map(fd, setup.offsets.data, MIB, PROT_READ | PROT_WRITE);
	list = (void *)data;
	operations_of(fd, "operations", d, 600);
	d.targets = 3;
	operations_of(fd, "with two commands", d, 1700);
	for (i = 0; i < FRAGS; i++)
		list[i] = (struct unified_fragment){ .addr = (i + 1) * SMALL, .len = 512 };
	d.flags |= UNIFIED_DESC_F_GATHER;
	d.nr_frags = FRAGS;
	operations_of(fd, "with lists", d, 12000);
	for (i = 0; i < FRAGS; i++)
		list[i].addr++;
	operations_of(fd, "copied", d, 60000);
	for (i = 0; i < FRAGS; i++)
		list[i].addr--;
	at_the_limit(fd, d);
	munmap(data, MIB);
	close(fd);
	ok(!rmdir(CGROUP), "the cgroup goes");
	ok(unload_driver("null_blk"), "and the devices");
}

/* --- nodes ----------------------------------------------------------------- */

/* How many pages of the mapping are on that node. */
static unsigned long on_node(char *map, size_t size, int node)
{
	unsigned long n = size / SMALL, i, count = 0;
	int *status = calloc(n, sizeof(*status));
	void **pages = calloc(n, sizeof(*pages));

	for (i = 0; i < n; i++) {
		pages[i] = map + i * SMALL;
		*(volatile char *)pages[i];
	}
	/* Without a list of nodes it moves nothing and tells where they are. */
	if (!syscall(__NR_move_pages, 0, n, pages, NULL, status, 0))
		for (i = 0; i < n; i++)
			count += status[i] == node;
	free(pages);
	free(status);
	return count;
}

static void all_on(struct unified_io_setup setup, int node, const char *what)
{
	int fd = region_open(&setup);
	char *map = region_map(fd, 0, setup.region_size, PROT_READ | PROT_WRITE);
	unsigned long pages = setup.region_size / SMALL, there;

	there = map == MAP_FAILED ? 0 : on_node(map, setup.region_size, node);
	ok(there == pages, "%s: all of it is on node %d (%lu of %lu pages)", what, node, there,
	   pages);
	munmap(map, setup.region_size);
	close(fd);
}

static void nodes(void)
{
	struct unified_io_setup setup = setup_of(32 * MIB);
	unsigned long mask;
	int node, fd;

	for (node = 0; node < 2; node++) {
		setup.flags = UNIFIED_IO_SETUP_NODE;
		setup.numa_node = node;
		all_on(setup, node, "a wish");
		fd = region_open(&setup);
		ok(region_info(fd).numa_node == node, "which GET_INFO tells");
		close(fd);
	}
	setup.numa_node = 2;
	fails_with(region_open(&setup), ERANGE, "a node that is not there");
	setup = setup_of(32 * MIB);
	for (node = 0; node < 2; node++) {
		mask = 1UL << node;
		syscall(__NR_set_mempolicy, MPOL_BIND, &mask, 8);
		all_on(setup, node, "without a wish, the caller's policy");
	}
	syscall(__NR_set_mempolicy, MPOL_DEFAULT, NULL, 0);
}

/* --- fragmented memory ----------------------------------------------------- */

/* Pages that are pinned stay where they are, and no folio can lie across them. */
struct pins {
	struct io_uring ring;
	char *map;
	size_t size;
};

static uint64_t frame(int pagemap, const char *page)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, 8, (uintptr_t)page / SMALL * 8) != 8)
		return 0;
	return entry & ((1ULL << 55) - 1);
}

static size_t free_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : info.freeram * info.mem_unit;
}

/* One page of each such piece of physical memory, of most of what there is. */
static bool pin(struct pins *p, unsigned int order)
{
	static struct iovec pages[16384];
	static bool seen[1 << 20];
	int pagemap = open("/proc/self/pagemap", O_RDONLY), ret;
	unsigned int n = 0;
	size_t i;

	memset(seen, 0, sizeof(seen));
	put("/proc/sys/vm/drop_caches", "3");
	p->size = number("/proc/meminfo", "MemTotal:") * 1024;
	p->map = mmap(NULL, p->size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	madvise(p->map, p->size, MADV_NOHUGEPAGE);
	for (i = 0; i < p->size && (i % MIB || free_memory() > RESERVE); i += SMALL) {
		uint64_t piece;

		p->map[i] = 1;
		piece = frame(pagemap, p->map + i) >> order;
		if (!piece || piece >= 1 << 20 || seen[piece] || n == 16384)
			continue;
		seen[piece] = true;
		pages[n++] = (struct iovec){ p->map + i, SMALL };
	}
	close(pagemap);
	if (io_uring_queue_init(8, &p->ring, 0))
		return false;
	ret = io_uring_register_buffers(&p->ring, pages, n);
	diag("%u of %zu pages are pinned (%d)", n, i / SMALL, ret);
	/* All but those are free now. */
	munmap(p->map, p->size);
	return !ret;
}

static void unpin(struct pins *p)
{
	io_uring_unregister_buffers(&p->ring);
	io_uring_queue_exit(&p->ring);
}

static unsigned char pattern(size_t i)
{
	return i * 7 + (i >> 9) * 13;
}

/*
 * The module sees the pieces in the order in which user space has them mapped,
 * at a and at b, and a policy sees them as one.
 */
static void works(int fd, const struct unified_io_setup *setup, unsigned char *a, unsigned char *b)
{
	struct policy p = policy_open("/unified/policies/transform.bpf.o", "transform");
	size_t size = setup->region_size - setup->offsets.data, i, wrong = 0;
	struct unified_io_bpf bpf = { .name = "transform" };
	struct unified_io_submit submit = { .desc = { .type = UNIFIED_REGION_F_BPF } };

	if (!ok(a != MAP_FAILED && b != MAP_FAILED && !policy_attach(&p) &&
			!ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf),
		"it is mapped, and a policy attached"))
		return;
	for (i = 0; i < size; i++)
		a[i] = pattern(i);
	for (i = 0; i < size; i++)
		wrong += b[i] != pattern(i);
	ok(!wrong, "another mapping shows the same");
	submit.desc.len = size;
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &submit), 0, "a policy works on all of it");
	for (i = 0; i < size; i++)
		wrong += b[i] != (pattern(i) ^ 0x5a);
	ok(!wrong, "every byte of it (%zu wrong)", wrong);
	policy_close(&p);
}

static void works_mapped(int fd, const struct unified_io_setup *setup)
{
	size_t size = setup->region_size - setup->offsets.data;
	void *a = region_map(fd, setup->offsets.data, size, PROT_READ | PROT_WRITE);
	void *b = region_map(fd, setup->offsets.data, size, PROT_READ | PROT_WRITE);

	works(fd, setup, a, b);
	munmap(a, size);
	munmap(b, size);
}

/* The caller's own, of which no two pages lie together. */
static void own_pages(void)
{
	const size_t size = 8 * MIB;
	struct unified_io_setup setup = setup_of(size);
	char *own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *others = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;
	int fd;

	madvise(own, size, MADV_NOHUGEPAGE);
	madvise(others, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += SMALL)
		own[i] = others[i] = 1;
	setup.flags = UNIFIED_IO_SETUP_USER_MEMORY;
	setup.user_addr = (uintptr_t)own;
	setup.rx_size = setup.ring_size = 0;
	fd = region_open(&setup);
	if (ok(fd >= 0, "a region of the caller's pages, scattered"))
		works(fd, &setup, (unsigned char *)own + setup.offsets.data,
		      (unsigned char *)own + setup.offsets.data);
	close(fd);
	munmap(own, size);
	munmap(others, size);
}

static void fragmented(unsigned int order)
{
	struct unified_io_setup setup = setup_of(20 * MIB);
	struct unified_io_region_info info;
	struct pins pins;
	int fd = -1, tries;

	if (!ok(pin(&pins, order), "memory in pieces smaller than 4 KiB << %u", order))
		return;
	/*
	 * What was not ours to fragment: huge pages take it, before the region does.
	 * More may become free after that.
	 */
	for (tries = 0; tries < 10 && fd < 0; tries++) {
		put("/proc/sys/vm/nr_hugepages", "100000");
		fd = region_open(&setup);
		info = region_info(fd);
		if (info.max_order == 9) {
			close(fd);
			fd = -1;
		}
	}
	diag("%ld huge pages were left", number("/proc/meminfo", "HugePages_Total:"));
	ok(fd >= 0 && info.max_order < 9 && info.nr_folios > 16,
	   "a region is made of %u pieces of orders %u to %u", info.nr_folios, info.min_order,
	   info.max_order);
	works_mapped(fd, &setup);
	close(fd);
	put("/proc/sys/vm/nr_hugepages", "0");
	unpin(&pins);
}

/* Huge pages come back when their pins are gone. */
static void whole_again(void)
{
	unsigned int order = 0;
	int i, fd;

	for (i = 0; i < 100 && order < 9; i++) {
		put("/proc/sys/vm/compact_memory", "1");
		fd = open_of(32 * MIB);
		order = region_info(fd).max_order;
		close(fd);
		usleep(20000);
	}
	ok(order == 9, "when nothing is pinned, pieces are of 2 MiB again");
}

int main(void)
{
	libbpf_set_print(NULL);
	nodes();
	cgroup();
	operations();
	too_large(UNIFIED_IO_MAX_SIZE, 512, "the largest region there can be");
	too_large(4UL << 30, 0, "a region of more than there is");
	own_pages();
	fragmented(9);
	fragmented(6);
	whole_again();
	return done();
}
