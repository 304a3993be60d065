// SPDX-License-Identifier: GPL-2.0
/*
 * Fault sweeps of what makes and changes regions, targets and policies: see faults.h.
 *
 * VM: --iommu --nvme 64M --nvme 64M
 * Timeout: 1500
 */
#include "faults.h"

#define OBJECT PROGS "chain.bpf.o"

/* --- entry points ------------------------------------------------------------------- */

static struct unified_io_setup setup = REGION_SETUP;
static int fd, device, generic_device; /* a region, and what its targets are */
static const char *disk;	       /* that sweeps claim */
static struct policy policy, next;     /* of the same name */
static struct unified_io_target target;

static struct unified_io_setup small(void)
{
	struct unified_io_setup s = REGION_SETUP;

	s.region_size = MIB;
	s.ring_size = 64 * 1024;
	s.rx_size = 128 * 1024;
	return s;
}

static int made = -1;
static struct unified_io_setup made_setup;

static int make(struct unified_io_setup s)
{
	made = error_of(open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC));
	if (made < 0)
		return made;
	made_setup = s;
	return error_of(ioctl(made, UNIFIED_IO_SETUP, &made_setup));
}

/* Its drive is free a moment after it. */
static void unmake(void)
{
	int i, free_fd = -1;

	if (made >= 0)
		close(made);
	made = -1;
	for (i = 0; i < 5000 && free_fd < 0; i++) {
		free_fd = open(disk, O_RDWR | O_EXCL | O_CLOEXEC);
		if (free_fd < 0)
			usleep(1000);
	}
	close(free_fd);
}

static int region(void)
{
	return make(small());
}

static int region_of_own_memory(void)
{
	static char memory[MIB] __attribute__((aligned(4096)));
	struct unified_io_setup s = small();

	s.flags = UNIFIED_IO_SETUP_USER_MEMORY;
	s.user_addr = (uintptr_t)memory;
	return make(s);
}

static int region_with_drive(void)
{
	struct unified_io_setup s = small();

	s.nvme_fd = device;
	return make(s);
}

static int set_up(void)
{
	struct unified_io_setup s = small();

	return error_of(ioctl(made, UNIFIED_IO_SETUP, &s));
}

static void opened(void)
{
	made = open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC);
}

static void region_made(void)
{
	region();
}

static void *mapped;

static int map(void)
{
	mapped = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, made, 0);
	return mapped == MAP_FAILED ? -errno : 0;
}

static void unmap(void)
{
	if (mapped && mapped != MAP_FAILED)
		munmap(mapped, MIB);
	mapped = NULL;
	unmake();
}

static int seal_part(void)
{
	struct unified_io_seal part = { .offset = made_setup.offsets.rx, .len = 8192 };

	return error_of(ioctl(made, UNIFIED_IO_SEAL_PART, &part));
}

static int info(void)
{
	struct unified_io_info i;

	return error_of(ioctl(fd, UNIFIED_IO_GET_INFO, &i));
}

static int region_by_id(void)
{
	struct unified_io_region_info i = { .id = setup.id };

	return error_of(ioctl(fd, UNIFIED_IO_GET_REGION, &i));
}

static int policy_by_id(void)
{
	struct unified_io_policy_info i = {};

	return error_of(ioctl(fd, UNIFIED_IO_GET_POLICY, &i));
}

static int target_by_index(void)
{
	struct unified_io_target t = {};

	return error_of(ioctl(fd, UNIFIED_IO_GET_TARGET, &t));
}

static int add(int of, unsigned int flags)
{
	target = (struct unified_io_target){ .fd = of, .flags = flags };
	return error_of(ioctl(made, UNIFIED_IO_ADD_TARGET, &target));
}

static int add_block(void)
{
	return add(device, UNIFIED_TARGET_F_BLOCK);
}

static int add_any(void)
{
	return add(device, 0);
}

static int add_nvme(void)
{
	return add(generic_device, UNIFIED_TARGET_F_NVME);
}

static void target_added(void)
{
	region();
	add_nvme();
}

static int remove_target(void)
{
	struct unified_io_target t = { .index = target.index };

	return error_of(ioctl(made, UNIFIED_IO_REMOVE_TARGET, &t));
}

static int with_policy(int of, unsigned long cmd, unsigned int flags)
{
	struct unified_io_bpf bpf = { .name = "a", .flags = flags };

	return error_of(ioctl(of, cmd, &bpf));
}

static int attach(void)
{
	return with_policy(made, UNIFIED_IO_ATTACH_BPF, 0);
}

static int enforce(void)
{
	return with_policy(made, UNIFIED_IO_ATTACH_BPF, UNIFIED_IO_BPF_ENFORCE);
}

static int detach(void)
{
	return with_policy(made, UNIFIED_IO_DETACH_BPF, 0);
}

static void attached(void)
{
	region();
	attach();
}

static struct bpf_link *registered;

static int register_policy(void)
{
	registered = bpf_map__attach_struct_ops(policy.map);
	return registered ? 0 : -errno;
}

static int update_policy(void)
{
	static bool other;
	int ret = bpf_link__update_map(registered, other ? policy.map : next.map);

	other ^= !ret;
	return ret;
}

static void unregister_policy(void)
{
	bpf_link__destroy(registered);
	registered = NULL;
}

/* --- all of them ------------------------------------------------------------------- */

static const struct path paths[] = {
	{ "a region", region, NULL, unmake },
	{ "a region of the caller's memory", region_of_own_memory, NULL, unmake },
	{ "a region with a drive", region_with_drive, NULL, unmake },
	{ "map it", map, region_made, unmap },
	{ "GET_INFO", info, NULL, NULL },
	{ "GET_REGION", region_by_id, NULL, NULL },
	{ "GET_POLICY", policy_by_id, NULL, NULL },
	{ "GET_TARGET", target_by_index, NULL, NULL },
};

/* When one fails it is tried once more on what it left, too. */
static const struct path lasting[] = {
	{ "set up what is open", set_up, opened, unmake },
	{ "seal a part", seal_part, region_made, unmake },
	{ "a block device", add_block, region_made, unmake },
	{ "a namespace", add_nvme, region_made, unmake },
	{ "a target", add_any, region_made, unmake },
	{ "remove a target", remove_target, target_added, unmake },
	{ "attach a policy", attach, region_made, unmake },
	{ "enforce one", enforce, region_made, unmake },
	{ "detach one", detach, attached, unmake },
	{ "replace one", update_policy, NULL, NULL },
};

int main(void)
{
	struct path first = { "register a policy", register_policy, NULL, unregister_policy };
	struct unified_io_target t = {};
	size_t i;

	faults_open();
	libbpf_set_print(NULL);
	disk = strdup(drive(0));
	fd = region_open(&setup);
	device = open(disk, O_RDONLY | O_CLOEXEC);
	generic_device = open(generic(disk), O_RDONLY | O_CLOEXEC);
	policy = policy_open(OBJECT, "a");
	next = policy_open(OBJECT, "a_next");
	if (!ok(fd >= 0 && !add_target(fd, drive(1), O_RDWR, &t) && device >= 0 &&
			generic_device >= 0 && !bpf_object__load(policy.obj) &&
			!bpf_object__load(next.obj),
		"a region, drives and a policy"))
		return done();
	sweep(&first, false);
	register_policy();
	for (i = 0; i < sizeof(lasting) / sizeof(*lasting); i++)
		sweep(&lasting[i], true);
	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		sweep(&paths[i], false);
	unregister_policy();
	return done();
}
