// SPDX-License-Identifier: GPL-2.0
/*
 * UNIFIED_IO_SETUP_USER_MEMORY: regions of the caller's own memory. Which memory
 * can be had and which cannot; what is pinned and charged for it, as for the module's
 * own; and that all of that is undone after a failure, after close and after kill -9.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "region.h"

#define SIZE	  (16 * MIB)
#define PAGES	  (SIZE / 4096)
#define HUGE_SIZE (4 * MIB)
#define SHARED	  (MAP_SHARED | MAP_ANONYMOUS)
#define PRIVATE	  (MAP_PRIVATE | MAP_ANONYMOUS)

/* --- what there is of it --------------------------------------------------- */

/* A number that stands behind a key in a file of lines; -1 if there is none. */
static long number(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long n = -1;

	while (file && n < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			n = strtol(line + strlen(key), NULL, 10);
	if (file)
		fclose(file);
	return n;
}

/* KiB charged to the RLIMIT_MEMLOCK of this process. */
static long charged(void)
{
	return number("/proc/self/status", "VmLck:");
}

/* Pages that are pinned for I/O in the whole system. */
static long pinned(void)
{
	/* Each CPU counts for itself; reading this file sums them up. */
	number("/proc/sys/vm/stat_refresh", "");
	return number("/proc/vmstat", "nr_foll_pin_acquired ") -
	       number("/proc/vmstat", "nr_foll_pin_released ");
}

struct level {
	long charged, pinned;
};

static struct level level(void)
{
	return (struct level){ charged(), pinned() };
}

/* A region is freed from a work item, some time after close. */
static void back_to(struct level before, const char *after)
{
	struct level now = level();
	int i;

	for (i = 0; i < 100 && memcmp(&now, &before, sizeof(now)); i++) {
		usleep(10000);
		now = level();
	}
	if (!ok(!memcmp(&now, &before, sizeof(now)), "%s: nothing is left pinned or charged",
		after))
		diag("charged %ld KiB, was %ld; pinned %ld pages, was %ld", now.charged,
		     before.charged, now.pinned, before.pinned);
}

/* --- regions of it --------------------------------------------------------- */

static struct unified_io_setup user_setup(const void *addr, size_t size)
{
	struct unified_io_setup setup = REGION_SETUP;

	setup.flags = UNIFIED_IO_SETUP_USER_MEMORY;
	setup.user_addr = (uintptr_t)addr;
	setup.region_size = size;
	setup.ring_size = MIB;
	setup.rx_size = MIB;
	return setup;
}

static int user_open(const void *addr, size_t size)
{
	struct unified_io_setup setup = user_setup(addr, size);

	return region_open(&setup);
}

/* All of the memory at addr can be a region; all of it is given back, then. */
static void works(char *addr, size_t size, const char *what)
{
	struct level before = level(), during;
	struct unified_io_region_info info;
	int fd = user_open(addr, size);

	if (!ok(fd >= 0, "%s: can be a region", what)) {
		diag("%s", strerror(errno));
		return;
	}
	during = level();
	info = region_info(fd);
	ok(info.id && info.size == size && info.flags == UNIFIED_IO_SETUP_USER_MEMORY &&
		   !info.nr_folios && !info.nr_maps,
	   "%s: GET_INFO tells whose memory it is", what);
	if (!ok(during.charged - before.charged == (long)size / 1024 &&
			during.pinned - before.pinned == (long)size / 4096,
		"%s: all of it is pinned and charged", what))
		diag("%ld KiB charged, %ld pages pinned", during.charged - before.charged,
		     during.pinned - before.pinned);
	close(fd);
	back_to(before, what);
}

static void refused(const void *addr, size_t size, int error, const char *what)
{
	struct level before = level();

	fails_with(user_open(addr, size), error, what);
	back_to(before, what);
}

static char *anonymous(int flags)
{
	return mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
}

/* --- which memory ---------------------------------------------------------- */

static void anonymous_memory(void)
{
	char *shared = anonymous(SHARED), *private = anonymous(PRIVATE);
	char *small = anonymous(PRIVATE);

	works(shared, SIZE, "anonymous shared memory");
	works(private, SIZE, "anonymous private memory");
	madvise(small, SIZE, MADV_NOHUGEPAGE);
	memset(small, 1, SIZE / 2);
	works(small, SIZE, "memory in single pages, half of them touched");
	works(small + 4096, SIZE - 2 * 4096, "a part of it");
	munmap(shared, SIZE);
	munmap(private, SIZE);
	munmap(small, SIZE);
}

/* Two neighbours that the kernel keeps as two mappings. */
static void two_mappings(void)
{
	char *addr = anonymous(PRIVATE);

	mmap(addr + SIZE / 2, SIZE / 2, PROT_READ | PROT_WRITE, SHARED | MAP_FIXED, -1, 0);
	works(addr, SIZE, "private and shared memory side by side");
	munmap(addr, SIZE);
}

static void of_memfd(void)
{
	int memfd = memfd_create("region", MFD_CLOEXEC);
	char *addr;

	if (ftruncate(memfd, SIZE))
		exit(1);
	addr = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	works(addr, SIZE, "a memfd");
	munmap(addr, SIZE);
	close(memfd);
}

static void huge_pages(int n)
{
	FILE *file = fopen("/proc/sys/vm/nr_hugepages", "w");

	fprintf(file, "%d\n", n);
	fclose(file);
}

static void of_hugetlb(void)
{
	int memfd = memfd_create("region", MFD_CLOEXEC | MFD_HUGETLB);
	char *file, *anon;
	long free;

	huge_pages(4);
	free = number("/proc/meminfo", "HugePages_Free:");
	if (memfd < 0 || free < 4 || ftruncate(memfd, HUGE_SIZE)) {
		diag("hugetlb is not tested: %ld huge pages", free);
		goto out;
	}
	file = mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	anon = mmap(NULL, HUGE_SIZE, PROT_READ | PROT_WRITE, PRIVATE | MAP_HUGETLB, -1, 0);
	works(file, HUGE_SIZE, "a memfd of huge pages");
	works(anon, HUGE_SIZE, "anonymous huge pages");
	munmap(file, HUGE_SIZE);
	munmap(anon, HUGE_SIZE);
	close(memfd);
	memfd = -1;
	ok(number("/proc/meminfo", "HugePages_Free:") == free, "huge pages come back");
out:
	close(memfd);
	huge_pages(0);
}

/* One region in the mapping of another: the first has the memory, both its pins. */
static void of_a_region(void)
{
	struct unified_io_setup setup = REGION_SETUP;
	struct level before = level();
	int fd = region_open(&setup);
	char *addr = region_map(fd, 0, SIZE, PROT_READ | PROT_WRITE);
	char *reader = region_map(fd, setup.offsets.rx, 4 * MIB, PROT_READ);

	works(addr, SIZE, "the memory of a region");
	refused(reader, 4 * MIB, EFAULT, "the memory of a region, mapped to read it");
	ok(region_info(fd).nr_pinned == 0, "which nothing has pinned then");
	munmap(addr, SIZE);
	munmap(reader, 4 * MIB);
	close(fd);
	back_to(before, "the region itself");
}

static int file_of(const char *path, size_t size)
{
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (file < 0 || ftruncate(file, size))
		exit(1);
	return file;
}

/* Whether its pages may be pinned for long is the file system's affair. */
static void of_shared_file(const char *path)
{
	int file = file_of(path, SIZE), fd;
	char *addr = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	struct level before = level();

	fd = user_open(addr, SIZE);
	ok(fd >= 0 || errno == EFAULT, "a file, %s: %s", path,
	   fd >= 0 ? "can be a region" : strerror(errno));
	if (fd >= 0)
		close(fd);
	back_to(before, path);
	/* Its pages must still be in order for the file system. */
	ok(!msync(addr, SIZE, MS_SYNC) && !munmap(addr, SIZE) && !ftruncate(file, 0),
	   "a file, %s: it can be written back and cut", path);
	close(file);
	unlink(path);
}

static void of_private_file(const char *path)
{
	int file = file_of(path, SIZE);
	char *addr = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);

	works(addr, SIZE, "a private mapping of a file");
	munmap(addr, SIZE);
	close(file);
	unlink(path);
}

/* What must be told of each write to a page of its own cannot have it pinned. */
static void of_drive(void)
{
	int file = open("/dev/nvme0n1", O_RDWR);
	char *addr = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	ok(addr != MAP_FAILED, "a drive can be mapped");
	refused(addr, SIZE, EFAULT, "the page cache of a drive");
	munmap(addr, SIZE);
	close(file);
}

static void of_secret(void)
{
	int fd = syscall(SYS_memfd_secret, 0);
	char *addr;

	if (fd < 0 || ftruncate(fd, SIZE)) {
		diag("secret memory is not tested: %s", strerror(errno));
		return;
	}
	addr = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	refused(addr, SIZE, EFAULT, "secret memory");
	munmap(addr, SIZE);
	close(fd);
}

/* --- what is refused ------------------------------------------------------- */

static void wrong_addresses(void)
{
	char *addr = anonymous(SHARED);

	refused(addr + 1, SIZE - 4096, EINVAL, "an address that is no page's");
	refused(addr + 2048, SIZE - 4096, EINVAL, "the middle of a page");
	refused(NULL, SIZE, EFAULT, "no address");
	refused((void *)-4096UL, SIZE, EFAULT, "the last page there is");
	refused((void *)-SIZE, SIZE, EFAULT, "the kernel's end");
	refused((void *)(1UL << 63), SIZE, EFAULT, "an address that cannot be");
	refused((void *)((1UL << 47) - SIZE / 2), SIZE, EFAULT, "half of it the kernel's");
	munmap(addr, SIZE);
}

static void wrong_mappings(void)
{
	char *addr = anonymous(SHARED);

	mprotect(addr, SIZE, PROT_READ);
	refused(addr, SIZE, EFAULT, "memory that is read-only");
	mprotect(addr, SIZE, PROT_NONE);
	refused(addr, SIZE, EFAULT, "memory without access");
	mprotect(addr, SIZE, PROT_READ | PROT_WRITE);
	mprotect(addr + SIZE - 4096, 4096, PROT_READ);
	refused(addr, SIZE, EFAULT, "memory whose last page is read-only");
	munmap(addr + SIZE - 4096, 4096);
	refused(addr, SIZE, EFAULT, "memory whose last page is not there");
	munmap(addr + SIZE / 2, 4096);
	refused(addr, SIZE, EFAULT, "memory with a hole");
	munmap(addr, 4096);
	refused(addr, SIZE, EFAULT, "memory whose first page is not there");
	munmap(addr, SIZE);
}

/* A file that ends before its mapping does: SIGBUS for others, here an errno. */
static void short_file(void)
{
	int memfd = memfd_create("region", MFD_CLOEXEC);
	char *addr;

	if (ftruncate(memfd, SIZE / 2))
		exit(1);
	addr = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	refused(addr, SIZE, EFAULT, "a file that is too short");
	munmap(addr, SIZE);
	close(memfd);
}

static void not_for_these(void)
{
	struct level before = level();
	char *addr = anonymous(SHARED);
	int fd = user_open(addr, SIZE);

	ok(region_map(fd, 0, 4096, PROT_READ) == MAP_FAILED && errno == EOPNOTSUPP,
	   "a region of user memory cannot be mapped");
	fails_with(ioctl(fd, UNIFIED_IO_SEAL), EOPNOTSUPP, "nor sealed");
	close(fd);
	munmap(addr, SIZE);
	back_to(before, "both");
}

/* --- RLIMIT_MEMLOCK -------------------------------------------------------- */

/* Above what is charged now. */
static void limit(size_t more)
{
	struct rlimit limit;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = charged() * 1024 + more;
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		exit(1);
}

/* NULL: of the module's own memory. */
static int setup_on(int fd, const void *addr)
{
	struct unified_io_setup setup = user_setup(addr, SIZE);

	if (!addr)
		setup.flags = 0;
	return ioctl(fd, UNIFIED_IO_SETUP, &setup);
}

/* Root's capability lifts the limit, so these are somebody else's checks. */
static void as_nobody(const int *fds, const char *addr)
{
	long before = charged();
	int i;

	limit(SIZE - 4096);
	fails_with(setup_on(fds[0], addr), ENOMEM, "a limit that is a page too low");
	ok(charged() == before, "which charges nothing");
	limit(SIZE);
	ok(!setup_on(fds[0], addr), "a limit that is just enough");
	ok(charged() == before + (long)SIZE / 1024, "which is used up");
	fails_with(setup_on(fds[1], addr), ENOMEM, "and not enough for the same again");
	close(fds[0]);
	for (i = 0; i < 100 && charged() != before; i++)
		usleep(10000);
	ok(charged() == before, "until the first is closed");
	ok(!setup_on(fds[1], addr), "and then there is room");
}

static void memlock(char *addr, const char *what)
{
	int fds[2] = { open(UNIFIED_IO_DEVICE, O_RDWR), open(UNIFIED_IO_DEVICE, O_RDWR) };
	struct rlimit old, unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct level before = level();

	getrlimit(RLIMIT_MEMLOCK, &old);
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) || seteuid(65534))
		exit(1);
	as_nobody(fds, addr);
	if (seteuid(0) || setrlimit(RLIMIT_MEMLOCK, &old))
		exit(1);
	close(fds[1]);
	if (addr)
		munmap(addr, SIZE);
	back_to(before, what);
}

/* --- other processes, other threads ---------------------------------------- */

static void no_region(const char *after)
{
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR), i;
	struct unified_io_region_info info;

	for (i = 0; i < 100; i++) {
		info.id = 1;
		if (ioctl(fd, UNIFIED_IO_GET_REGION, &info))
			break;
		usleep(10000);
	}
	ok(i < 100 && errno == ENOENT, "%s", after);
	close(fd);
}

static void killed(void)
{
	struct level before = level();
	int pipes[2], status;
	char there = 0;
	pid_t pid;

	if (pipe(pipes))
		exit(1);
	pid = fork();
	if (!pid) {
		there = user_open(anonymous(SHARED), SIZE) >= 0;
		if (write(pipes[1], &there, 1) == 1)
			pause();
		_exit(1);
	}
	ok(read(pipes[0], &there, 1) == 1 && there && pinned() - before.pinned == PAGES,
	   "another process has a region");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status), "and is killed");
	no_region("after which there is no region");
	back_to(before, "kill -9");
	close(pipes[0]);
	close(pipes[1]);
}

/* At any point of set-up and of close. */
static void killed_at_work(void)
{
	struct level before = level();
	int i, status;
	pid_t pid;

	for (i = 0; i < 30; i++) {
		pid = fork();
		while (!pid) {
			char *addr = anonymous(i % 2 ? SHARED : PRIVATE);

			close(user_open(addr, SIZE));
			munmap(addr, SIZE);
		}
		usleep(1000 + i * 1700);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	no_region("30 processes are killed at work, and no region is left");
	back_to(before, "kill -9 at work");
}

/* Its memory and its charge are the child's, who is gone when it is closed. */
static void process_is_gone(void)
{
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR), status;
	struct level before = level();
	pid_t pid = fork();

	if (!pid)
		_exit(setup_on(fd, anonymous(PRIVATE)) ? errno : 0);
	waitpid(pid, &status, 0);
	ok(!status && region_info(fd).owner_pid == (uint32_t)pid,
	   "a region whose process is gone (%d)", status >> 8);
	ok(pinned() - before.pinned == PAGES, "has its memory");
	close(fd);
	back_to(before, "a region whose process is gone");
}

struct race {
	int fd;
	char *addr;
};

static void *race(void *arg)
{
	struct race *r = arg;

	return (void *)(long)(setup_on(r->fd, r->addr) ? errno : 0);
}

/* One of two finds that it came too late, and undoes what it did. */
static void two_at_once(void)
{
	struct race r = { .addr = anonymous(SHARED) };
	struct level before = level();
	int i, good = 0;

	for (i = 0; i < 30; i++) {
		pthread_t thread;
		void *other;
		long mine;

		r.fd = open(UNIFIED_IO_DEVICE, O_RDWR);
		pthread_create(&thread, NULL, race, &r);
		mine = (long)race(&r);
		pthread_join(thread, &other);
		good += (!mine && (long)other == EBUSY) || (mine == EBUSY && !other);
		close(r.fd);
	}
	ok(good == 30, "two threads at once, 30 times: one of them wins (%d)", good);
	back_to(before, "two at once");
	munmap(r.addr, SIZE);
}

/* What ran before may still be letting go of its pins. */
static void settle(void)
{
	int i;

	for (i = 0; i < 100 && pinned(); i++)
		usleep(10000);
}

int main(void)
{
	settle();
	anonymous_memory();
	two_mappings();
	of_memfd();
	of_hugetlb();
	of_a_region();
	of_shared_file("/tmp/region-user-memory");
	of_shared_file("/root/region-user-memory");
	of_private_file("/tmp/region-user-memory");
	of_drive();
	of_secret();
	wrong_addresses();
	wrong_mappings();
	short_file();
	not_for_these();
	memlock(anonymous(SHARED), "the caller's memory under a limit");
	memlock(NULL, "the module's memory under a limit");
	killed();
	killed_at_work();
	process_is_gone();
	two_at_once();
	return done();
}
