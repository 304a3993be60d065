// SPDX-License-Identifier: GPL-2.0
/*
 * The words of unifiedctl ingest, see ingest.h.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest.h"
#include "unifiedctl.h"
#include "units.h"

enum {
	OPT_LISTEN = 256,
	OPT_DEV,
	OPT_QUEUES,
	OPT_RECV,
	OPT_TARGET,
	OPT_POLICY,
	OPT_ZERO_COPY,
	OPT_CPU,
	OPT_STATS_JSON,
	OPT_POLL_THREADS,
	OPT_AREA,
	OPT_BUFFER,
	OPT_START,
	OPT_EXTENT,
	OPT_COMMAND,
	OPT_STREAMS,
	OPT_COUNT,
	OPT_FLUSH,
	OPT_ON_ERROR,
	OPT_BLOCK,
	OPT_NVME,
};

static const struct option long_options[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "dev", required_argument, NULL, OPT_DEV },
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "recv", no_argument, NULL, OPT_RECV },
	{ "target", required_argument, NULL, OPT_TARGET },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "require-zero-copy", no_argument, NULL, OPT_ZERO_COPY },
	{ "cpu", required_argument, NULL, OPT_CPU },
	{ "stats-json", no_argument, NULL, OPT_STATS_JSON },
	{ "poll-threads", no_argument, NULL, OPT_POLL_THREADS },
	{ "area", required_argument, NULL, OPT_AREA },
	{ "buffer", required_argument, NULL, OPT_BUFFER },
	{ "start", required_argument, NULL, OPT_START },
	{ "extent", required_argument, NULL, OPT_EXTENT },
	{ "command", required_argument, NULL, OPT_COMMAND },
	{ "streams", required_argument, NULL, OPT_STREAMS },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "flush", required_argument, NULL, OPT_FLUSH },
	{ "on-error", required_argument, NULL, OPT_ON_ERROR },
	{ "block", no_argument, NULL, OPT_BLOCK },
	{ "nvme", no_argument, NULL, OPT_NVME },
	{},
};

const char ingest_usage[] =
	"\n"
	"       SOURCE := { --dev IF --queues LIST   zero-copy receive from these queues of the NIC\n"
	"                 | --recv }                 from any NIC, with one copy\n"
	"\n"
	"       OPTIONS := { --listen ADDR:PORT      take connections there; [ADDR6]:PORT, :PORT\n"
	"                  | --target DEV ...        store on these, up to 32\n"
	"                  | --block | --nvme        how the devices are driven\n"
	"                  | --policy NAME|FILE      who decides, instead of append; up to 8 times\n"
	"                  | --require-zero-copy     end at the first byte that was copied\n"
	"                  | --on-error { stop | drop | retry }   of a device (stop)\n"
	"                  | --cpu LIST              where the loops run; with --recv, how many\n"
	"                  | --poll-threads          the queues are polled there, too, by threads\n"
	"                  | --count N               end when N streams have\n"
	"                  | --start BYTES           of the targets is left alone (0)\n"
	"                  | --extent SIZE           what a stream takes at a time, at most (16M)\n"
	"                  | --command SIZE          of one write, about (128K)\n"
	"                  | --area SIZE[,MAX]       of receive buffers, for each queue (32M)\n"
	"                  | --buffer SIZE           of one of them, 4K to 64K (4K)\n"
	"                  | --streams N             at once, for each queue (64)\n"
	"                  | --flush MS              how long what is quiet may stay unwritten (100)\n"
	"                  | --stats-json }          the line of each second, and the index, as JSON\n"
	"\n"
	"       LIST is 0 or 0,2-3. Exit status: 3 a byte was copied and must not be, 4 a stream failed.\n";

/* --- values --------------------------------------------------------------------- */

static int parse_number(const char *name, const char *text, uint64_t min, uint64_t max,
			uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *value >= min && *value <= max)
		return EXIT_OK;
	return fail_usage("%s '%s': a number is meant, from %llu to %llu", name, text,
			  (unsigned long long)min, (unsigned long long)max);
}

/* "192.0.2.1:9000", "[2001:db8::1]:9000", ":9000" for all addresses. */
static int parse_address(struct ingest_options *opt, const char *text)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	char host[128], *colon, *from = host;
	struct addrinfo *found;
	uint64_t port;
	int ret;

	if (strlen(text) >= sizeof(host))
		return fail_usage("--listen '%s' is no address", text);
	strcpy(host, text);
	colon = strrchr(host, ':');
	if (!colon || !colon[1])
		return fail_usage(
			"--listen '%s': ADDRESS:PORT is meant, or :PORT for every address", text);
	/* getaddrinfo() takes 99999 for 34463. */
	ret = parse_number("--listen: port", colon + 1, 1, UINT16_MAX, &port);
	if (ret)
		return ret;
	*colon = '\0';
	if (*from == '[' && colon[-1] == ']') {
		from++;
		colon[-1] = '\0';
	}
	/* Both families. */
	if (!*from)
		hints.ai_family = AF_INET6;
	ret = getaddrinfo(*from ? from : NULL, colon + 1, &hints, &found);
	if (ret)
		return fail_usage("--listen '%s': %s", text, gai_strerror(ret));
	memcpy(&opt->address, found->ai_addr, found->ai_addrlen);
	opt->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return EXIT_OK;
}

/* "0,2-4" */
static int parse_numbers(const char *name, const char *text, unsigned int *list, unsigned int *nr)
{
	int n = parse_list(text, list, INGEST_MAX_QUEUES);

	if (n <= 0)
		return fail_usage("%s '%s': up to %d numbers are meant, as 1 or 0,2-3", name, text,
				  INGEST_MAX_QUEUES);
	*nr = n;
	return EXIT_OK;
}

static int parse_bytes(const char *name, const char *text, uint64_t min, uint64_t max,
		       bool power_of_two, uint64_t *value)
{
	char from[32], to[32];

	if (!parse_size(text, value) && *value >= min && *value <= max &&
	    !(power_of_two && *value & (*value - 1)))
		return EXIT_OK;
	return fail_usage("%s '%s': %s is meant, from %s to %s", name, text,
			  power_of_two ? "a power of two" : "a size",
			  human(min, from, sizeof(from)), human(max, to, sizeof(to)));
}

/* "32M", "32M,1G" */
static int parse_area(struct ingest_options *opt, const char *text)
{
	const char *comma = strchr(text, ',');
	char min[32];
	int ret;

	if (!comma)
		return parse_bytes("--area", text, 2 << 20, INGEST_MAX_AREA, true, &opt->area);
	snprintf(min, sizeof(min), "%.*s", (int)(comma - text), text);
	ret = parse_bytes("--area", min, 2 << 20, INGEST_MAX_AREA, true, &opt->area);
	if (!ret)
		ret = parse_bytes("--area: maximum", comma + 1, 2 << 20, INGEST_MAX_AREA, true,
				  &opt->area_max);
	if (ret)
		return ret;
	if (opt->area_max < opt->area || opt->area_max > INGEST_AREAS * opt->area)
		return fail_usage("--area '%s': the maximum is to be from 1 to %d times the "
				  "size before it",
				  text, INGEST_AREAS);
	return EXIT_OK;
}

static int parse_on_error(struct ingest_options *opt, const char *text)
{
	static const char *const words[] = { [INGEST_STOP] = "stop",
					     [INGEST_DROP] = "drop",
					     [INGEST_RETRY] = "retry" };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(text, words[i]))
			continue;
		opt->on_error = i;
		return EXIT_OK;
	}
	return fail_usage("--on-error '%s': stop, drop or retry is meant", text);
}

static int add_target(struct ingest_options *opt, const char *path)
{
	if (opt->nr_targets == UNIFIED_IO_MAX_TARGETS)
		return fail_usage("there are more than %d targets", UNIFIED_IO_MAX_TARGETS);
	opt->targets[opt->nr_targets++] = path;
	return EXIT_OK;
}

static int add_policy(struct ingest_options *opt, const char *name)
{
	if (opt->nr_policies == INGEST_MAX_POLICIES)
		return fail_usage("there are more than %d policies", INGEST_MAX_POLICIES);
	opt->policies[opt->nr_policies++] = name;
	return EXIT_OK;
}

static int parse_option(struct ingest_options *opt, int c, const char *value)
{
	uint64_t n;
	int ret;

	switch (c) {
	case OPT_LISTEN:
		return parse_address(opt, value);
	case OPT_DEV:
		opt->nic = value;
		return EXIT_OK;
	case OPT_QUEUES:
		return parse_numbers("--queues", value, opt->queues, &opt->nr_queues);
	case OPT_CPU:
		return parse_numbers("--cpu", value, opt->cpus, &opt->nr_cpus);
	case OPT_TARGET:
		return add_target(opt, value);
	case OPT_POLICY:
		return add_policy(opt, value);
	case OPT_ZERO_COPY:
		opt->require_zero_copy = true;
		return EXIT_OK;
	case OPT_STATS_JSON:
		opt->stats_json = true;
		return EXIT_OK;
	case OPT_POLL_THREADS:
		opt->poll_threads = true;
		return EXIT_OK;
	case OPT_BLOCK:
		opt->block = true;
		return EXIT_OK;
	case OPT_NVME:
		opt->nvme = true;
		return EXIT_OK;
	case OPT_AREA:
		return parse_area(opt, value);
	case OPT_BUFFER:
		return parse_bytes("--buffer", value, 4096, 64 << 10, true, &opt->buffer);
	case OPT_START:
		return parse_bytes("--start", value, 0, INT64_MAX, false, &opt->start);
	case OPT_EXTENT:
		return parse_bytes("--extent", value, 1 << 20, 1ULL << 40, true, &opt->extent);
	case OPT_COMMAND:
		return parse_bytes("--command", value, 16 << 10, 512 << 10, true, &opt->command);
	case OPT_COUNT:
		return parse_number("--count", value, 1, UINT32_MAX, &opt->count);
	case OPT_STREAMS:
		ret = parse_number("--streams", value, 1, INGEST_STREAMS, &n);
		opt->streams = n;
		return ret;
	case OPT_FLUSH:
		ret = parse_number("--flush", value, 1, 60000, &n);
		opt->flush_ms = n;
		return ret;
	case OPT_ON_ERROR:
		return parse_on_error(opt, value);
	default:
		return EXIT_USAGE;
	}
}

/* --- together ------------------------------------------------------------------------ */

static int check_source(struct ingest_options *opt, bool recv)
{
	if (recv && opt->nic)
		return fail_usage("--dev and --recv exclude each other");
	if (recv && opt->require_zero_copy)
		return fail_usage("--recv copies every byte once: --require-zero-copy needs --dev");
	if (recv && opt->poll_threads)
		return fail_usage("--poll-threads is for queues of an interface: --dev");
	if (recv) {
		if (!opt->nr_queues)
			opt->nr_queues = opt->nr_cpus ?: 1;
		return EXIT_OK;
	}
	if (!opt->nic)
		return fail_usage(
			"from which interface? --dev IF --queues LIST, or --recv for any");
	if (!opt->nr_queues)
		return fail_usage("which queues of %s? --queues LIST", opt->nic);
	opt->ifindex = if_nametoindex(opt->nic);
	if (!opt->ifindex)
		return fail_because(-ENODEV, "there is no interface '%s'. See: ip link", opt->nic);
	return EXIT_OK;
}

/*
 * Half of the loop's commands take the whole area, or else each of at most 256 streams
 * has four buffers in one. With recv a stream has a slot that is received into.
 */
static int check_sizes(const struct ingest_options *opt, bool recv)
{
	uint64_t least = opt->area_max / (INGEST_COMMANDS / 2), most;
	char size[32];

	if (least > 4 * opt->buffer)
		least = 4 * opt->buffer;
	if (!recv && opt->command < least)
		return fail_usage(
			"--command is to be 1/512 of --area, or 4 times --buffer, or more: %s",
			human(least, size, sizeof(size)));
	most = recv ? INGEST_MAX_SLOTS * (uint64_t)INGEST_SLOT : INGEST_MAX_BUFFERS;
	if (opt->nr_queues * opt->area_max > most)
		return fail_usage("--area of all queues together is to be %s at most",
				  human(most, size, sizeof(size)));
	if (recv && opt->streams * 2 * INGEST_SLOT > opt->area)
		return fail_usage("--recv takes %s of --area for each of --streams",
				  human(2 * INGEST_SLOT, size, sizeof(size)));
	return EXIT_OK;
}

static int check(struct ingest_options *opt, bool recv)
{
	int ret;

	if (recv && opt->area_max)
		return fail_usage("with --recv there is no more --area than at first: one size");
	if (!opt->area_max)
		opt->area_max = opt->area;
	if (!opt->address_len)
		return fail_usage("where are connections taken? --listen ADDRESS:PORT");
	ret = check_source(opt, recv);
	if (ret)
		return ret;
	if (!opt->nr_targets)
		return fail_usage("where is it stored? --target DEVICE");
	if (opt->block && opt->nvme)
		return fail_usage("--block and --nvme exclude each other");
	return check_sizes(opt, recv);
}

int ingest_parse(struct ingest_options *opt, int argc, char **argv)
{
	bool recv = false;
	int c, ret;

	*opt = (struct ingest_options){
		.area = 32 << 20,
		.buffer = 4096,
		.extent = 16 << 20,
		.command = 128 << 10,
		.streams = 64,
		.flush_ms = 100,
	};
	/* argv[-1] is the object, as getopt wants it. */
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc + 1, argv - 1, "", long_options, NULL)) != -1) {
		const char *word = argv[optind - 2];

		if (c == '?' && optopt >= OPT_LISTEN)
			return fail_usage("ingest: '%s' takes a value", word);
		if (c == '?')
			return fail_usage("ingest: no option '%s'. Try: unifiedctl ingest help",
					  word);
		if (c == OPT_RECV)
			recv = true;
		else if ((ret = parse_option(opt, c, optarg)))
			return ret;
		/* --target A B C */
		while (c == OPT_TARGET && optind <= argc && argv[optind - 1][0] != '-') {
			ret = add_target(opt, argv[optind++ - 1]);
			if (ret)
				return ret;
		}
	}
	if (optind <= argc)
		return fail_usage("ingest: what is '%s'? Try: unifiedctl ingest help",
				  argv[optind - 1]);
	return check(opt, recv);
}
