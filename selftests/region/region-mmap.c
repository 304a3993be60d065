// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a region behave as a shared mapping should: in parts, in two
 * places, across fork, mremap and mprotect, by huge pages where they fit; and
 * the module knows how many there are.
 */
#include <signal.h>
#include <sys/wait.h>

#include "region.h"

#define SIZE (16 * MIB)

static int fd;

static unsigned int maps(void)
{
	return region_info(fd).nr_maps;
}

/* What stands behind a key in the smaps entry of the mapping that begins at addr. */
static const char *smaps_text(void *addr, const char *key)
{
	static char line[256];
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	const char *text = "";
	bool ours = false;

	while (f && !*text && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			ours = start == (unsigned long)addr;
		else if (ours && !strncmp(line, key, strlen(key)))
			text = line + strlen(key);
	}
	if (f)
		fclose(f);
	return text;
}

/* Likewise, a number in KiB. */
static long smaps(void *addr, const char *key)
{
	long value = -1;

	sscanf(smaps_text(addr, key), ": %ld", &value);
	return value;
}

static void wrong_mappings(void)
{
	ok(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL,
	   "a private mapping: invalid");
	ok(region_map(fd, 0, SIZE + 4096, PROT_READ) == MAP_FAILED && errno == ERANGE,
	   "a page too much: out of range");
	ok(region_map(fd, SIZE, 4096, PROT_READ) == MAP_FAILED && errno == ERANGE,
	   "the page after the last");
	ok(region_map(fd, 1ULL << 62, 4096, PROT_READ) == MAP_FAILED && errno == ERANGE,
	   "a page far out");
	ok(maps() == 0, "none of them counts");
}

static void whole(void)
{
	unsigned char *a = region_map(fd, 0, SIZE, PROT_READ | PROT_WRITE);
	unsigned char *b = region_map(fd, SIZE - 8192, 8192, PROT_READ | PROT_WRITE);
	size_t i, zeroes = 0;

	if (!ok(a != MAP_FAILED && b != MAP_FAILED, "all of it, and its last pages once more"))
		return;
	ok(maps() == 2, "two mappings");
	for (i = 0; i < SIZE; i += 512)
		zeroes += !a[i];
	ok(zeroes == SIZE / 512, "it begins as zeroes");
	ok(smaps(a, "FilePmdMapped") > 0, "huge pages are mapped as such");
	ok(strstr(smaps_text(a, "VmFlags"), " dd"), "it is not in a core dump");
	a[SIZE - 1] = 0x5a;
	b[0] = 0xa5;
	ok(b[8191] == 0x5a && a[SIZE - 8192] == 0xa5, "both are the same memory");
	munmap(b, 8192);
	ok(maps() == 1, "one mapping");
	munmap(a + 4 * MIB, 4096);
	ok(maps() == 2, "a hole makes it two");
	ok(a[SIZE - 1] == 0x5a, "of the same memory");
	munmap(a, SIZE);
	ok(maps() == 0, "none");
}

static void small_pages(void)
{
	unsigned char *a = region_map(fd, 4096, 4 * MIB, PROT_READ | PROT_WRITE);

	madvise(a, 4 * MIB, MADV_NOHUGEPAGE);
	memset(a, 0x11, 4 * MIB);
	ok(smaps(a, "FilePmdMapped") == 0 && smaps(a, "Rss") == 4096, "by small pages where told");
	munmap(a, 4 * MIB);
	a = region_map(fd, 4096, 4096, PROT_READ);
	ok(a[4095] == 0x11, "which are the region's");
	munmap(a, 4096);
}

static void forked(void)
{
	unsigned char *a = region_map(fd, 2 * MIB, 2 * MIB, PROT_READ | PROT_WRITE);
	int status;
	pid_t pid;

	a[0] = 1;
	pid = fork();
	if (!pid) {
		if (a[0] != 1 || maps() != 2)
			_exit(1);
		a[1] = 2;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(status == 0 && a[1] == 2, "a child shares it");
	ok(maps() == 1, "and its mapping goes with it");

	pid = fork();
	if (!pid)
		pause();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(maps() == 1, "also when it is killed");
	munmap(a, 2 * MIB);
}

static void moved(void)
{
	unsigned char *a = region_map(fd, 0, 1 * MIB, PROT_READ | PROT_WRITE), *b;

	a[4096] = 0x77;
	ok(mremap(a, 1 * MIB, 2 * MIB, MREMAP_MAYMOVE) == MAP_FAILED, "mremap does not grow it");
	b = mremap(a, 1 * MIB, 64 * 1024, 0);
	ok(b == a && maps() == 1, "it shrinks it");
	b = mmap(NULL, 64 * 1024, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	b = mremap(a, 64 * 1024, 64 * 1024, MREMAP_MAYMOVE | MREMAP_FIXED, b);
	ok(b != MAP_FAILED && b != a && b[4096] == 0x77, "and moves it");
	ok(maps() == 1, "one mapping all the while");
	ok(!mprotect(b, 4096, PROT_READ) && maps() == 2, "mprotect of a page splits it");
	ok(!mprotect(b, 4096, PROT_READ | PROT_WRITE), "and back");
	b[0] = 1;
	munmap(b, 64 * 1024);
	ok(maps() == 0, "none");
}

static void read_only(void)
{
	int status;
	unsigned char *a = region_map(fd, 0, 4096, PROT_READ);

	if (!fork()) {
		a[0] = 1;
		_exit(0);
	}
	wait(&status);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a read-only mapping is read-only");
	munmap(a, 4096);
}

int main(void)
{
	struct unified_io_setup s = REGION_SETUP;
	unsigned char *a;

	fd = region_open(&s);
	if (!ok(fd >= 0, "a region"))
		return done();
	wrong_mappings();
	whole();
	small_pages();
	forked();
	moved();
	read_only();

	a = region_map(fd, 0, SIZE, PROT_READ | PROT_WRITE);
	a[100] = 42;
	close(fd);
	ok(a[100] == 42, "a mapping keeps the region when its descriptor is closed");
	munmap(a, SIZE);
	return done();
}
