// SPDX-License-Identifier: GPL-2.0
/*
 * VM: --threads multi
 *
 * What happens when a policy is attached and detached: its init and exit hooks
 * run once each, with the reason; what is no sound policy is refused with an
 * errno that says which thing was wrong, and leaves nothing behind.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "policy.h"
#include "unified_io.h"

#define OBJECT PROGS "policy_attach.bpf.o"

/* What the programs keep in .bss, in this order. */
struct diary {
	int inits, exits;
	char exit_reason[64];
};

static int device;

static unsigned int registered(void)
{
	struct unified_io_info info = {};

	ioctl(device, UNIFIED_IO_GET_INFO, &info);
	return info.policies;
}

static void refused(const char *name, int error, const char *what)
{
	struct policy p = policy_open(OBJECT, name);
	int ret = policy_attach(&p);

	if (!ok(ret == -error, "%s: %s", what, strerror(error)))
		diag("got %s", strerror(-ret));
	ok(registered() == 0, "and nothing is registered");
	policy_close(&p);
}

static void accepted(const char *name, const char *what)
{
	struct policy p = policy_open(OBJECT, name);

	ok(!policy_attach(&p) && registered() == 1, "%s", what);
	policy_close(&p);
}

static void answers(int answer, int error)
{
	struct policy p = policy_open(OBJECT, "stubborn");
	int ret;

	*(int *)policy_section(&p, ".rodata") = answer;
	ret = policy_attach(&p);
	if (!ok(ret == -error, "an init hook that returns %d: %s", answer, strerror(error)))
		diag("got %s", strerror(-ret));
	policy_close(&p);
}

static void lives_once(void)
{
	struct policy p = policy_open(OBJECT, "diary"), twin = policy_open(OBJECT, "twin");
	struct bpf_link *second;
	struct diary *diary;

	ok(!policy_attach(&p) && registered() == 1, "a policy attaches");
	second = bpf_map__attach_struct_ops(p.map);
	ok(!second && errno == EBUSY, "the same map a second time: busy");
	bpf_link__destroy(second);
	ok(policy_attach(&twin) == -EEXIST, "another policy of that name: exists");
	policy_close(&twin);

	ok(registered() == 1, "the first is still there");
	bpf_link__destroy(p.link);
	p.link = NULL;
	ok(registered() == 0, "it goes with its link");
	diary = policy_section(&p, ".bss");
	ok(diary->inits == 1 && diary->exits == 1, "init and exit ran once each (%d, %d)",
	   diary->inits, diary->exits);

	p.link = bpf_map__attach_struct_ops(p.map);
	ok(p.link && registered() == 1, "the same map attaches again after that");
	policy_close(&p);
}

static void tells_reason(void)
{
	struct policy p = policy_open(OBJECT, "diary");
	struct diary *diary;

	ok(!policy_attach(&p) && !bpf_link_detach(bpf_link__fd(p.link)),
	   "a link detaches while it is held");
	ok(registered() == 0, "and the policy is gone at once");
	diary = policy_section(&p, ".bss");
	ok(*(int *)policy_section(&p, ".data") == 0, "exit learns that it was detached");
	ok(strstr(diary->exit_reason, "link") != NULL, "in words, too");
	policy_close(&p);
}

int main(void)
{
	libbpf_set_print(NULL);
	device = open(UNIFIED_IO_DEVICE, O_RDWR);
	if (!ok(device >= 0, "the device opens"))
		return done();

	lives_once();
	tells_reason();
	refused("nameless", EINVAL, "no name");
	refused("slashed", EINVAL, "a slash in the name");
	refused("hidden", EINVAL, "a name that begins with a dot");
	refused("flagged", EINVAL, "an unknown flag");
	refused("homeless", ENOENT, "a region that does not exist");
	refused("empty", EINVAL, "a policy without any hook");
	refused("dashed", EINVAL, "a name that looks like an option");
	refused("unended", EINVAL, "a name of 32 characters");
	accepted("longest", "a name of 31 characters");
	answers(-EPERM, EPERM);
	answers(-ENOSPC, ENOSPC);
	answers(1, EINVAL);
	answers(-5000, EINVAL);
	answers(0, 0);
	return done();
}
