// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl io: its words, and whether they go together.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "io_job.h"
#include "unifiedctl.h"
#include "units.h"

#define MAX_CHUNK (1 << 30)
#define MAX_DEPTH 4096

static const struct {
	const char *name;
	unsigned int verbs;
	size_t offset; /* of the job's uint64_t */
} numbers[] = {
	{ "lba", RANGE, offsetof(struct job, lba) },
	{ "count", RANGE, offsetof(struct job, count) },
	{ "bytes", RANGE, offsetof(struct job, bytes) },
	{ "qd", RANGE, offsetof(struct job, qd) },
	{ "chunk", RANGE, offsetof(struct job, chunk) },
	{ "targets", ANY, offsetof(struct job, targets) },
};

static const struct {
	const char *name;
	unsigned int verbs;
	size_t offset; /* of the job's bool */
} switches[] = {
	{ "block", ANY, offsetof(struct job, block) },
	{ "nvme", ANY, offsetof(struct job, nvme) },
	{ "fua", WRITE, offsetof(struct job, fua) },
	{ "pad", INPUT, offsetof(struct job, pad) },
	{ "hex", READ, offsetof(struct job, hex) },
	{ "process", DATA, offsetof(struct job, process) },
};

static int fail_setting(const struct job *job, const char *name)
{
	return fail_usage("io %s: no setting '%s', and no path of a device, as /dev/nvme0n1. Try: "
			  "unifiedctl io help",
			  job->verb->name, name);
}

static int add_policy(struct job *job, const char *name)
{
	unsigned int i;

	if (job->nr_policies == JOB_MAX_POLICIES)
		return fail_usage("io: more than %d policies", JOB_MAX_POLICIES);
	if (strlen(name) >= UNIFIED_POLICY_NAME_LEN)
		return fail_usage("'%s' is too long for the name of a policy", name);
	for (i = 0; i < job->nr_policies; i++)
		if (!strcmp(job->policies[i], name))
			return fail_usage("policy '%s' is named twice", name);
	job->policies[job->nr_policies++] = name;
	return EXIT_OK;
}

/* One that is no number. -1: this is none. Else an exit status. */
static int parse_text(struct job *job, const char *name, const char *value)
{
	if (!strcmp(name, "file") && job->verb->mask & DATA) {
		job->file = value;
	} else if (!strcmp(name, "door")) {
		if (!io_door(value))
			return fail_usage("there is no door '%s': uring_cmd or ioctl", value);
		job->door = value;
	} else if (!strcmp(name, "policy")) {
		return add_policy(job, value);
	} else if (!strcmp(name, "count") && !strcmp(value, "all") && job->verb->mask & RANGE) {
		job->all = true;
	} else {
		return -1;
	}
	return EXIT_OK;
}

static int parse_number(struct job *job, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		uint64_t *number = (uint64_t *)((char *)job + numbers[i].offset);

		if (strcmp(name, numbers[i].name) || !(numbers[i].verbs & job->verb->mask))
			continue;
		if (parse_size(value, number) || *number == NOT_GIVEN)
			return fail_usage("'%s %s': a number is meant, as 4096, 64K or 1G", name,
					  value);
		return EXIT_OK;
	}
	return fail_setting(job, name);
}

static bool parse_switch(struct job *job, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		if (strcmp(name, switches[i].name) || !(switches[i].verbs & job->verb->mask))
			continue;
		*(bool *)((char *)job + switches[i].offset) = true;
		return true;
	}
	return false;
}

static bool takes_value(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!strcmp(name, numbers[i].name))
			return true;
	return !strcmp(name, "file") || !strcmp(name, "door") || !strcmp(name, "policy");
}

/* "--door=ioctl", as some write it, is "door ioctl". The value, or NULL. */
static char *take_dashes(char **name)
{
	char *equals;

	if (strncmp(*name, "--", 2))
		return NULL;
	*name += 2;
	equals = strchr(*name, '=');
	if (!equals)
		return NULL;
	*equals = '\0';
	return equals + 1;
}

/* A setting, at words[0], with its value, if there is one. *used: how many words. */
static int parse_setting(struct job *job, char **words, int left, int *used)
{
	char *name = words[0], *value = take_dashes(&name);
	int ret;

	*used = 1;
	if (!value && parse_switch(job, name))
		return EXIT_OK;
	if (!takes_value(name))
		return fail_setting(job, name);
	if (!value && left < 2)
		return fail_usage("io %s: '%s' takes a value", job->verb->name, name);
	if (!value) {
		value = words[1];
		*used = 2;
	}
	ret = parse_text(job, name, value);
	return ret < 0 ? parse_number(job, name, value) : ret;
}

int job_parse(struct job *job, int argc, char **argv)
{
	int i, used, ret;

	for (i = 0; i < argc; i += used) {
		/* A device is known by its slash. */
		if (argv[i][0] != '-' && strchr(argv[i], '/')) {
			if (job->nr_devices == UNIFIED_IO_MAX_TARGETS)
				return fail_usage("a region has no more than %d targets",
						  UNIFIED_IO_MAX_TARGETS);
			job->devices[job->nr_devices++] = argv[i];
			used = 1;
			continue;
		}
		ret = parse_setting(job, argv + i, argc - i, &used);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

static int check_targets(struct job *job)
{
	uint64_t all = (1ULL << job->nr_devices) - 1;

	/* What changes devices goes to all of them; data is read from one. */
	if (job->targets == NOT_GIVEN)
		job->targets = job->verb->mask == READ ? 1 : all;
	if (!job->targets || job->targets & ~all)
		return fail_usage("targets has a bit for each device: it is from 1 to %#" PRIx64,
				  all);
	if (job->verb->mask == READ && job->targets & (job->targets - 1))
		return fail_usage("data is read from one device: targets has one bit");
	return EXIT_OK;
}

/* Do the words go together? */
int job_check(struct job *job)
{
	const char *name = job->verb->name;
	bool given = job->count != NOT_GIVEN || job->bytes != NOT_GIVEN || job->all;
	bool to_stdout = !job->file || !strcmp(job->file, "-");

	if (!job->nr_devices)
		return fail_usage("io %s: which device? It is a path, as /dev/nvme0n1", name);
	if (job->block && job->nvme)
		return fail_usage("io %s: either block or nvme", name);
	if ((job->count != NOT_GIVEN) + job->all + (job->bytes != NOT_GIVEN) > 1)
		return fail_usage("io %s: either count or bytes", name);
	if (!job->count || !job->bytes)
		return fail_usage("io %s: nothing is to be done", name);
	if (!given && job->verb->mask & (READ | ZEROES | DISCARD))
		return fail_usage("io %s: how much? 'count BLOCKS', 'count all' or 'bytes N'",
				  name);
	if (!job->qd || job->qd > MAX_DEPTH)
		return fail_usage("qd is from 1 to %d", MAX_DEPTH);
	if (!job->chunk || (job->chunk != NOT_GIVEN && job->chunk > MAX_CHUNK))
		return fail_usage("chunk is from one block to 1G");
	if (job->process && !job->nr_policies)
		return fail_usage("process is for the hooks of a policy: policy NAME");
	if (!job->file && job->verb->mask & INPUT && isatty(STDIN_FILENO))
		return fail_usage("io %s: from where? 'file F', or a pipe", name);
	if (json_output && job->verb->mask == READ && to_stdout)
		return fail_usage("JSON goes to standard output: let the data go to a file F");
	return check_targets(job);
}
