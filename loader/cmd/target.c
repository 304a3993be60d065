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
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

/* Open the module and see that there is that region. Returns an exit status. */
static int open_region(const char *word, uint32_t *id, int *fd)
{
	struct unified_io_region_info info;
	int ret;

	if (parse_id(word, id))
		return fail_usage("'%s' is no id. See: unifiedctl region list", word);
	*fd = module_open();
	if (*fd < 0)
		return module_fail(*fd);
	ret = module_find_region(*fd, *id, &info);
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

static int target_list(int argc, char **argv)
{
	int fd = -1, ret;
	uint32_t id;

	if (argc != 1)
		return fail_usage("target list takes the id of one region");
	ret = open_region(argv[0], &id, &fd);
	if (ret)
		return ret;
	ret = list_targets(fd, id);
	close(fd);
	return ret;
}

/* --- add -------------------------------------------------------------------- */

static const struct {
	const char *word;
	uint32_t access, flag;
} words[] = {
	{ "read", UNIFIED_TARGET_READ, 0 },
	{ "write", UNIFIED_TARGET_WRITE, 0 },
	{ "read-write", UNIFIED_TARGET_READ | UNIFIED_TARGET_WRITE, 0 },
	{ "block", 0, UNIFIED_TARGET_F_BLOCK },
	{ "nvme", 0, UNIFIED_TARGET_F_NVME },
};

/* A word that stands alone. -1: this is none. Else an exit status. */
static int parse_word(const char *word, struct unified_io_target *t)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(word, words[i].word))
			continue;
		if (words[i].access && t->access)
			return fail_usage("target add: one of read, write and read-write");
		if (words[i].flag && t->flags)
			return fail_usage("target add: either block or nvme");
		t->access |= words[i].access;
		t->flags |= words[i].flag;
		return EXIT_OK;
	}
	return -1;
}

static int parse_setting(const char *name, const char *value, struct unified_io_target *t)
{
	int start = !strcmp(name, "start");
	uint64_t bytes;

	if (!start && strcmp(name, "length"))
		return fail_usage("target add: no setting '%s'. Try: unifiedctl target help", name);
	if (!value)
		return fail_usage("target add: '%s' takes a value", name);
	if (parse_size(value, &bytes))
		return fail_usage("'%s %s': a number is meant, as 4096, 64K or 1G", name, value);
	/* For the module, 0 is: up to the end. */
	if (!start && !bytes)
		return fail_usage("target add: a length of 0 leaves nothing");
	if (start)
		t->start = bytes;
	else
		t->length = bytes;
	return EXIT_OK;
}

static int parse_add(int argc, char **argv, struct unified_io_target *t)
{
	int i, ret;

	for (i = 0; i < argc; i++) {
		ret = parse_word(argv[i], t);
		if (ret < 0) {
			ret = parse_setting(argv[i], i + 1 < argc ? argv[i + 1] : NULL, t);
			i++;
		}
		if (ret)
			return ret;
	}
	if (!t->access)
		t->access = UNIFIED_TARGET_READ | UNIFIED_TARGET_WRITE;
	return EXIT_OK;
}

static int do_add(int fd, const char *path, struct unified_io_target *t)
{
	char range[80];
	int ret;

	ret = target_add(fd, path, t);
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

static int target_add_command(int argc, char **argv)
{
	struct unified_io_target t = {};
	int fd = -1, ret;

	if (argc < 2)
		return fail_usage("target add takes the id of a region and a device");
	ret = parse_add(argc - 2, argv + 2, &t);
	if (ret)
		return ret;
	ret = open_region(argv[0], &t.region, &fd);
	if (ret)
		return ret;
	ret = do_add(fd, argv[1], &t);
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

static int target_remove(int argc, char **argv)
{
	struct unified_io_target t = {};
	uint64_t index;
	int fd = -1, ret;

	if (argc != 2)
		return fail_usage(
			"target remove takes the id of a region and the index of a target");
	if (parse_size(argv[1], &index) || index >= UNIFIED_IO_MAX_TARGETS)
		return fail_usage("'%s' is no index, from 0 to %d. See: unifiedctl target list %s",
				  argv[1], UNIFIED_IO_MAX_TARGETS - 1, argv[0]);
	t.index = index;
	ret = open_region(argv[0], &t.region, &fd);
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

static const struct command commands[] = {
	{ "add",
	  "REGION DEV [block | nvme] [read | write | read-write] [start BYTES] [length BYTES]",
	  "let a region use a device, which is claimed for it alone", target_add_command },
	{ "list", "REGION", "what a region may use, how, and what the devices can do",
	  target_list },
	{ "remove", "REGION INDEX", "end that, once what is under way is done", target_remove },
	{}
};

int cmd_target(int argc, char **argv)
{
	return run_command("target", commands, argc, argv);
}
