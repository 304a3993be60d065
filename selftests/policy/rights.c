// SPDX-License-Identifier: GPL-2.0
/*
 * Who may reach a region by its number, and who may detach a policy: with all
 * capabilities, with those of a policy's loader, with a BPF token, as a user, and as
 * root of a user namespace.
 *
 * VM: --nvme 64M
 */
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <bpf/btf.h>

#include "io.h"
#include "policy.h"

#define OBJECT PROGS "rights.bpf.o"

static struct unified_io_setup setup = REGION_SETUP, shared = REGION_SETUP;
static int fd, shared_fd, theirs;

/* --- who --------------------------------------------------------------------------- */

static int set_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)mask, .permitted = (uint32_t)mask },
		{ .effective = mask >> 32, .permitted = mask >> 32 },
	};

	return syscall(__NR_capset, &header, data);
}

static int administrator(void)
{
	return 0;
}

/* What it takes to load a policy or a program for XDP, and no more. */
static int loader(void)
{
	return set_capabilities(1ULL << CAP_BPF | 1ULL << CAP_PERFMON | 1ULL << CAP_NET_ADMIN);
}

static int root_without(void)
{
	return set_capabilities(0);
}

static int somebody(void)
{
	return setresuid(1000, 1000, 1000);
}

static int somebody_else(void)
{
	return setresuid(1001, 1001, 1001);
}

static int root_of_a_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

/* What a function that returns 0 or -errno returns in a process of theirs. */
static int as(int (*who)(void), int (*what)(const void *arg), const void *arg)
{
	int status, ret;
	pid_t pid = fork();

	if (!pid) {
		if (who())
			_exit(255);
		ret = what(arg);
		_exit(ret < 0 ? -ret : ret);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

/* --- programs that take a region by its number --------------------------------------- */

static int module_btf, get_id, get_shared_id, put_id;

static void find_kfuncs(void)
{
	struct btf *kernel = btf__load_vmlinux_btf(), *btf = NULL;
	struct bpf_btf_info info;
	char name[64];
	uint32_t id = 0, len;

	while (!btf && !bpf_btf_get_next_id(id, &id)) {
		module_btf = bpf_btf_get_fd_by_id(id);
		info = (struct bpf_btf_info){ .name = (uintptr_t)name, .name_len = sizeof(name) };
		len = sizeof(info);
		if (!bpf_btf_get_info_by_fd(module_btf, &info, &len) &&
		    !strcmp(name, "unified_io_region"))
			btf = btf__load_from_kernel_by_id_split(id, kernel);
		else
			close(module_btf);
	}
	get_id = btf__find_by_name_kind(btf, "bpf_unified_region_get", BTF_KIND_FUNC);
	get_shared_id = btf__find_by_name_kind(btf, "bpf_unified_region_get_shared", BTF_KIND_FUNC);
	put_id = btf__find_by_name_kind(btf, "bpf_unified_region_put", BTF_KIND_FUNC);
	btf__free(btf);
	btf__free(kernel);
}

struct take {
	enum bpf_prog_type type;
	int kfunc;
	uint32_t region;
	int token;
};

#define NOT_ALLOWED 200 /* the verifier said so */

static struct bpf_insn call(int kfunc)
{
	return (struct bpf_insn){
		.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .off = 1, .imm = kfunc
	};
}

/* A program that returns 1 if it got the region. Its descriptor, NOT_ALLOWED, or -errno. */
static int load(const struct take *t)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = t->region },
		call(t->kfunc),
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 0, .off = 3 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 0 },
		call(put_id),
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static char log[65536];
	int fds[] = { 0, module_btf }, ret;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .fd_array = fds, .token_fd = t->token, .log_buf = log,
		    .log_size = sizeof(log), .log_level = 1);

	if (t->type == BPF_PROG_TYPE_SYSCALL)
		opts.prog_flags |= BPF_F_SLEEPABLE;
	if (t->token)
		opts.prog_flags |= BPF_F_TOKEN_FD;
	ret = bpf_prog_load(t->type, "take", "GPL", program, sizeof(program) / sizeof(*program),
			    &opts);
	if (ret >= 0)
		return ret;
	return strstr(log, "is not allowed") ? NOT_ALLOWED : -errno;
}

static int loads(const void *arg)
{
	int ret = load(arg);

	return ret == NOT_ALLOWED || ret < 0 ? ret : 0;
}

/* Does it get the region? 1 or 0. */
static int takes(const void *arg)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int prog = load(arg);

	if (prog == NOT_ALLOWED || prog < 0)
		return prog;
	return bpf_prog_test_run_opts(prog, &opts) ? -errno : (int)opts.retval;
}

static void by_number(void)
{
	static const struct {
		enum bpf_prog_type type;
		const char *name;
	} types[] = { { BPF_PROG_TYPE_SYSCALL, "syscall" },
		      { BPF_PROG_TYPE_XDP, "XDP" },
		      { BPF_PROG_TYPE_SCHED_CLS, "tc" } };
	struct take t = { .region = setup.id };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		t.type = types[i].type;
		t.kfunc = get_id;
		ok(as(administrator, loads, &t) == 0,
		   "%s: an administrator's program takes regions", types[i].name);
		ok(as(loader, loads, &t) == NOT_ALLOWED, "%s: one of CAP_BPF alone does not",
		   types[i].name);
		t.kfunc = get_shared_id;
		ok(as(loader, loads, &t) == 0, "%s: but those that are for all", types[i].name);
	}
	t = (struct take){ BPF_PROG_TYPE_SYSCALL, get_id, setup.id, 0 };
	ok(as(administrator, takes, &t) == 1, "an administrator's gets the region");
	ok(as(somebody, loads, &t) == EPERM, "a user loads none");
	ok(as(root_of_a_namespace, loads, &t) == EPERM, "nor does root of a user namespace");
	t.kfunc = get_shared_id;
	ok(as(loader, takes, &t) == 0, "a region that is not for all is not there for others");
	ok(as(administrator, takes, &t) == 0, "whoever loaded them");
	t.region = shared.id;
	ok(as(loader, takes, &t) == 1, "one that is, is");
}

/* --- a token --------------------------------------------------------------------------- */

/* What the two processes that share their descriptors tell each other. */
struct delegation {
	int steps[2]; /* a socket pair */
	int fs, mount, token;
	struct take take;
};

static void step(int socket)
{
	char byte = 0;

	if (write(socket, &byte, 1) != 1)
		_exit(253);
}

static void awaits(int socket)
{
	char byte;

	if (read(socket, &byte, 1) != 1)
		_exit(253);
}

/* In a user namespace: a file system for BPF, which the administrator delegates to. */
static int delegated(struct delegation *d)
{
	LIBBPF_OPTS(bpf_token_create_opts, opts);
	int root;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 252;
	step(d->steps[1]);
	awaits(d->steps[1]);
	d->fs = syscall(__NR_fsopen, "bpf", 0);
	step(d->steps[1]);
	awaits(d->steps[1]);
	root = openat(d->mount, ".", O_RDONLY);
	d->take.token = bpf_token_create(root, &opts);
	if (d->take.token < 0)
		return 251;
	return loads(&d->take);
}

static void write_to(pid_t pid, const char *file, const char *what)
{
	char path[64];
	int map;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	map = open(path, O_WRONLY);
	if (write(map, what, strlen(what)) < 0)
		diag("%s: %s", path, strerror(errno));
	close(map);
}

static void delegate(struct delegation *d, pid_t pid)
{
	static const char *const what[] = { "delegate_cmds", "delegate_maps", "delegate_progs",
					    "delegate_attachs" };
	size_t i;

	awaits(d->steps[0]);
	write_to(pid, "uid_map", "0 0 1");
	write_to(pid, "gid_map", "0 0 1");
	step(d->steps[0]);
	awaits(d->steps[0]);
	for (i = 0; i < sizeof(what) / sizeof(*what); i++)
		syscall(__NR_fsconfig, d->fs, FSCONFIG_SET_STRING, what[i], "any", 0);
	syscall(__NR_fsconfig, d->fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	d->mount = syscall(__NR_fsmount, d->fs, 0, 0);
	step(d->steps[0]);
}

/* The descriptors are shared, so that either can use what the other opened. */
static int with_token(int kfunc)
{
	struct delegation *d =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	*d = (struct delegation){ .take = { BPF_PROG_TYPE_SYSCALL, kfunc, shared.id, 0 } };
	socketpair(AF_UNIX, SOCK_STREAM, 0, d->steps);
	pid = syscall(__NR_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid) {
		status = delegated(d);
		_exit(status < 0 ? -status : status);
	}
	delegate(d, pid);
	waitpid(pid, &status, 0);
	close(d->fs);
	close(d->mount);
	munmap(d, 4096);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

static void by_token(void)
{
	int ret = with_token(get_shared_id);

	if (!ok(ret == 0, "with a token, a program takes a region that is for all"))
		diag("got %d", ret);
	ret = with_token(get_id);
	if (!ok(ret == NOT_ALLOWED, "and no other"))
		diag("got %d", ret);
}

/* --- policies that name a region ---------------------------------------------------------- */

static int registers(const void *arg)
{
	struct policy *p = (struct policy *)arg;
	struct bpf_link *link = bpf_map__attach_struct_ops(p->map);

	return link ? 0 : -errno;
}

static struct policy watch_of(uint32_t region, uint32_t flags)
{
	struct policy p = policy_open(OBJECT, "watch");
	struct unified_region_ops {
		void *hooks[6];
		uint64_t region;
		int32_t priority;
		uint32_t flags;
	} *ops;
	size_t size;

	ops = bpf_map__initial_value(p.map, &size);
	ops->region = region;
	ops->flags = flags;
	return p;
}

static int names_region(int (*who)(void), uint32_t region, uint32_t flags)
{
	struct policy p = watch_of(region, flags);
	int ret;

	ret = bpf_object__load(p.obj) ? 250 : as(who, registers, &p);
	policy_close(&p);
	return ret;
}

static void naming(void)
{
	ok(names_region(administrator, setup.id, 0) == 0,
	   "an administrator's policy names a region");
	ok(names_region(loader, setup.id, 0) == EPERM, "one of CAP_BPF alone must not");
	ok(names_region(loader, 4000, 0) == EPERM, "and does not learn which there are");
	ok(names_region(administrator, 4000, 0) == ENOENT, "which an administrator does");
	ok(names_region(loader, shared.id, 0) == 0, "it may name one that is for all");
	ok(names_region(loader, 0, 0) == 0, "and none");
	ok(names_region(administrator, 0, 2) == EINVAL, "enforced nowhere: that is a mistake");
}

/* What is for one region, its loader lets no other have. */
static void of_one_region(void)
{
	struct unified_io_bpf bpf = { .name = "watch" };
	struct policy p = watch_of(setup.id, 0);

	ok(!policy_attach(&p), "a policy of one region");
	fails_with(ioctl(shared_fd, UNIFIED_IO_ATTACH_BPF, &bpf), EXDEV, "to another");
	ok(!ioctl(fd, UNIFIED_IO_DETACH_BPF, &bpf) && !ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf),
	   "to its own, again");
	policy_close(&p);
}

/* --- enforced policies ----------------------------------------------------------------- */

static int bpf(int region, unsigned long cmd, const char *name, uint32_t flags)
{
	struct unified_io_bpf bpf = { .flags = flags };

	strcpy(bpf.name, name);
	return ioctl(region, cmd, &bpf) ? -errno : 0;
}

static int enforces(const void *name)
{
	return bpf(fd, UNIFIED_IO_ATTACH_BPF, name, UNIFIED_IO_BPF_ENFORCE);
}

static int attaches(const void *name)
{
	return bpf(fd, UNIFIED_IO_ATTACH_BPF, name, 0);
}

static int detaches(const void *name)
{
	return bpf(fd, UNIFIED_IO_DETACH_BPF, name, 0);
}

/* The same, for the region that a user has set up. */
static int enforces_theirs(const void *name)
{
	return bpf(theirs, UNIFIED_IO_ATTACH_BPF, name, UNIFIED_IO_BPF_ENFORCE);
}

static int detaches_theirs(const void *name)
{
	return bpf(theirs, UNIFIED_IO_DETACH_BPF, name, 0);
}

static int sets_up(const void *how)
{
	struct unified_io_setup s = *(const struct unified_io_setup *)how;

	return ioctl(theirs, UNIFIED_IO_SETUP, &s) ? -errno : 0;
}

static void enforced(void)
{
	struct policy watch = policy_open(OBJECT, "watch"), decide = policy_open(OBJECT, "decide");
	struct {
		int asked;
		uint64_t lba;
	} *seen;
	struct unified_io_target t = {};
	struct unified_descriptor d = {
		.type = UNIFIED_REGION_F_NVME, .flags = UNIFIED_DESC_F_READ, .len = 4096, .lba = 8
	};
	struct unified_io_setup own = REGION_SETUP;
	struct unified_io_policy_info info = {};
	struct unified_completion completion;

	ok(!policy_attach(&watch) && !policy_attach(&decide) &&
		   !add_target(fd, drive(0), O_RDWR, &t),
	   "two policies");
	seen = policy_section(&watch, ".bss");
	ok(enforces("watch") == 0 && attaches("decide") == 0, "of which one is enforced");
	ok(!ioctl_run(fd, &d, &completion) && seen->asked == 1 && seen->lba == 9,
	   "it is asked, after the one that decided");
	while (!ioctl(fd, UNIFIED_IO_GET_POLICY, &info) && strcmp(info.name, "watch"))
		info.id++;
	ok(info.enforced == 1 && info.nr_regions == 1, "GET_POLICY tells");

	ok(as(somebody, detaches, "watch") == EPERM, "a user with the descriptor cannot detach it");
	ok(as(root_without, detaches, "watch") == EPERM, "nor can root without capabilities");
	ok(as(root_of_a_namespace, detaches, "watch") == EPERM, "nor root of a user namespace");
	ok(as(somebody, detaches, "decide") == 0, "they can detach what is not enforced");
	ok(as(administrator, detaches, "watch") == 0, "an administrator can detach both");
	ok(!ioctl_run(fd, &d, &completion) && seen->asked == 1, "it is not asked any more");

	ok(as(somebody, enforces, "watch") == EPERM, "who did not set it up enforces none");
	theirs = open(UNIFIED_IO_DEVICE, O_RDWR);
	ok(!as(somebody, sets_up, &own) && !as(somebody, enforces_theirs, "watch"),
	   "a user does, in a region of theirs");
	ok(as(somebody_else, detaches_theirs, "watch") == EPERM, "another user cannot detach it");
	ok(as(root_without, detaches_theirs, "watch") == EPERM,
	   "nor can root without capabilities");
	ok(as(somebody, detaches_theirs, "watch") == 0, "that user can");
	ok(!as(somebody, enforces_theirs, "watch") && !as(administrator, detaches_theirs, "watch"),
	   "and so can an administrator");
	ok(!as(administrator, enforces_theirs, "watch") &&
		   as(somebody, detaches_theirs, "watch") == EPERM,
	   "whose own they cannot detach");
	close(theirs);
	policy_close(&watch);
	policy_close(&decide);
	ioctl(fd, UNIFIED_IO_REMOVE_TARGET, &t);
}

int main(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	libbpf_set_print(NULL);
	/* Who has no CAP_IPC_LOCK sets up no more than this. */
	setrlimit(RLIMIT_MEMLOCK, &all);
	shared.flags = UNIFIED_IO_SETUP_BPF;
	fd = region_open(&setup);
	shared_fd = region_open(&shared);
	find_kfuncs();
	if (!ok(fd >= 0 && shared_fd >= 0 && get_id > 0 && get_shared_id > 0 && put_id > 0,
		"two regions, and what takes them"))
		return done();
	by_number();
	by_token();
	naming();
	of_one_region();
	enforced();
	close(fd);
	close(shared_fd);
	return done();
}
