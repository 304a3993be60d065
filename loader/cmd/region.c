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
#include "processes.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

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

static int region_list(int argc, char **argv)
{
	struct unified_io_region_info info = {};
	char size[32];
	int fd, ret, count = 0;

	(void)argv;
	if (argc)
		return fail_usage("region list takes no arguments");
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

static int region_show(int argc, char **argv)
{
	struct unified_io_region_info info = {};
	uint32_t id;
	int fd, ret;

	if (argc != 1)
		return fail_usage("region show takes the id of one region");
	if (parse_id(argv[0], &id))
		return fail_usage("'%s' is no id. See: unifiedctl region list", argv[0]);
	fd = module_open();
	if (fd < 0)
		return module_fail(fd);
	ret = module_find_region(fd, id, &info);
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

struct create {
	struct unified_io_setup setup;
	const char *drive;
	bool seal_targets;
	char **command;
};

static int parse_create_option(struct create *c, const char *name, const char *value)
{
	struct unified_io_setup *s = &c->setup;
	uint64_t n = 0;

	if (!strcmp(name, "nic")) {
		s->net_ifindex = if_nametoindex(value);
		return s->net_ifindex
			       ? EXIT_OK
			       : fail_because(-ENODEV, "no interface '%s'. See: ip link", value);
	}
	if (!strcmp(name, "drive")) {
		c->drive = value;
		s->nvme_fd = open(value, O_RDWR | O_CLOEXEC);
		/* What is read-only is a target to read. */
		if (s->nvme_fd < 0 && (errno == EACCES || errno == EROFS))
			s->nvme_fd = open(value, O_RDONLY | O_CLOEXEC);
		return s->nvme_fd >= 0 ? EXIT_OK : fail(-errno, "cannot open '%s'", value);
	}
	if (!strcmp(name, "bpf")) {
		if (strcmp(value, "any"))
			return fail_usage("'bpf %s': it is 'any', or left out", value);
		s->flags |= UNIFIED_IO_SETUP_BPF;
		return EXIT_OK;
	}
	if (!strcmp(name, "targets")) {
		if (strcmp(value, "sealed"))
			return fail_usage("'targets %s': they are 'sealed', or it is left out",
					  value);
		c->seal_targets = true;
		return EXIT_OK;
	}
	if (parse_size(value, &n))
		return fail_usage("'%s %s': a number is meant, as 4096, 64K or 1G", name, value);
	if (!strcmp(name, "size")) {
		s->region_size = n;
	} else if (!strcmp(name, "rings")) {
		s->ring_size = n;
	} else if (!strcmp(name, "rx")) {
		s->rx_size = n;
	} else if (n > UINT32_MAX) {
		return fail_usage("'%s %s' is too large", name, value);
	} else if (!strcmp(name, "slot")) {
		s->slot_size = n;
	} else if (!strcmp(name, "sq")) {
		s->sq_entries = n;
	} else if (!strcmp(name, "cq")) {
		s->cq_entries = n;
	} else if (!strcmp(name, "node")) {
		s->flags |= UNIFIED_IO_SETUP_NODE;
		s->numa_node = n;
	} else {
		return fail_usage("region create: no setting '%s'. Try: unifiedctl region help",
				  name);
	}
	return EXIT_OK;
}

static int parse_create(struct create *c, int argc, char **argv)
{
	int i, ret;

	for (i = 0; i < argc; i += 2) {
		if (!strcmp(argv[i], "--")) {
			if (i + 1 == argc)
				return fail_usage("region create: which command, after '--'?");
			c->command = argv + i + 1;
			return EXIT_OK;
		}
		if (i + 1 == argc)
			return fail_usage("region create: '%s' takes a value", argv[i]);
		ret = parse_create_option(c, argv[i], argv[i + 1]);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

static int fail_create(int fd, int err, const struct create *c)
{
	const struct unified_io_target target = { .access = UNIFIED_TARGET_READ };
	const struct unified_io_setup *s = &c->setup;
	char size[32];

	human(s->region_size, size, sizeof(size));
	switch (err) {
	case -EINVAL:
		return fail(err,
			    "a region cannot be like that. Sizes are multiples of 4096; sq, cq "
			    "and slot are powers of two; rings, queues and rx must fit into %s",
			    size);
	case -ENOMEM:
		return fail(err,
			    "there is no memory for a region of %s, or it is more than may be "
			    "locked. See: ulimit -l",
			    size);
	case -ERANGE:
		return fail(err, "there is no NUMA node %d", s->numa_node);
	case -ENODEV:
		return fail(err, "what 'drive' names is no block device and no NVMe device");
	default:
		if (c->drive)
			return target_fail(fd, err, c->drive, &target);
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

static int region_create(int argc, char **argv)
{
	struct create c = {
		.setup = { .region_size = 64 << 20,
			   .sq_entries = 256,
			   .cq_entries = 256,
			   .nvme_fd = -1,
			   .uring_fd = -1 },
	};
	struct unified_io_info info = {};
	int fd, ret;

	ret = parse_create(&c, argc, argv);
	if (ret)
		return ret;
	fd = module_open();
	if (fd < 0)
		return module_fail(fd);
	if (ioctl(fd, UNIFIED_IO_SETUP, &c.setup))
		return fail_create(fd, -errno, &c);
	if (c.seal_targets && ioctl(fd, UNIFIED_IO_SEAL_TARGETS))
		return fail(-errno, "cannot seal the targets");
	if (c.command)
		return run_with(fd, c.command);
	ioctl(fd, UNIFIED_IO_GET_INFO, &info);
	if (json_output)
		json_region(&info.region);
	else
		print_region(&info.region);
	return hold();
}

static const struct command commands[] = {
	{ "list", "", "the regions of all processes", region_list },
	{ "show", "ID", "what a region is made of and where its parts are", region_show },
	{ "create",
	  "[size N] [rings N] [rx N] [slot N] [sq N] [cq N] [node N] [nic IF] [drive DEV] "
	  "[bpf any] [targets sealed] [-- COMMAND ...]",
	  "make a region for a command that inherits it as $UNIFIED_IO_FD, or until Ctrl-C",
	  region_create },
	{}
};

int cmd_region(int argc, char **argv)
{
	return run_command("region", commands, argc, argv);
}
