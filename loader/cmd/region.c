// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl region: list, show and create regions.
 *
 * A region lives as long as its descriptor is open somewhere. "create" holds it
 * open, for a command that inherits it or until it is interrupted.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json.h"
#include "ledger.h"
#include "options.h"
#include "processes.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

enum {
	LIST = 1 << 0,
	SHOW = 1 << 1,
	CREATE = 1 << 2,
};

#define NODE_ANY UINT64_MAX

struct region_options {
	uint32_t id;
	uint64_t size, rings, rx, slot, sq, cq, node;
	const char *nic, *drive;
	bool any_bpf, seal_targets, force;
	char **command;
};

/* --- list and show --------------------------------------------------------- */

static void json_region(const struct unified_io_region_info *i)
{
	json_object(NULL);
	json_u64("id", i->id);
	json_u64("pid", i->owner_pid);
	json_u64("size", i->size);
	json_bool("user_memory", i->flags & UNIFIED_IO_SETUP_USER_MEMORY);
	json_bool("sealed", i->sealed);
	json_u64("ring_size", i->ring_size);
	json_u64("rx_size", i->rx_size);
	json_u64("slots", i->nr_slots);
	json_u64("slot_size", i->slot_size);
	json_u64("slots_held", i->slots_held);
	json_u64("slots_io", i->slots_io);
	json_s64("numa_node", i->numa_node);
	json_u64("folios", i->nr_folios);
	json_u64("folios_pinned", i->nr_pinned);
	json_u64("min_order", i->min_order);
	json_u64("max_order", i->max_order);
	json_u64("mappings", i->nr_maps);
	json_object("offsets");
	json_u64("control", i->offsets.control);
	json_u64("rings", i->offsets.rings);
	json_u64("sq", i->offsets.sq);
	json_u64("cq", i->offsets.cq);
	json_u64("slot_states", i->offsets.slot_states);
	json_u64("data", i->offsets.data);
	json_u64("rx", i->offsets.rx);
	json_u64("slots", i->offsets.slots);
	json_end();
	ledger_json("ledger", &i->ledger);
	json_end();
}

static void print_part(const char *name, uint64_t offset, uint64_t size)
{
	char text[32];

	printf("  %-12s %#12" PRIx64 "  %s\n", name, offset, human(size, text, sizeof(text)));
}

static void print_ledger(const struct unified_io_region_info *i)
{
	const struct unified_io_ledger *l = &i->ledger;

	printf("  buffers      %u of %u held, %u in use by operations\n", i->slots_held,
	       i->nr_slots, i->slots_io);
	printf("               %llu times none was free, %llu times one came back that was not held\n",
	       l->buffers_exhausted, l->buffers_stale);
	printf("  operations   %llu, of them %llu refused\n", l->operations, l->refused);
	printf("  done         %llu reads, %llu writes, %llu others; %llu of them failed, %llu dropped\n",
	       l->reads, l->writes, l->others, l->failed, l->dropped);
	printf("  commands     %llu, of them %llu gathered; %llu operations tried again, %llu waited\n",
	       l->commands, l->gathered, l->retries, l->waits);
	printf("  bytes        %llu read and %llu written by DMA, %llu copied for the device\n",
	       l->bytes_read, l->bytes_written, l->bytes_bounced);
	printf("               %llu worked on by policies, %llu copied by them\n",
	       l->bytes_processed, l->bytes_copied);
	printf("  allocations  %llu\n", l->allocations);
}

static void print_region(const struct unified_io_region_info *i)
{
	const struct unified_io_offsets *o = &i->offsets;
	char size[32], smallest[32], largest[32];

	printf("region %u: %s, set up by process %u%s\n", i->id, human(i->size, size, sizeof(size)),
	       i->owner_pid, i->sealed ? ", sealed" : "");
	if (i->flags & UNIFIED_IO_SETUP_USER_MEMORY)
		printf("  memory       of that process, pinned\n");
	else
		printf("  memory       %u pieces of %s to %s, %u of them pinned for I/O\n",
		       i->nr_folios, human(4096ULL << i->min_order, smallest, sizeof(smallest)),
		       human(4096ULL << i->max_order, largest, sizeof(largest)), i->nr_pinned);
	if (i->numa_node >= 0)
		printf("  node         %d\n", i->numa_node);
	printf("  mappings     %u\n", i->nr_maps);
	print_part("rings", o->rings, i->ring_size);
	print_part("submissions", o->sq, o->cq - o->sq);
	print_part("completions", o->cq, o->slot_states - o->cq);
	print_part("receive area", o->rx, i->rx_size);
	print_part("slots", o->slots, (uint64_t)i->nr_slots * i->slot_size);
	print_ledger(i);
}

static int region_list(void *values)
{
	struct unified_io_region_info info = {};
	char size[32];
	int fd, ret, count = 0;

	(void)values;
	fd = module_open();
	if (fd < 0)
		return module_fail(fd);
	if (json_output)
		json_array(NULL);
	for (ret = module_next_region(fd, 1, &info); !ret;
	     ret = module_next_region(fd, info.id + 1, &info)) {
		if (json_output) {
			json_region(&info);
			continue;
		}
		if (!count++)
			printf("%-6s %-10s %-8s %-6s %-8s %s\n", "ID", "SIZE", "PID", "MAPS",
			       "SLOTS", "STATE");
		printf("%-6u %-10s %-8u %-6u %-8u %s\n", info.id,
		       human(info.size, size, sizeof(size)), info.owner_pid, info.nr_maps,
		       info.nr_slots, info.sealed ? "sealed" : "open");
	}
	close(fd);
	if (ret != -ENOENT)
		return fail(ret, "cannot list regions");
	if (json_output)
		json_end();
	else if (!count)
		puts("there is no region");
	return EXIT_OK;
}

static int region_show(void *values)
{
	const struct region_options *opt = values;
	struct unified_io_region_info info = {};
	int fd, ret;

	fd = module_open();
	if (fd < 0)
		return module_fail(fd);
	ret = module_find_region(fd, opt->id, &info);
	close(fd);
	if (ret)
		return ret;
	if (json_output)
		json_region(&info);
	else
		print_region(&info);
	return EXIT_OK;
}

/* --- create ---------------------------------------------------------------- */

/* Open for as long as the region lives. Returns an exit status. */
static int open_drive(const char *path, int *fd)
{
	*fd = open(path, O_RDWR | O_CLOEXEC);
	/* What is read-only is a target to read. */
	if (*fd < 0 && (errno == EACCES || errno == EROFS))
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd >= 0 ? EXIT_OK : fail(-errno, "cannot open '%s'", path);
}

static int prepare(const struct region_options *opt, struct unified_io_setup *s)
{
	*s = (struct unified_io_setup){
		.region_size = opt->size,
		.ring_size = opt->rings,
		.rx_size = opt->rx,
		.slot_size = opt->slot,
		.sq_entries = opt->sq,
		.cq_entries = opt->cq,
		.nvme_fd = -1,
		.uring_fd = -1,
	};
	if (opt->any_bpf)
		s->flags |= UNIFIED_IO_SETUP_BPF;
	if (opt->node != NODE_ANY) {
		s->flags |= UNIFIED_IO_SETUP_NODE;
		s->numa_node = opt->node;
	}
	if (opt->nic) {
		s->net_ifindex = if_nametoindex(opt->nic);
		if (!s->net_ifindex)
			return fail_because(-ENODEV, "no interface '%s'. See: ip link", opt->nic);
	}
	return opt->drive ? open_drive(opt->drive, &s->nvme_fd) : EXIT_OK;
}

/* The module takes it to write if it was opened for that. Returns an exit status. */
static int check_drive(int fd, const struct region_options *opt, int drive)
{
	if (!opt->drive || opt->force || (fcntl(drive, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return EXIT_OK;
	return target_may_overwrite(fd, opt->drive);
}

static int fail_create(int fd, int err, const struct region_options *opt)
{
	const struct unified_io_target target = { .access = UNIFIED_TARGET_READ };
	char size[32];

	human(opt->size, size, sizeof(size));
	switch (err) {
	case -EINVAL:
		return fail(
			err,
			"a region cannot be like that. Sizes are multiples of 4096; --sq, --cq "
			"and --slot are powers of two; --rings, queues and --rx must fit into %s",
			size);
	case -ENOMEM:
		return fail(err,
			    "there is no memory for a region of %s, or it is more than may be "
			    "locked. See: ulimit -l",
			    size);
	case -ERANGE:
		return fail(err, "there is no NUMA node %" PRIu64, opt->node);
	case -ENODEV:
		return fail(err, "what --drive names is no block device and no NVMe device");
	default:
		if (opt->drive)
			return target_fail(fd, err, opt->drive, &target);
		return fail(err, "cannot create a region of %s", size);
	}
}

/* Until SIGINT or SIGTERM, which are blocked so that they are not lost before. */
static int hold(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!json_output)
		puts("held until Ctrl-C");
	fflush(stdout);
	sigwait(&set, &sig);
	return EXIT_OK;
}

/* The command finds the region's descriptor in UNIFIED_IO_FD. */
static int run_with(int fd, char **command)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	setenv("UNIFIED_IO_FD", number, 1);
	fcntl(fd, F_SETFD, 0);
	return process_become(command);
}

static int region_create(void *values)
{
	const struct region_options *opt = values;
	struct unified_io_info info = {};
	struct unified_io_setup setup;
	int fd, ret;

	ret = prepare(opt, &setup);
	if (ret)
		return ret;
	fd = module_open();
	if (fd < 0)
		return module_fail(fd);
	ret = check_drive(fd, opt, setup.nvme_fd);
	if (ret)
		return ret;
	if (ioctl(fd, UNIFIED_IO_SETUP, &setup))
		return fail_create(fd, -errno, opt);
	if (opt->seal_targets && ioctl(fd, UNIFIED_IO_SEAL_TARGETS))
		return fail(-errno, "cannot seal the targets");
	if (opt->command)
		return run_with(fd, opt->command);
	ioctl(fd, UNIFIED_IO_GET_INFO, &info);
	if (json_output)
		json_region(&info.region);
	else
		print_region(&info.region);
	return hold();
}

static const struct cli_verb verbs[] = {
	{ "list", "the regions of all processes", LIST, region_list },
	{ "show", "what a region is made of and where its parts are", SHOW, region_show },
	{ "create",
	  "make a region for a command that inherits it as $UNIFIED_IO_FD, or until Ctrl-C", CREATE,
	  region_create },
	{}
};

#define MEMBER(name) CLI_AT(struct region_options, name)

static const struct cli_option options[] = {
	{ "REGION", NULL, "its id, as it is listed", CLI_ID, .flags = CLI_ARGUMENT | CLI_REQUIRED,
	  .verbs = SHOW, MEMBER(id), .hint = "@region" },
	{ "size", "BYTES", "in all (64M)", CLI_SIZE, .verbs = CREATE, MEMBER(size) },
	{ "rings", "BYTES", "for the rings of io_uring (0)", CLI_SIZE, .verbs = CREATE,
	  MEMBER(rings) },
	{ "rx", "BYTES", "to receive into (0)", CLI_SIZE, .verbs = CREATE, MEMBER(rx) },
	{ "slot", "BYTES", "of a slot of the module's pool (4096)", CLI_SIZE, .verbs = CREATE,
	  MEMBER(slot), .max = UINT32_MAX },
	{ "sq", "N", "entries of the submission queue (256)", CLI_SIZE, .verbs = CREATE, MEMBER(sq),
	  .max = UINT32_MAX },
	{ "cq", "N", "entries of the completion queue (256)", CLI_SIZE, .verbs = CREATE, MEMBER(cq),
	  .max = UINT32_MAX },
	{ "node", "N", "take memory of this NUMA node", CLI_NUMBER, .verbs = CREATE, MEMBER(node),
	  .max = INT32_MAX },
	{ "nic", "IF", "take memory near this interface", CLI_TEXT, .verbs = CREATE, MEMBER(nic),
	  .hint = "@interface" },
	{ "drive", "DEVICE", "take memory near this one, and have it as target 0", CLI_TEXT,
	  .verbs = CREATE, MEMBER(drive), .hint = "@file" },
	{ "force", NULL, "let a filesystem, or what else --drive has, be overwritten",
	  .verbs = CREATE, MEMBER(force) },
	{ "any-bpf", NULL, "whoever may load BPF programs may use it from them", .verbs = CREATE,
	  MEMBER(any_bpf) },
	{ "seal-targets", NULL, "who has its descriptor adds no target and removes none",
	  .verbs = CREATE, MEMBER(seal_targets) },
	{ "COMMAND", NULL, "what inherits it", CLI_COMMAND, .verbs = CREATE, MEMBER(command) },
	{}
};

const struct cli_object region_object = {
	.name = "region",
	.help = "regions of memory",
	.alone = "list",
	.verbs = verbs,
	.options = options,
	.defaults =
		&(const struct region_options){
			.size = 64 << 20,
			.sq = 256,
			.cq = 256,
			.node = NODE_ANY,
		},
	.size = sizeof(struct region_options),
};
