// SPDX-License-Identifier: GPL-2.0
/*
 * Everything in the kernel that takes memory takes a region's, whichever way it
 * is mapped and whoever owns it: fixed buffers, the rings of io_uring, zcrx with
 * its area and refill ring, a ring's memory region, AF_XDP. What has pinned a
 * region keeps its memory when the region is gone, and nobody else gets it.
 */
/* The kernel's io_uring.h, before liburing brings its older one. */
#include <linux/io_uring.h>
#include <linux/io_uring/zcrx.h>

#include <arpa/inet.h>
#include <liburing.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include "region.h"

#define HUGE_PAGE (2 * MIB)
#define TMP_FILE  "/tmp/region-pins"
#define DRIVE	  "/dev/nvme0n1"

/* Where tests do their I/O: each across the border of two huge pages. */
#define IO_SIZE	  (256 * 1024)
#define SOURCE	  (4 * MIB - IO_SIZE / 2)
#define TARGET	  (8 * MIB - IO_SIZE / 2)
#define IO_OFFSET (64 * MIB)

/* A region and what of it is mapped: [offset, offset + len) at map. */
struct memory {
	const char *name;
	int fd;
	struct unified_io_setup setup;
	char *map;
	uint64_t offset;
	size_t len;
};

static char *at(const struct memory *m, uint64_t offset)
{
	return m->map + (offset - m->offset);
}

static void fill(char *p, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = seed + i * 7 + (i >> 9) * 13;
}

static bool filled(const char *p, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != (char)(seed + i * 7 + (i >> 9) * 13))
			return false;
	return true;
}

/* --- what is pinned -------------------------------------------------------- */

/* GET_INFO counts folios, which the caller's own memory has none of. */
static bool has_folios(const struct memory *m)
{
	return !(m->setup.flags & UNIFIED_IO_SETUP_USER_MEMORY);
}

static void all_pinned(const struct memory *m, const char *by)
{
	struct unified_io_region_info info = region_info(m->fd);

	if (has_folios(m))
		ok(info.nr_pinned > 0 && info.nr_pinned == info.nr_folios,
		   "%s: all of it is pinned by %s (%u of %u)", m->name, by, info.nr_pinned,
		   info.nr_folios);
}

/* Rings and sockets let go of memory some time after they are closed. */
static void none_pinned(const struct memory *m, const char *after)
{
	int i;

	if (!has_folios(m))
		return;
	for (i = 0; i < 200 && region_info(m->fd).nr_pinned; i++)
		usleep(10000);
	ok(region_info(m->fd).nr_pinned == 0, "%s: and no more after %s", m->name, after);
}

/* --- one ring, one request ------------------------------------------------- */

/* Submits what there is. The result of the next completion, or why there is none. */
static int complete(struct io_uring *ring)
{
	struct __kernel_timespec limit = { .tv_sec = 5 };
	struct io_uring_cqe *cqe;
	int ret;

	ret = io_uring_submit_and_wait_timeout(ring, &cqe, 1, &limit, NULL);
	if (ret < 0)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

static int write_fixed(struct io_uring *ring, int file, const char *from)
{
	io_uring_prep_write_fixed(io_uring_get_sqe(ring), file, from, IO_SIZE, IO_OFFSET, 0);
	return complete(ring);
}

static int read_fixed(struct io_uring *ring, int file, char *to)
{
	io_uring_prep_read_fixed(io_uring_get_sqe(ring), file, to, IO_SIZE, IO_OFFSET, 0);
	return complete(ring);
}

static int register_all(const struct memory *m, struct io_uring *ring)
{
	struct iovec whole = { m->map, m->len };

	return io_uring_register_buffers(ring, &whole, 1);
}

/* A ring whose own memory is at that offset of the region. */
static int ring_inside(const struct memory *m, struct io_uring *ring, uint64_t offset,
		       unsigned int flags)
{
	struct io_uring_params params = { .flags = flags };
	int ret;

	ret = io_uring_queue_init_mem(512, ring, &params, at(m, offset), 256 * 1024);
	return ret < 0 ? ret : 0;
}

/* --- what takes memory ----------------------------------------------------- */

static void file_round_trip(const struct memory *m, struct io_uring *ring, const char *path,
			    int flags, unsigned int seed)
{
	int file = open(path, O_RDWR | flags, 0600), put, got;

	fill(at(m, SOURCE), IO_SIZE, seed);
	memset(at(m, TARGET), 0, IO_SIZE);
	put = write_fixed(ring, file, at(m, SOURCE));
	got = read_fixed(ring, file, at(m, TARGET));
	ok(put == IO_SIZE && got == IO_SIZE && filled(at(m, TARGET), IO_SIZE, seed),
	   "%s: %s, written and read with fixed buffers (%d, %d)", m->name, path, put, got);
	close(file);
}

static void fixed_buffers(const struct memory *m)
{
	struct io_uring ring;

	io_uring_queue_init(8, &ring, 0);
	ok(!register_all(m, &ring), "%s: it registers as a fixed buffer", m->name);
	all_pinned(m, "fixed buffers");
	file_round_trip(m, &ring, TMP_FILE, O_CREAT, 1);
	file_round_trip(m, &ring, DRIVE, O_DIRECT, 2);
	io_uring_unregister_buffers(&ring);
	none_pinned(m, "they are unregistered");
	io_uring_queue_exit(&ring);
}

/* Twice around the rings. */
static bool nops(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	bool good = true;
	unsigned int i;

	for (i = 0; good && i < 2 * ring->cq.ring_entries; i++) {
		sqe = io_uring_get_sqe(ring);
		io_uring_prep_nop(sqe);
		sqe->user_data = i;
		if (io_uring_submit_and_wait(ring, 1) != 1 || io_uring_peek_cqe(ring, &cqe))
			return false;
		good = cqe->user_data == i && cqe->res == 0;
		io_uring_cqe_seen(ring, cqe);
	}
	return good;
}

static void rings_at(const struct memory *m, uint64_t offset, const char *where)
{
	struct io_uring ring;
	int ret = ring_inside(m, &ring, offset, IORING_SETUP_CQE32);

	if (!ok(!ret, "%s: rings %s (%d)", m->name, where, ret))
		return;
	ok(nops(&ring), "%s: requests go through them", m->name);
	ok(!register_all(m, &ring), "%s: a fixed buffer may cover its own ring", m->name);
	file_round_trip(m, &ring, TMP_FILE, O_CREAT, offset);
	io_uring_queue_exit(&ring);
	none_pinned(m, "the ring is closed");
}

static void rings(const struct memory *m)
{
	rings_at(m, m->setup.offsets.rings, "at the start of the ring area");
	/* 32 KiB of SQEs and then as much of CQEs. */
	rings_at(m, HUGE_PAGE - 48 * 1024, "that lie in two huge pages");
}

/* A wait whose time limit is in the region: the kernel reads it from there. */
static void ring_memory(const struct memory *m)
{
	struct io_uring_region_desc desc = { .user_addr = (uintptr_t)m->map,
					     .size = m->len,
					     .flags = IORING_MEM_REGION_TYPE_USER };
	struct io_uring_mem_region_reg reg = { .region_uptr = (uintptr_t)&desc,
					       .flags = IORING_MEM_REGION_REG_WAIT_ARG };
	unsigned int index = m->setup.offsets.slots / sizeof(struct io_uring_reg_wait);
	struct io_uring_reg_wait *wait = (struct io_uring_reg_wait *)m->map + index;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	int ret;

	io_uring_queue_init(8, &ring, IORING_SETUP_R_DISABLED);
	ret = io_uring_register_region(&ring, &reg);
	ok(!ret, "%s: it registers as a ring's memory (%d)", m->name, ret);
	all_pinned(m, "a ring's memory");
	io_uring_enable_rings(&ring);
	*wait = (struct io_uring_reg_wait){ .ts.tv_nsec = 20000000, .flags = IORING_REG_WAIT_TS };
	ret = io_uring_submit_and_wait_reg(&ring, &cqe, 1, index);
	ok(ret == -ETIME, "%s: from which a time limit is taken (%d)", m->name, ret);
	io_uring_queue_exit(&ring);
	none_pinned(m, "the ring is closed");
}

static void xdp_umem(const struct memory *m)
{
	struct xdp_umem_reg reg = { .addr = (uintptr_t)m->map, .len = m->len, .chunk_size = 4096 };
	int xsk = socket(AF_XDP, SOCK_RAW, 0);

	ok(!setsockopt(xsk, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)),
	   "%s: it is memory for AF_XDP", m->name);
	all_pinned(m, "AF_XDP");
	close(xsk);
	none_pinned(m, "the socket is closed");
}

/* --- zcrx ------------------------------------------------------------------ */

#define ZCRX_ROUND (64 * 1024)
#define ZCRX_AREA  (4 * ZCRX_ROUND)
#define ROUNDS	   16

struct receiver {
	struct io_uring ring;
	struct io_uring_zcrx_area_reg area;
	struct io_uring_zcrx_ifq_reg reg;
	char *refill;
	int sender, socket;
};

static void tcp_pair(int *a, int *b)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(addr);

	bind(listener, (struct sockaddr *)&addr, len);
	listen(listener, 1);
	getsockname(listener, (struct sockaddr *)&addr, &len);
	*a = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(*a, (struct sockaddr *)&addr, len))
		exit(1);
	*b = accept(listener, NULL, NULL);
	close(listener);
}

/* Rings, refill ring and area: each in its part of the region. */
static int zcrx_open(const struct memory *m, struct receiver *r)
{
	struct io_uring_region_desc desc = { .size = 64 * 1024,
					     .flags = IORING_MEM_REGION_TYPE_USER };
	int ret;

	ret = ring_inside(m, &r->ring, m->setup.offsets.rings,
			  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
				  IORING_SETUP_CQE32);
	if (ret)
		return ret;
	r->refill = at(m, m->setup.offsets.rings + MIB);
	desc.user_addr = (uintptr_t)r->refill;
	r->area.addr = (uintptr_t)at(m, m->setup.offsets.rx);
	r->area.len = ZCRX_AREA;
	r->reg.rq_entries = 256;
	r->reg.flags = ZCRX_REG_NODEV;
	r->reg.area_ptr = (uintptr_t)&r->area;
	r->reg.region_ptr = (uintptr_t)&desc;
	return io_uring_register(r->ring.ring_fd, IORING_REGISTER_ZCRX_IFQ, &r->reg, 1);
}

static void zcrx_arm(struct receiver *r)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);

	io_uring_prep_rw(IORING_OP_RECV_ZC, sqe, r->socket, NULL, 0, 0);
	sqe->ioprio = IORING_RECV_MULTISHOT;
	sqe->zcrx_ifq_idx = r->reg.zcrx_id;
	io_uring_submit(&r->ring);
}

static void zcrx_give_back(struct receiver *r, uint64_t offset, uint32_t len)
{
	struct io_uring_zcrx_rqe *rqes = (void *)(r->refill + r->reg.offsets.rqes);
	unsigned int *tail = (void *)(r->refill + r->reg.offsets.tail);

	rqes[*tail & (r->reg.rq_entries - 1)] =
		(struct io_uring_zcrx_rqe){ .off = offset | r->area.rq_area_token, .len = len };
	io_uring_smp_store_release(tail, *tail + 1);
}

/* Without a NIC nothing else makes the kernel look at the refill ring. */
static bool zcrx_flush(struct receiver *r)
{
	struct zcrx_ctrl ctrl = { .zcrx_id = r->reg.zcrx_id, .op = ZCRX_CTRL_FLUSH_RQ };
	unsigned int *head = (void *)(r->refill + r->reg.offsets.head);
	unsigned int *tail = (void *)(r->refill + r->reg.offsets.tail);

	if (io_uring_register(r->ring.ring_fd, IORING_REGISTER_ZCRX_CTRL, &ctrl, 0))
		return false;
	return io_uring_smp_load_acquire(head) == *tail;
}

static bool zcrx_receive(struct receiver *r, const char *expected)
{
	struct __kernel_timespec limit = { .tv_sec = 5 };
	const char *area = (char *)(uintptr_t)r->area.addr;
	struct io_uring_zcrx_cqe *zcqe;
	struct io_uring_cqe *cqe;
	size_t done = 0;

	while (done < ZCRX_ROUND) {
		if (io_uring_submit_and_wait_timeout(&r->ring, &cqe, 1, &limit, NULL) < 0)
			return false;
		if (cqe->res <= 0 || !(cqe->flags & IORING_CQE_F_MORE)) {
			diag("the receive ended with %d", cqe->res);
			return false;
		}
		zcqe = (struct io_uring_zcrx_cqe *)(cqe + 1);
		if (memcmp(area + zcqe->off, expected + done, cqe->res))
			return false;
		done += cqe->res;
		zcrx_give_back(r, zcqe->off, cqe->res);
		io_uring_cqe_seen(&r->ring, cqe);
	}
	return zcrx_flush(r);
}

/* Four times as much as the area has: what is given back is used again. */
static void zcrx(const struct memory *m)
{
	static char data[ZCRX_ROUND];
	struct receiver r = {};
	int i, ret;

	ret = zcrx_open(m, &r);
	if (!ok(!ret, "%s: rings, refill ring and area for zcrx (%d)", m->name, ret))
		return;
	ok(!register_all(m, &r.ring), "%s: and all of that as a fixed buffer", m->name);
	tcp_pair(&r.sender, &r.socket);
	zcrx_arm(&r);
	for (i = 0; i < ROUNDS; i++) {
		fill(data, sizeof(data), i);
		if (write(r.sender, data, sizeof(data)) != sizeof(data) || !zcrx_receive(&r, data))
			break;
	}
	ok(i == ROUNDS, "%s: what is sent arrives in it (%d of %d)", m->name, i, ROUNDS);
	close(r.sender);
	close(r.socket);
	io_uring_queue_exit(&r.ring);
	none_pinned(m, "the ring is closed");
}

/* --- pins that outlive their region ---------------------------------------- */

static bool gone(uint32_t id)
{
	struct unified_io_region_info info;
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR), i, ret;

	for (i = 0; i < 100; i++) {
		info.id = id;
		ret = ioctl(fd, UNIFIED_IO_GET_REGION, &info);
		if (ret || info.id != id)
			break;
		usleep(10000);
	}
	close(fd);
	return i < 100;
}

static void forget(struct memory *m)
{
	munmap(m->map, m->len);
	close(m->fd);
}

/* If any memory of the old region were free, it would be in this one. */
static void scribble(void)
{
	struct unified_io_setup setup = REGION_SETUP;
	int fd = region_open(&setup);
	char *map = region_map(fd, 0, setup.region_size, PROT_READ | PROT_WRITE);

	memset(map, 0xff, setup.region_size);
	munmap(map, setup.region_size);
	close(fd);
}

static void outlive(struct memory *m)
{
	static char data[IO_SIZE];
	int file = open(TMP_FILE, O_RDWR | O_CREAT, 0600), i;
	struct io_uring ring;

	io_uring_queue_init(8, &ring, 0);
	register_all(m, &ring);
	fill(at(m, SOURCE), IO_SIZE, 3);
	forget(m);
	ok(gone(m->setup.id), "%s: a region with pins goes away", m->name);
	for (i = 0; i < 4; i++)
		scribble();
	/* From here on m->map is but a number that the fixed buffer knows. */
	ok(write_fixed(&ring, file, at(m, SOURCE)) == IO_SIZE &&
		   pread(file, data, IO_SIZE, IO_OFFSET) == IO_SIZE && filled(data, IO_SIZE, 3),
	   "%s: what was in it is there", m->name);
	fill(data, IO_SIZE, 4);
	ok(pwrite(file, data, IO_SIZE, IO_OFFSET) == IO_SIZE &&
		   read_fixed(&ring, file, at(m, TARGET)) == IO_SIZE && ftruncate(file, 0) == 0 &&
		   write_fixed(&ring, file, at(m, TARGET)) == IO_SIZE &&
		   pread(file, data, IO_SIZE, IO_OFFSET) == IO_SIZE && filled(data, IO_SIZE, 4),
	   "%s: and it can still be read into", m->name);
	io_uring_queue_exit(&ring);
	close(file);
}

/* --- ways to get memory ---------------------------------------------------- */

/* How much of the mapping at map is in page tables as huge pages, in KiB. */
static long huge(const char *map)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool here = false;
	char line[256];
	long kib = -1;

	while (smaps && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start == (uintptr_t)map;
		else if (here && sscanf(line, "FilePmdMapped: %ld", &kib) == 1)
			break;
	}
	fclose(smaps);
	return kib;
}

static bool module_region(struct memory *m)
{
	m->len = m->setup.region_size;
	m->fd = region_open(&m->setup);
	m->map = region_map(m->fd, 0, m->len, PROT_READ | PROT_WRITE);
	return m->fd >= 0 && m->map != MAP_FAILED;
}

static bool small_pages(struct memory *m)
{
	if (!module_region(m) || madvise(m->map, m->len, MADV_NOHUGEPAGE))
		return false;
	memset(m->map, 1, m->len);
	return huge(m->map) == 0;
}

static bool huge_pages(struct memory *m)
{
	if (!module_region(m))
		return false;
	memset(m->map, 1, m->len);
	return huge(m->map) > 0;
}

/*
 * Without its first and last page, where no huge page fits, and not touched:
 * whoever pins it makes the page tables, too.
 */
static bool out_of_step(struct memory *m)
{
	size_t len = m->setup.region_size + 2 * HUGE_PAGE;
	uintptr_t addr = (uintptr_t)mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	addr = (addr + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	m->fd = region_open(&m->setup);
	m->offset = 4096;
	m->len = m->setup.region_size - 2 * 4096;
	m->map = mmap((void *)addr, m->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, m->fd,
		      m->offset);
	return m->fd >= 0 && m->map == (void *)addr && huge(m->map) == 0;
}

static bool own_memory(struct memory *m)
{
	m->len = m->setup.region_size;
	m->map = mmap(NULL, m->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	m->setup.flags = UNIFIED_IO_SETUP_USER_MEMORY;
	m->setup.user_addr = (uintptr_t)m->map;
	m->fd = region_open(&m->setup);
	return m->fd >= 0;
}

static const struct {
	const char *name;
	bool (*get)(struct memory *m);
} kinds[] = {
	{ "small pages", small_pages },
	{ "huge pages", huge_pages },
	{ "out of step", out_of_step },
	{ "own memory", own_memory },
};

static void (*const users[])(const struct memory *m) = { fixed_buffers, rings, ring_memory,
							 xdp_umem, zcrx };

static void one_kind(const char *name, bool (*get)(struct memory *m))
{
	struct memory m = { .name = name, .setup = REGION_SETUP };
	unsigned int i;

	if (!ok(get(&m), "%s: a region", name))
		return;
	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		users[i](&m);
	outlive(&m);
}

/* More than the VM has, if pins kept their memory for good. */
static void memory_comes_back(void)
{
	int i, j;

	for (i = 0; i < 100; i++) {
		struct memory m = { .setup = REGION_SETUP };
		struct io_uring ring;

		for (j = 0; j < 100 && !module_region(&m); j++)
			usleep(10000);
		if (j == 100)
			break;
		io_uring_queue_init(8, &ring, 0);
		register_all(&m, &ring);
		forget(&m);
		io_uring_queue_exit(&ring);
	}
	ok(i == 100, "memory comes back when its pins are gone (%d of 100)", i);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		one_kind(kinds[i].name, kinds[i].get);
	memory_comes_back();
	unlink(TMP_FILE);
	return done();
}
