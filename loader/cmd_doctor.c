// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl doctor: one line for each thing that is needed or useful.
 *
 * "ok" is there, "missing" keeps the module from working, "limited" means that
 * something works less well or not at all; both say what to do. The exit
 * status is 1 if anything is missing.
 */
#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "json.h"
#include "nic.h"
#include "nic_state.h"
#include "unifiedctl.h"

#define KERNEL_MAJOR 7
#define KERNEL_MINOR 2

enum state {
	OK,
	LIMITED,
	MISSING,
};

static int missing;

static void say(enum state state, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(enum state state, const char *what, const char *fmt, ...)
{
	static const char *const names[] = { "ok", "limited", "missing" };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (state == MISSING)
		missing++;
	if (json_output) {
		json_object(NULL);
		json_str("check", what);
		json_str("state", names[state]);
		json_str("text", text);
		json_end();
	} else {
		printf("%-8s %-14s %s\n", names[state], what, text);
	}
}

/* The first line of a file of /sys or /proc, without its newline. */
static int read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "r");
	char *end;

	if (!f)
		return -errno;
	if (!fgets(line, size, f))
		*line = '\0';
	fclose(f);
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	return 0;
}

static void check_kernel(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname os;

	uname(&os);
	sscanf(os.release, "%u.%u", &major, &minor);
	if (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR))
		say(OK, "kernel", "%s", os.release);
	else
		say(MISSING, "kernel", "%s is too old: boot Linux %d.%d or newer", os.release,
		    KERNEL_MAJOR, KERNEL_MINOR);
}

static void check_kernel_btf(void)
{
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		say(OK, "kernel BTF", "/sys/kernel/btf/vmlinux");
	else
		say(MISSING, "kernel BTF",
		    "boot a kernel built with CONFIG_DEBUG_INFO_BTF, as Debian's is");
}

static void check_module(void)
{
	struct unified_io_info info = {};
	int ret = module_info(&info);

	if (ret)
		say(MISSING, "module", "%s", module_advice(ret));
	else
		say(OK, "module", "%u.%u.%u, %u policies registered", info.version >> 16,
		    info.version >> 8 & 0xff, info.version & 0xff, info.policies);
}

/* A module that was built without BTF loads, and has neither of these. */
static void check_module_btf(void)
{
	static const char *const kfuncs[] = {
		"bpf_unified_crc32c",	  "bpf_unified_data",	     "bpf_unified_xor",
		"bpf_unified_copy",	  "bpf_unified_data_crc32c", "bpf_unified_region_get",
		"bpf_unified_region_put",
	};
	struct btf *vmlinux, *btf = module_btf(&vmlinux);
	size_t i, found = 0, n = sizeof(kfuncs) / sizeof(*kfuncs);
	const char *absent = NULL;

	if (!btf) {
		say(MISSING, "module BTF",
		    errno == EPERM || errno == EACCES
			    ? "run as root to see it"
			    : "no /sys/kernel/btf/" MODULE_NAME
			      ": load the module, built where the kernel's headers have BTF");
		return;
	}
	say(OK, "module BTF", "/sys/kernel/btf/" MODULE_NAME);
	for (i = 0; i < n; i++) {
		if (btf__find_by_name_kind(btf, kfuncs[i], BTF_KIND_FUNC) > 0)
			found++;
		else
			absent = kfuncs[i];
	}
	if (absent)
		say(MISSING, "kfuncs",
		    "%s is not there: module and unifiedctl are of different versions", absent);
	else
		say(OK, "kfuncs", "%zu of %zu", found, n);
	if (btf__find_by_name_kind(btf, "bpf_struct_ops_unified_region_ops", BTF_KIND_STRUCT) > 0)
		say(OK, "struct_ops", "unified_region_ops");
	else
		say(MISSING, "struct_ops", "the module does not register unified_region_ops");
	btf__free(btf);
	btf__free(vmlinux);
}

static void check_capabilities(void)
{
	static const struct {
		int bit;
		const char *name, *why;
	} caps[] = {
		{ CAP_BPF, "CAP_BPF", "load policies" },
		{ CAP_PERFMON, "CAP_PERFMON", "load policies" },
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "open the device and attach targets" },
		{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "set up zero-copy receive" },
	};
	unsigned long long effective = 0;
	char line[128];
	size_t i;
	FILE *f;

	f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (f)
		fclose(f);
	for (i = 0; i < sizeof(caps) / sizeof(*caps); i++) {
		if (effective >> caps[i].bit & 1)
			continue;
		say(MISSING, "capabilities", "no %s to %s: run as root", caps[i].name, caps[i].why);
		return;
	}
	say(OK, "capabilities", "BPF, PERFMON, SYS_ADMIN, NET_ADMIN");
}

static void check_bpffs(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/mounts", "r");
	int found = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " /sys/fs/bpf bpf "))
			found = 1;
	if (f)
		fclose(f);
	if (found)
		say(OK, "bpf fs", "/sys/fs/bpf");
	else
		say(MISSING, "bpf fs", "mount -t bpf bpf /sys/fs/bpf");
}

static void check_thp(void)
{
	char line[128];

	if (read_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof(line)))
		say(LIMITED, "huge pages",
		    "this kernel has no transparent huge pages: regions are mapped by 4 KiB");
	else if (strstr(line, "[never]"))
		say(LIMITED, "huge pages",
		    "switched off: echo madvise >/sys/kernel/mm/transparent_hugepage/enabled");
	else
		say(OK, "huge pages", "%s", line);
}

struct nic_check {
	char what[32];
	const char *driver;
	int seen, lacks;
};

static void say_lack(const char *sentence, void *arg)
{
	struct nic_check *check = arg;

	check->lacks++;
	say(LIMITED, check->what, "%s: %s", check->driver, sentence);
}

/* Whoever set it up was killed, and has not made it what it was. */
static bool is_abandoned(const char *name)
{
	struct nic_state state;
	bool abandoned;

	if (nic_state_find(name, &state))
		return false;
	abandoned = state.pid && !nic_state_is_owned(&state);
	nic_state_free(&state);
	return abandoned;
}

static int check_nic(const struct nic *nic, void *arg)
{
	struct nic_check *check = arg;

	check->seen++;
	check->lacks = 0;
	check->driver = nic->driver[0] ? nic->driver : "no driver";
	snprintf(check->what, sizeof(check->what), "nic %s", nic->name);
	nic_lacks(nic, say_lack, check);
	if (!check->lacks)
		say(OK, check->what,
		    "%s: splits headers from data, %u queues at most, n-tuple rules", check->driver,
		    nic_rx_queues_max(nic));
	if (is_abandoned(nic->name))
		say(LIMITED, check->what,
		    "who set it up was killed, and it is not what it was: unifiedctl nic restore %s",
		    nic->name);
	return 0;
}

static void check_nics(void)
{
	struct nic_check check = {};
	int ret = nic_for_each(check_nic, &check);

	if (ret)
		say(LIMITED, "nic", "cannot ask ethtool netlink: %s", strerror(-ret));
	else if (!check.seen)
		say(LIMITED, "nic", "no interface with receive rings");
}

static void queue_limit(const char *disk, const char *limit, char *value, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "/sys/block/%s/queue/%s", disk, limit);
	if (read_line(path, value, size))
		snprintf(value, size, "?");
}

static void check_drive(const char *disk)
{
	char lba[32], segments[32], kb[32], align[32], boundary[32], what[280];

	queue_limit(disk, "logical_block_size", lba, sizeof(lba));
	queue_limit(disk, "max_segments", segments, sizeof(segments));
	queue_limit(disk, "max_hw_sectors_kb", kb, sizeof(kb));
	queue_limit(disk, "dma_alignment", align, sizeof(align));
	queue_limit(disk, "virt_boundary_mask", boundary, sizeof(boundary));
	snprintf(what, sizeof(what), "nvme %s", disk);
	if (strcmp(boundary, "0") && strcmp(boundary, "?"))
		say(LIMITED, what, "LBA %s, %s KiB a command: no SGL, scattered data is copied",
		    lba, kb);
	else
		say(OK, what, "LBA %s, %s KiB and %s segments a command, alignment %ld", lba, kb,
		    segments, strtol(align, NULL, 0) + 1);
}

static void check_drives(void)
{
	struct dirent *e;
	int seen = 0;
	DIR *dir;

	dir = opendir("/sys/block");
	while (dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, "nvme", 4))
			continue;
		seen++;
		check_drive(e->d_name);
	}
	if (dir)
		closedir(dir);
	if (!seen)
		say(LIMITED, "nvme", "no NVMe drive");
}

int cmd_doctor(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (json_output)
		json_array(NULL);
	check_kernel();
	check_kernel_btf();
	check_module();
	check_module_btf();
	check_capabilities();
	check_bpffs();
	check_thp();
	check_nics();
	check_drives();
	if (json_output)
		json_end();
	return missing ? EXIT_FAILED : EXIT_OK;
}
