// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl doctor: one line for each thing that is needed or useful.
 *
 * "ok" is there, "missing" keeps the module from working, "limited" means that
 * something works less well or not at all; both say what to do. The exit
 * status is 1 if anything is missing.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "files.h"
#include "json.h"
#include "nic.h"
#include "nic_state.h"
#include "options.h"
#include "unifiedctl.h"

static int missing;

void doctor_say(enum doctor_state state, const char *what, const char *fmt, ...)
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
	char *status = file_text("/proc/self/status");
	char *line = status ? strstr(status, "\nCapEff:") : NULL;
	unsigned long long effective = line ? strtoull(line + 8, NULL, 16) : 0;
	size_t i;

	free(status);
	for (i = 0; i < sizeof(caps) / sizeof(*caps); i++) {
		if (effective >> caps[i].bit & 1)
			continue;
		doctor_say(MISSING, "capabilities", "no %s to %s: run as root", caps[i].name,
			   caps[i].why);
		return;
	}
	doctor_say(OK, "capabilities", "BPF, PERFMON, SYS_ADMIN, NET_ADMIN");
}

static void check_bpffs(void)
{
	char *mounts = file_text("/proc/self/mounts");
	bool found = mounts && strstr(mounts, " /sys/fs/bpf bpf ");

	free(mounts);
	if (found)
		doctor_say(OK, "bpf fs", "/sys/fs/bpf");
	else
		doctor_say(MISSING, "bpf fs", "mount -t bpf bpf /sys/fs/bpf");
}

static void check_thp(void)
{
	char line[128];

	if (file_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof(line)))
		doctor_say(
			LIMITED, "huge pages",
			"this kernel has no transparent huge pages: regions are mapped by 4 KiB");
	else if (strstr(line, "[never]"))
		doctor_say(
			LIMITED, "huge pages",
			"switched off: echo madvise >/sys/kernel/mm/transparent_hugepage/enabled");
	else
		doctor_say(OK, "huge pages", "%s", line);
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
	doctor_say(LIMITED, check->what, "%s: %s", check->driver, sentence);
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
		doctor_say(OK, check->what,
			   "%s: splits headers from data, %u queues at most, n-tuple rules",
			   check->driver, nic_rx_queues_max(nic));
	if (is_abandoned(nic->name))
		doctor_say(
			LIMITED, check->what,
			"who set it up was killed, and it is not what it was: unifiedctl nic restore %s",
			nic->name);
	return 0;
}

static void check_nics(void)
{
	struct nic_check check = {};
	int ret = nic_for_each(check_nic, &check);

	if (ret)
		doctor_say(LIMITED, "nic", "cannot ask ethtool netlink: %s", strerror(-ret));
	else if (!check.seen)
		doctor_say(LIMITED, "nic", "no interface with receive rings");
}

static void queue_limit(const char *disk, const char *limit, char *value, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "/sys/block/%s/queue/%s", disk, limit);
	if (file_line(path, value, size))
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
		doctor_say(LIMITED, what,
			   "LBA %s, %s KiB a command: no SGL, scattered data is copied", lba, kb);
	else
		doctor_say(OK, what, "LBA %s, %s KiB and %s segments a command, alignment %ld", lba,
			   kb, segments, strtol(align, NULL, 0) + 1);
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
		doctor_say(LIMITED, "nvme", "no NVMe drive");
}

struct doctor_options {
	bool all;
};

static int doctor_check(void *values)
{
	const struct doctor_options *opt = values;

	if (json_output)
		json_array(NULL);
	doctor_kernel();
	doctor_module(opt->all);
	check_capabilities();
	check_bpffs();
	doctor_io_uring();
	check_thp();
	check_nics();
	check_drives();
	if (json_output)
		json_end();
	return missing ? EXIT_FAILED : EXIT_OK;
}

const struct cli_object doctor_object = {
	.name = "doctor",
	.help = "is everything here that is needed, and if not, what to do",
	.alone = "check",
	.verbs = (const struct cli_verb[]){ { "check",
					      "a line for each thing that is needed or useful", 1,
					      doctor_check },
					    {} },
	.options =
		(const struct cli_option[]){
			{ "all", NULL,
			  "a line for each private part of the kernel that was compared",
			  .verbs = 1, CLI_AT(struct doctor_options, all) },
			{} },
	.size = sizeof(struct doctor_options),
};
