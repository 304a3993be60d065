/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault sweeps: the Nth thing that can fail does (see fail_nth.h), for each N until there
 * is none. Each time the answer is an errno, nothing stays behind, and the next try
 * works. What is lost meanwhile, kmemleak tells.
 *
 * It takes a kernel with fault injection: make check KERNEL=kasan TESTS='faults*'
 */
#ifndef FAULTS_H
#define FAULTS_H

#include "fail_nth.h"
#include "io.h"
#include "policy.h"

#define MOST 5000

/* --- faults ------------------------------------------------------------------ */

static int nth;

static void faults_open(void)
{
	if (!faults_are_there())
		skip_all("this kernel injects no faults: make check KERNEL=kasan");
	nth = faults_of_thread();
	if (!ok(nth >= 0 && faults_set_up(), "whatever can fail does"))
		exit(done());
}

static void fail(int n)
{
	if (!fault_at(nth, n)) {
		ok(false, "fault %d is asked for", n);
		exit(done());
	}
}

/*
 * Did it happen? Reading fail-nth copies to user space and may be what fails: then
 * nothing before it did.
 */
static bool fault_was(void)
{
	char text[16] = "";
	bool was = pread(nth, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	while (!fault_at(nth, 0))
		;
	return was;
}

/* --- the sweep ---------------------------------------------------------------------- */

struct path {
	const char *name;
	int (*run)(void);      /* 0, or -errno */
	void (*prepare)(void); /* before it, without faults */
	void (*undo)(void);    /* after it, however it ended */
};

static int bad_results; /* of operations */

static int module_users(void)
{
	FILE *file = fopen("/sys/module/unified_io_region/refcnt", "re");
	int n = -1;

	if (file && fscanf(file, "%d", &n) != 1)
		n = -1;
	if (file)
		fclose(file);
	return n;
}

static int error_of(int ret)
{
	return ret < 0 ? -errno : ret;
}

static int once(const struct path *p)
{
	if (p->prepare)
		p->prepare();
	return p->run();
}

static void sweep(const struct path *p, bool same)
{
	int n, ret = 0, failed = 0, odd = 0, again = 0;
	int users = module_users();
	bool was = true;

	for (n = 1; was && n < MOST; n++) {
		if (p->prepare)
			p->prepare();
		fail(n);
		ret = p->run();
		was = fault_was();
		if (was && same && ret < 0 && ret != -EFAULT) {
			int more = p->run();

			again = more < 0 ? more : again;
		}
		if (p->undo)
			p->undo();
		if (!was)
			break;
		failed += ret < 0;
		if (ret < 0 && ret != -ENOMEM && ret != -EFAULT && ret != -EAGAIN &&
		    ret != -ENOBUFS && ret != -EIO)
			odd = ret;
		/* And now without. */
		bad_results = 0;
		ret = once(p);
		again = ret < 0 ? ret : again;
		if (p->undo)
			p->undo();
		again = bad_results ? -EBADMSG : again;
	}
	if (!ok(!was && n > 1 && ret >= 0 && !odd && !again, "%s: %d faults, %d returned an error",
		p->name, n - 1, failed))
		diag("without a fault %d, unexpected errno %d, retry %d", ret, odd, again);
	for (n = 0; n < 5000 && module_users() > users; n++)
		usleep(1000);
	if (module_users() > users)
		ok(false, "%s: %d users more", p->name, module_users() - users);
}

#endif
