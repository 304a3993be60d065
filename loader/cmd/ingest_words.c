// SPDX-License-Identifier: GPL-2.0
/*
 * The options of unifiedctl ingest, and whether they go together. See ingest.h.
 */
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest.h"
#include "options.h"
#include "unifiedctl.h"
#include "units.h"

/* --- values --------------------------------------------------------------------- */

/* "192.0.2.1:9000", "[2001:db8::1]:9000", ":9000" for all addresses. */
static int parse_address(void *values, const char *text)
{
	static const struct cli_option ports = { .min = 1, .max = UINT16_MAX };
	struct ingest_options *opt = values;
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
	ret = cli_parse_number(&ports, "--listen: port", colon + 1, &port);
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

/* "32M", "32M,1G" */
static int parse_area(void *values, const char *text)
{
	static const struct cli_option sizes = { .kind = CLI_POWER,
						 .min = 2 << 20,
						 .max = PIPELINE_MAX_AREA };
	struct ingest_options *opt = values;
	const char *comma = strchr(text, ',');
	char min[32];
	int ret;

	if (!comma)
		return cli_parse_bytes(&sizes, "--area", text, &opt->area);
	snprintf(min, sizeof(min), "%.*s", (int)(comma - text), text);
	ret = cli_parse_bytes(&sizes, "--area", min, &opt->area);
	if (!ret)
		ret = cli_parse_bytes(&sizes, "--area: maximum", comma + 1, &opt->area_max);
	if (ret)
		return ret;
	if (opt->area_max < opt->area || opt->area_max > LOOP_AREAS * opt->area)
		return fail_usage("--area '%s': the maximum is to be from 1 to %d times the "
				  "size before it",
				  text, LOOP_AREAS);
	return EXIT_OK;
}

static const char *const on_error[] = {
	[INGEST_STOP] = "stop", [INGEST_DROP] = "drop", [INGEST_RETRY] = "retry", NULL
};

/* Those that are of use here. */
static const char *const policies[] = { "append",	    "shard_flow", "mirror", "filter",
					"ratelimit_source", "retry",	  NULL };

#define MEMBER(name) CLI_AT(struct ingest_options, name)
#define COUNT(name)  CLI_COUNT_AT(struct ingest_options, name)

const struct cli_option ingest_option_table[] = {
	{ "listen", "ADDR:PORT", "take connections there; [ADDR6]:PORT, :PORT", CLI_OWN,
	  .flags = CLI_REQUIRED, .verbs = 1, .parse = parse_address },
	{ "target", "DEVICE", "store on these, up to 32", CLI_TEXT,
	  .flags = CLI_REQUIRED | CLI_REPEATED, .verbs = 1, MEMBER(targets), COUNT(nr_targets),
	  .hint = "@file" },
	{ "dev", "IF", "zero-copy receive from this interface", CLI_TEXT, .verbs = 1, MEMBER(nic),
	  .hint = "@interface" },
	{ "queues", "LIST", "from these of its queues, as 0 or 0,2-3", CLI_LIST, .verbs = 1,
	  MEMBER(queues), COUNT(nr_queues) },
	{ "recv", NULL, "receive from any interface, with one copy", .verbs = 1, MEMBER(recv) },
	{ "block", NULL, "drive the devices by the block layer", .verbs = 1, MEMBER(block) },
	{ "nvme", NULL, "drive them by NVMe commands or not at all", .verbs = 1, MEMBER(nvme) },
	{ "force", NULL, "overwrite a filesystem, or what else the devices have", .verbs = 1,
	  MEMBER(force) },
	{ "policy", "POLICY", "who decides, instead of append: a name or a file", CLI_TEXT,
	  .flags = CLI_REPEATED, .verbs = 1, MEMBER(policies), COUNT(nr_policies),
	  .words = policies, .hint = "@policy" },
	{ "require-zero-copy", NULL, "end at the first byte that was copied", .verbs = 1,
	  MEMBER(require_zero_copy) },
	{ "on-error", "stop|drop|retry", "what happens when a device refuses a write (stop)",
	  CLI_WORD, .verbs = 1, MEMBER(on_error), .words = on_error },
	{ "cpu", "LIST", "where the loops run; with --recv, how many", CLI_LIST, .verbs = 1,
	  MEMBER(cpus), COUNT(nr_cpus) },
	{ "poll-threads", NULL, "the queues are polled there, too, by threads", .verbs = 1,
	  MEMBER(poll_threads) },
	{ "count", "N", "end when N streams have", CLI_NUMBER, .verbs = 1, MEMBER(count), .min = 1,
	  .max = UINT32_MAX },
	{ "start", "BYTES", "so much of each device is left alone (0)", CLI_SIZE, .verbs = 1,
	  MEMBER(start), .max = INT64_MAX },
	{ "extent", "SIZE", "what a stream takes at a time, at most (16M)", CLI_POWER, .verbs = 1,
	  MEMBER(extent), .min = 1 << 20, .max = 1ULL << 40 },
	{ "reserve", "SIZE", "what a stream takes at first (what it needs)", CLI_SIZE, .verbs = 1,
	  MEMBER(reserve), .max = 1ULL << 40 },
	{ "command", "SIZE", "of one write, about (128K)", CLI_POWER, .verbs = 1, MEMBER(command),
	  .min = 16 << 10, .max = 512 << 10 },
	{ "area", "SIZE[,MAX]", "of receive buffers, for each queue (32M)", CLI_OWN, .verbs = 1,
	  .parse = parse_area },
	{ "buffer", "SIZE", "of one of them, 4K to 64K (4K)", CLI_POWER, .verbs = 1, MEMBER(buffer),
	  .min = 4096, .max = 64 << 10 },
	{ "streams", "N", "at once, for each queue (64)", CLI_NUMBER, .verbs = 1, MEMBER(streams),
	  .min = 1, .max = LOOP_STREAMS },
	{ "flush", "MS", "how long what is quiet may stay unwritten (100)", CLI_NUMBER, .verbs = 1,
	  MEMBER(flush_ms), .min = 1, .max = 60000 },
	{ "stats-json", NULL, "the line of each second, and the report, as JSON", .verbs = 1,
	  MEMBER(stats_json) },
	{}
};

const struct ingest_options ingest_defaults = {
	.common = { PIPELINE_DEFAULTS },
};

/* --- together ------------------------------------------------------------------------ */

static int check_source(struct ingest_options *opt)
{
	if (opt->recv && opt->nic)
		return fail_usage("--dev and --recv exclude each other");
	if (opt->recv && opt->require_zero_copy)
		return fail_usage("--recv copies every byte once: --require-zero-copy needs --dev");
	if (opt->recv && opt->poll_threads)
		return fail_usage("--poll-threads is for queues of an interface: --dev");
	if (opt->recv) {
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
static int check_sizes(const struct ingest_options *opt)
{
	uint64_t least = opt->area_max / (LOOP_COMMANDS / 2), most;
	char size[32];

	if (least > 4 * opt->buffer)
		least = 4 * opt->buffer;
	if (!opt->recv && opt->command < least)
		return fail_usage(
			"--command is to be 1/512 of --area, or 4 times --buffer, or more: %s",
			human(least, size, sizeof(size)));
	most = opt->recv ? LOOP_MAX_SLOTS * (uint64_t)PIPELINE_SLOT : PIPELINE_MAX_BUFFERS;
	if (opt->nr_queues * opt->area_max > most)
		return fail_usage("--area of all queues together is to be %s at most",
				  human(most, size, sizeof(size)));
	if (opt->recv && opt->streams * 2 * PIPELINE_SLOT > opt->area)
		return fail_usage("--recv takes %s of --area for each of --streams",
				  human(2 * PIPELINE_SLOT, size, sizeof(size)));
	return EXIT_OK;
}

int ingest_check_options(struct ingest_options *opt)
{
	int ret;

	if (opt->recv && opt->area_max)
		return fail_usage("with --recv there is no more --area than at first: one size");
	if (!opt->area_max)
		opt->area_max = opt->area;
	ret = check_source(opt);
	if (ret)
		return ret;
	if (opt->block && opt->nvme)
		return fail_usage("--block and --nvme exclude each other");
	return check_sizes(opt);
}
