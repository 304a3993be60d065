// SPDX-License-Identifier: GPL-2.0
/*
 * Every hook has a descriptor that it may write to, without a test for NULL and
 * whether or not it may sleep: init and exit, too, which are about no operation.
 */
#include "policy.h"
#include "region.h"

enum {
	INIT,
	EXIT,
	PROCESS,
	RX,
	SUBMIT,
	COMPLETE,
	HOOKS
};

struct seen {
	uint64_t found[HOOKS];
	uint32_t calls[HOOKS];
};

static struct unified_io_setup setup = REGION_SETUP;
static int fd;

static void writes_everywhere(const char *name)
{
	struct policy p = policy_open(PROGS "policy_desc.bpf.o", name);
	struct unified_io_submit s = { .desc = { .type = UNIFIED_REGION_F_BPF, .len = 8 } };
	struct unified_io_bpf bpf = {};
	struct seen *seen;
	int ret;

	ret = policy_attach(&p);
	if (!ok(!ret, "%s: the verifier lets every hook write", name)) {
		policy_close(&p);
		return;
	}
	seen = policy_section(&p, ".bss");
	ok(seen->calls[INIT] == 1 && !seen->found[INIT], "%s: init had one of its own, all zero",
	   name);
	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	ret = ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf) ?: ioctl(fd, UNIFIED_IO_SUBMIT, &s);
	ok(!ret && seen->calls[PROCESS] == 1 && seen->found[PROCESS] == 8,
	   "%s: process had the operation's", name);
	bpf_link__destroy(p.link);
	p.link = NULL;
	ok(seen->calls[EXIT] == 1 && !seen->found[EXIT], "%s: exit had one of its own, all zero",
	   name);
	policy_close(&p);
}

int main(void)
{
	fd = region_open(&setup);
	libbpf_set_print(NULL);
	writes_everywhere("writes");
	writes_everywhere("sleeps");
	close(fd);
	return done();
}
