// SPDX-License-Identifier: GPL-2.0
/*
 * A process hook that sleeps, for as long as the memory that it reads is not there:
 * it holds up nothing but its own operation.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "policy.h"
#include "region.h"

static struct unified_io_setup setup = REGION_SETUP, second = REGION_SETUP;
static struct policy sleeper;
static char *missing;
static int handler, fd, other;

static int seconds_since(time_t start)
{
	return time(NULL) - start;
}

static int act(int region, unsigned long cmd, const char *name)
{
	struct unified_io_bpf bpf = {};

	strcpy(bpf.name, name);
	return ioctl(region, cmd, &bpf) ? -errno : 0;
}

/* A page that is read, and does not come. */
static bool page_is_missing(void)
{
	struct uffdio_register range = { .range.len = 4096, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };

	missing = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	handler = syscall(__NR_userfaultfd, O_CLOEXEC);
	range.range.start = (uintptr_t)missing;
	return !ioctl(handler, UFFDIO_API, &api) && !ioctl(handler, UFFDIO_REGISTER, &range);
}

static void *submitting(void *arg)
{
	struct unified_io_submit submit = { .desc = { .type = UNIFIED_REGION_F_BPF, .len = 64 } };

	return (void *)(intptr_t)(ioctl(*(int *)arg, UNIFIED_IO_SUBMIT, &submit) ? errno : 0);
}

static void falls_asleep(pthread_t *thread, int *region)
{
	struct uffd_msg msg;

	pthread_create(thread, NULL, submitting, region);
	ok(read(handler, &msg, sizeof(msg)) == sizeof(msg), "a hook sleeps");
}

static void wakes_up(pthread_t thread)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)missing, 4096 } };
	void *error;

	ioctl(handler, UFFDIO_ZEROPAGE, &zero);
	pthread_join(thread, &error);
	ok(!error, "it wakes up, and its operation ends well");
	madvise(missing, 4096, MADV_DONTNEED);
}

/* In a child, which is killed if it takes too long. */
static bool soon(int (*what)(void), const char *name)
{
	int status, i;
	pid_t pid = fork();

	if (!pid)
		_exit(what() ? 1 : 0);
	for (i = 0; i < 200; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return ok(WIFEXITED(status) && !WEXITSTATUS(status), "%s", name);
		usleep(50000);
	}
	kill(pid, SIGKILL);
	for (i = 0; i < 100 && waitpid(pid, &status, WNOHANG) != pid; i++)
		usleep(50000);
	return ok(false, "%s (it %s)", name, i < 100 ? "hangs" : "cannot even be killed");
}

static int another_policy(void)
{
	struct policy p = policy_open(PROGS "chain.bpf.o", "a");
	int ret = policy_attach(&p);

	if (!ret)
		ret = act(other, UNIFIED_IO_ATTACH_BPF, "a");
	if (!ret)
		ret = act(other, UNIFIED_IO_DETACH_BPF, "a");
	policy_close(&p);
	return ret;
}

static int another_region(void)
{
	struct unified_io_setup s = REGION_SETUP;
	int region = region_open(&s), ret;

	ret = act(region, UNIFIED_IO_ATTACH_BPF, "sleeper");
	return ret ?: close(region);
}

static int attach_beside(void)
{
	struct policy p = policy_open(PROGS "chain.bpf.o", "a");
	int ret = policy_attach(&p);

	if (!ret)
		ret = act(fd, UNIFIED_IO_ATTACH_BPF, "a");
	policy_close(&p);
	return ret;
}

static int detach_it(void)
{
	return act(fd, UNIFIED_IO_DETACH_BPF, "sleeper");
}

/* It waits until the hook has returned, and is killed while it does. */
static void detaching(void)
{
	int status, i;
	pid_t pid = fork();

	if (!pid)
		_exit(detach_it() ? 1 : 0);
	usleep(300000);
	ok(!waitpid(pid, &status, WNOHANG), "DETACH waits for a hook that runs");
	kill(pid, SIGKILL);
	for (i = 0; i < 100 && waitpid(pid, &status, WNOHANG) != pid; i++)
		usleep(50000);
	ok(i < 100, "and can be killed");
	ok(detach_it() == -ENOENT, "it is detached all the same");
}

static void nobody_waits(void)
{
	pthread_t thread;

	falls_asleep(&thread, &fd);
	soon(another_policy, "another policy comes, is attached elsewhere, and goes");
	soon(another_region, "another region is opened, has the policy, and is closed");
	soon(attach_beside, "another policy is attached to the region, and goes");
	detaching();
	wakes_up(thread);
	ok(*(uint64_t *)(policy_section(&sleeper, ".bss") + 8) == 1, "the hook ran once");
}

/* The last reference of its region, and of its policy. */
static void all_goes(void)
{
	pthread_t thread;
	time_t start;

	ok(!act(other, UNIFIED_IO_ATTACH_BPF, "sleeper"), "once more, in the other region");
	falls_asleep(&thread, &other);
	start = time(NULL);
	policy_close(&sleeper);
	ok(seconds_since(start) < 10, "its policy is unloaded while it sleeps");
	ok(act(fd, UNIFIED_IO_ATTACH_BPF, "sleeper") == -ENOENT, "and is gone for others");
	wakes_up(thread);
}

/* The one who sleeps is killed. */
static void killed(void)
{
	int status, i;
	pid_t pid;

	pid = fork();
	if (!pid) {
		/* The page and its handler are this process's own. */
		page_is_missing();
		sleeper = policy_open(PROGS "sleeper.bpf.o", "sleeper");
		if (policy_attach(&sleeper) || act(fd, UNIFIED_IO_ATTACH_BPF, "sleeper"))
			_exit(1);
		*(uint64_t *)policy_section(&sleeper, ".bss") = (uintptr_t)missing;
		submitting(&fd);
		_exit(2);
	}
	usleep(1500000);
	kill(pid, SIGKILL);
	for (i = 0; i < 100 && waitpid(pid, &status, WNOHANG) != pid; i++)
		usleep(50000);
	ok(i < 100 && WIFSIGNALED(status), "a process that sleeps in a hook is killed");
	for (i = 0; i < 100 && act(fd, UNIFIED_IO_ATTACH_BPF, "sleeper") != -ENOENT; i++) {
		act(fd, UNIFIED_IO_DETACH_BPF, "sleeper");
		usleep(50000);
	}
	ok(i < 100, "and its policy goes with it");
}

int main(void)
{
	libbpf_set_print(NULL);
	fd = region_open(&setup);
	other = region_open(&second);
	sleeper = policy_open(PROGS "sleeper.bpf.o", "sleeper");
	if (!ok(fd >= 0 && other >= 0 && page_is_missing() && !policy_attach(&sleeper) &&
			!act(fd, UNIFIED_IO_ATTACH_BPF, "sleeper"),
		"a policy that sleeps"))
		return done();
	*(uint64_t *)policy_section(&sleeper, ".bss") = (uintptr_t)missing;
	nobody_waits();
	all_goes();
	killed();
	close(fd);
	close(other);
	return done();
}
