// SPDX-License-Identifier: GPL-2.0
/*
 * discard COUNT [IF QUEUE]: take connections on port 9000, receive, count, and store
 * nothing; end when COUNT streams have. It says the same as unifiedctl ingest -j.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

#include "json.h"
#include "pipeline.h"
#include "unifiedctl.h"

#include "skel/discard.skel.h"

static int open_loop(struct pipeline_loop *loop)
{
	struct discard_bpf *skel = discard_bpf__open();

	if (!skel)
		return -errno;
	*loop = (struct pipeline_loop){
		PIPELINE_LOOP(skel, discard),
		.own_stats = (uint64_t *)&skel->bss->discarded,
	};
	return 0;
}

static void json_own(const void *own)
{
	json_u64("discarded", *(const uint64_t *)own);
}

int main(int argc, char **argv)
{
	static const struct pipeline_prog discard = {
		.open = open_loop,
		.nr_own = 1,
		.json = json_own,
	};
	struct pipeline_options opt = { PIPELINE_DEFAULTS, .nr_queues = 1 };
	struct sockaddr_in *address = (struct sockaddr_in *)&opt.address;

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(9000) };
	opt.address_len = sizeof(*address);
	opt.count = argc > 1 ? atoi(argv[1]) : 0;
	if (argc == 4) {
		opt.nic = argv[2];
		opt.ifindex = if_nametoindex(argv[2]);
		opt.queues[0] = atoi(argv[3]);
	}
	opt.area_max = opt.area;
	json_output = true;
	json_setup(false);
	return pipeline_run(&discard, &opt);
}
