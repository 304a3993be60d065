// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl io: its options, and whether they go together.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "io_job.h"
#include "options.h"
#include "unifiedctl.h"
#include "units.h"

#define MAX_CHUNK (1 << 30)
#define MAX_DEPTH 4096

static const char *const doors[] = { "uring_cmd", "ioctl", NULL };
static const char *const all[] = { "all", NULL };

#define MEMBER(name) CLI_AT(struct job, name)

const struct cli_option io_options[] = {
	{ "DEVICE", NULL, "a path, as /dev/nvme0n1", CLI_TEXT,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED | CLI_REPEATED, .verbs = ANY, MEMBER(devices),
	  CLI_COUNT_AT(struct job, nr_devices), .hint = "@file" },
	{ "lba", "N", "begin at this block (0)", CLI_SIZE, .verbs = RANGE, MEMBER(lba) },
	{ "count", "BLOCKS|all", "how much; without, all of the input", CLI_SIZE, .verbs = RANGE,
	  MEMBER(count), .min = 1, .words = all },
	{ "bytes", "N", "the same, in bytes", CLI_SIZE, .verbs = RANGE, MEMBER(bytes), .min = 1 },
	{ "file", "FILE", "instead of standard input or output", CLI_TEXT, .verbs = DATA,
	  MEMBER(file), .hint = "@file" },
	{ "pad", NULL, "fill the last block of the input with zeroes", .verbs = INPUT,
	  MEMBER(pad) },
	{ "fua", NULL, "a write is done when it is on the medium", .verbs = WRITE, MEMBER(fua) },
	{ "hex", NULL, "a hexdump wherever the data goes", .verbs = READ, MEMBER(hex) },
	{ "block", NULL, "drive the devices by the block layer", .verbs = ANY, MEMBER(block) },
	{ "nvme", NULL, "drive them by NVMe commands or not at all", .verbs = ANY, MEMBER(nvme) },
	{ "force", NULL, "overwrite a filesystem, or what else is there",
	  .verbs = WRITE | ZEROES | DISCARD, MEMBER(force) },
	{ "door", "uring_cmd|ioctl", "how operations are submitted (uring_cmd)", CLI_WORD,
	  .verbs = ANY, MEMBER(door_word), .words = doors },
	{ "qd", "N", "operations under way (8)", CLI_NUMBER, .verbs = RANGE, MEMBER(qd), .min = 1,
	  .max = MAX_DEPTH },
	{ "chunk", "BYTES", "of one operation (128K)", CLI_SIZE, .verbs = RANGE, MEMBER(chunk),
	  .min = 512, .max = MAX_CHUNK },
	{ "targets", "MASK", "of several devices, those that are meant", CLI_SIZE, .verbs = ANY,
	  MEMBER(targets) },
	{ "policy", "NAME", "attach it", CLI_TEXT, .flags = CLI_REPEATED, .verbs = ANY,
	  MEMBER(policies), CLI_COUNT_AT(struct job, nr_policies), .hint = "@policy" },
	{ "process", NULL, "let the policies' process hooks have the data", .verbs = DATA,
	  MEMBER(process) },
	{}
};

static int check_devices(const struct job *job)
{
	unsigned int i;

	for (i = 0; i < job->nr_devices; i++)
		if (!strchr(job->devices[i], '/'))
			return fail_usage("io %s: '%s' is no path of a device, as /dev/nvme0n1. "
					  "Options begin with two dashes",
					  job->verb->name, job->devices[i]);
	if (job->block && job->nvme)
		return fail_usage("io %s: either --block or --nvme", job->verb->name);
	return EXIT_OK;
}

static int check_policies(const struct job *job)
{
	unsigned int i, k;

	for (i = 0; i < job->nr_policies; i++) {
		if (strchr(job->policies[i], ','))
			return fail_usage("--policy '%s': io takes policies that are loaded, with "
					  "the knobs that they have. See: unifiedctl policy set "
					  "--help",
					  job->policies[i]);
		if (strlen(job->policies[i]) >= UNIFIED_POLICY_NAME_LEN)
			return fail_usage("'%s' is too long for the name of a policy",
					  job->policies[i]);
		for (k = 0; k < i; k++)
			if (!strcmp(job->policies[i], job->policies[k]))
				return fail_usage("policy '%s' is named twice", job->policies[i]);
	}
	if (job->process && !job->nr_policies)
		return fail_usage("--process is for the hooks of a policy: --policy NAME");
	return EXIT_OK;
}

static int check_targets(struct job *job)
{
	uint64_t every = (1ULL << job->nr_devices) - 1;

	/* What changes devices goes to all of them; data is read from one. */
	if (job->targets == NOT_GIVEN)
		job->targets = job->verb->mask == READ ? 1 : every;
	if (!job->targets || job->targets & ~every)
		return fail_usage("--targets has a bit for each device: it is from 1 to %#" PRIx64,
				  every);
	if (job->verb->mask == READ && job->targets & (job->targets - 1))
		return fail_usage("data is read from one device: --targets has one bit");
	return EXIT_OK;
}

static int check_range(const struct job *job)
{
	bool given = job->count != NOT_GIVEN || job->bytes != NOT_GIVEN;

	if (job->count != NOT_GIVEN && job->bytes != NOT_GIVEN)
		return fail_usage("io %s: either --count or --bytes", job->verb->name);
	if (!given && job->verb->mask & (READ | ZEROES | DISCARD))
		return fail_usage("io %s: how much? --count BLOCKS, --count all or --bytes N",
				  job->verb->name);
	return EXIT_OK;
}

static int check_data(const struct job *job)
{
	bool to_stdout = !job->file || !strcmp(job->file, "-");

	if (!job->file && job->verb->mask & INPUT && isatty(STDIN_FILENO))
		return fail_usage("io %s: from where? --file FILE, or a pipe", job->verb->name);
	if (json_output && job->verb->mask == READ && to_stdout)
		return fail_usage("JSON goes to standard output: let the data go to a file: "
				  "--file FILE");
	return EXIT_OK;
}

int job_check(struct job *job)
{
	int ret;

	job->door = doors[job->door_word];
	ret = check_devices(job);
	if (!ret)
		ret = check_range(job);
	if (!ret)
		ret = check_policies(job);
	if (!ret)
		ret = check_data(job);
	return ret ?: check_targets(job);
}
