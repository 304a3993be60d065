// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl target: the devices of a region, of whatever process.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json.h"
#include "options.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

enum {
	ADD = 1 << 0,
	LIST = 1 << 1,
	REMOVE = 1 << 2,
};

static const char *const accesses[] = { "read", "write", "read-write", NULL };

struct target_options {
	uint32_t region;
	const char *device;
	uint64_t index;
	bool block, nvme, force;
	unsigned int access;	/* of accesses */
	uint64_t start, length; /* length 0: up to the end */
};

/* Open the module and see that there is that region. Returns an exit status. */
static int open_region(uint32_t id, int *fd)
{
	struct unified_io_region_info info;
	int ret;

	*fd = module_open();
	if (*fd < 0)
		return module_fail(*fd);
	ret = module_find_region(*fd, id, &info);
	if (ret)
		close(*fd);
	return ret;
}

/* --- list ------------------------------------------------------------------- */

static void json_target(const struct unified_io_target *t)
{
	json_object(NULL);
	json_u64("region", t->region);
	json_u64("index", t->index);
	json_str("name", t->name);
	json_str("kind", target_kind(t));
	json_bool("gone", t->gone);
	json_str("access", target_access(t));
	json_u64("start", t->start);
	/* 0 is: up to the end, wherever that is. */
	if (t->length)
		json_u64("length", t->length);
	else
		json_null("length");
	if (t->nsid)
		json_u64("nsid", t->nsid);
	if (!t->gone) {
		json_u64("block_size", t->lba_size);
		json_u64("max_bytes", t->max_bytes);
		json_u64("max_segments", t->max_segments);
		json_u64("alignment", t->dma_alignment);
		json_u64("virt_boundary", t->virt_boundary);
		json_bool("odd_lengths", t->odd_lengths);
	}
	json_end();
}

static void print_range(const struct unified_io_target *t, char *text, size_t size)
{
	char start[32], length[32];

	human(t->start, start, sizeof(start));
	if (t->length)
		snprintf(text, size, "%s from %s", human(t->length, length, sizeof(length)), start);
	else
		snprintf(text, size, t->start ? "from %s" : "all", start);
}

static void print_limits(const struct unified_io_target *t, char *text, size_t size)
{
	char bytes[32];

	if (t->gone) {
		snprintf(text, size, "gone: the device was removed");
		return;
	}
	human(t->max_bytes, bytes, sizeof(bytes));
	if (t->virt_boundary)
		snprintf(text, size, "%s, pieces that meet at %u", bytes, t->virt_boundary);
	else
		snprintf(text, size, "%s in %u pieces, aligned to %u", bytes, t->max_segments,
			 t->dma_alignment);
}

static void print_target(const struct unified_io_target *t)
{
	char range[80], limits[80];

	print_range(t, range, sizeof(range));
	print_limits(t, limits, sizeof(limits));
	printf("%-5u  %-12s %-5s  %5u  %-10s  %-24s %s\n", t->index, t->name, target_kind(t),
	       t->lba_size, target_access(t), range, limits);
}

static int list_targets(int fd, uint32_t region)
{
	struct unified_io_target t = { .region = region };
	int count, ret = 0;

	if (json_output)
		json_array(NULL);
	for (count = 0; !ret; count++, t.index++) {
		ret = ioctl(fd, UNIFIED_IO_GET_TARGET, &t) ? -errno : 0;
		if (ret)
			break;
		if (!json_output && !count)
			printf("%-5s  %-12s %-5s  %5s  %-10s  %-24s %s\n", "INDEX", "NAME", "KIND",
			       "BLOCK", "ACCESS", "RANGE", "A COMMAND");
		if (json_output)
			json_target(&t);
		else
			print_target(&t);
	}
	/* No more targets, or no more region. */
	if (ret != -ENOENT)
		return fail(ret, "cannot list the targets of region %u", region);
	if (json_output)
		json_end();
	else if (!count)
		printf("region %u has no target. Try: unifiedctl target add %u DEV\n", region,
		       region);
	return EXIT_OK;
}

static int target_list(void *values)
{
	const struct target_options *opt = values;
	int fd = -1, ret;

	ret = open_region(opt->region, &fd);
	if (ret)
		return ret;
	ret = list_targets(fd, opt->region);
	close(fd);
	return ret;
}

/* --- add -------------------------------------------------------------------- */

static int do_add(int fd, const struct target_options *opt, struct unified_io_target *t)
{
	char range[80];
	int ret;

	ret = target_add(fd, opt->device, opt->force, t);
	if (ret)
		return ret;
	if (json_output) {
		json_target(t);
		return EXIT_OK;
	}
	print_range(t, range, sizeof(range));
	printf("region %u, target %u: %s, driven as %s, blocks of %u, %s, %s\n", t->region,
	       t->index, t->name, target_kind(t), t->lba_size, target_access(t), range);
	return EXIT_OK;
}

static int target_add_command(void *values)
{
	static const uint32_t bits[] = { UNIFIED_TARGET_READ, UNIFIED_TARGET_WRITE,
					 UNIFIED_TARGET_READ | UNIFIED_TARGET_WRITE };
	const struct target_options *opt = values;
	struct unified_io_target t = {
		.region = opt->region,
		.access = bits[opt->access],
		.flags = opt->block  ? UNIFIED_TARGET_F_BLOCK
			 : opt->nvme ? UNIFIED_TARGET_F_NVME
				     : 0,
		.start = opt->start,
		.length = opt->length,
	};
	int fd = -1, ret;

	if (opt->block && opt->nvme)
		return fail_usage("target add: either --block or --nvme");
	ret = open_region(opt->region, &fd);
	if (ret)
		return ret;
	ret = do_add(fd, opt, &t);
	close(fd);
	return ret;
}

/* --- remove ----------------------------------------------------------------- */

static int do_remove(int fd, struct unified_io_target *t)
{
	if (!ioctl(fd, UNIFIED_IO_REMOVE_TARGET, t))
		return EXIT_OK;
	if (errno == ENODEV)
		return fail_because(-ENODEV,
				    "region %u has no target %u. See: unifiedctl target list %u",
				    t->region, t->index, t->region);
	return fail(-errno, "cannot remove target %u of region %u", t->index, t->region);
}

static int target_remove(void *values)
{
	const struct target_options *opt = values;
	struct unified_io_target t = { .region = opt->region, .index = opt->index };
	int fd = -1, ret;

	ret = open_region(opt->region, &fd);
	if (ret)
		return ret;
	ret = do_remove(fd, &t);
	close(fd);
	if (!ret && json_output) {
		json_object(NULL);
		json_u64("region", t.region);
		json_u64("removed", t.index);
		json_end();
	}
	return ret;
}

static const struct cli_verb verbs[] = {
	{ "add", "let a region use a device, which is claimed for it alone", ADD,
	  target_add_command },
	{ "list", "what a region may use, how, and what the devices can do", LIST, target_list },
	{ "remove", "end that, once what is under way is done", REMOVE, target_remove },
	{}
};

static const struct cli_option options[] = {
	{ "REGION", NULL, "the id of a region, of any process", CLI_ID,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED, .verbs = ADD | LIST | REMOVE,
	  CLI_AT(struct target_options, region), .hint = "@region" },
	{ "DEVICE", NULL, "a block device, or the character device of an NVMe namespace", CLI_TEXT,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED, .verbs = ADD, CLI_AT(struct target_options, device),
	  .hint = "@file" },
	{ "INDEX", NULL, "of the target, as it is listed", CLI_NUMBER,
	  .flags = CLI_ARGUMENT | CLI_REQUIRED, .verbs = REMOVE,
	  CLI_AT(struct target_options, index), .max = UNIFIED_IO_MAX_TARGETS - 1,
	  .hint = "@target" },
	{ "block", NULL, "drive it by the block layer", .verbs = ADD,
	  CLI_AT(struct target_options, block) },
	{ "nvme", NULL, "drive it by NVMe commands or not at all", .verbs = ADD,
	  CLI_AT(struct target_options, nvme) },
	{ "force", NULL, "let a filesystem, or what else is there, be overwritten", .verbs = ADD,
	  CLI_AT(struct target_options, force) },
	{ "access", "read|write|read-write", "what may be done (read-write)", CLI_WORD,
	  .verbs = ADD, CLI_AT(struct target_options, access), .words = accesses },
	{ "start", "BYTES", "where what may be used begins (0)", CLI_SIZE, .verbs = ADD,
	  CLI_AT(struct target_options, start) },
	{ "length", "BYTES", "how much it is (up to the end)", CLI_SIZE, .verbs = ADD,
	  CLI_AT(struct target_options, length), .min = 1 },
	{}
};

const struct cli_object target_object = {
	.name = "target",
	.help = "where the operations of a region go",
	.verbs = verbs,
	.options = options,
	.defaults = &(const struct target_options){ .access = 2 },
	.size = sizeof(struct target_options),
};
