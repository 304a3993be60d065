// SPDX-License-Identifier: GPL-2.0
/*
 * Asks the kernel for private fields, see private_fields.h: a program is loaded,
 * which relocates them as the loops do, and run once.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>

#include "bpf_log.h"
#include "private_fields.h"

#include "skel/private_fields.skel.h"

const struct private_field private_field_list[PRIVATE_FIELDS] = {
	[PRIVATE_ZCRX_CTXS] = { "io_ring_ctx.zcrx_ctxs", "include/linux/io_uring_types.h" },
	[PRIVATE_XA_HEAD] = { "xarray.xa_head", "include/linux/xarray.h" },
	[PRIVATE_XA_SHIFT] = { "xa_node.shift", "include/linux/xarray.h" },
	[PRIVATE_XA_SLOTS] = { "xa_node.slots", "include/linux/xarray.h" },
	[PRIVATE_AREAS] = { "io_zcrx_ifq.areas", "io_uring/zcrx.h" },
	[PRIVATE_NIA] = { "io_zcrx_area.nia", "io_uring/zcrx.h" },
	[PRIVATE_NIOVS] = { "net_iov_area.niovs", "include/net/netmem.h" },
	[PRIVATE_DESC] = { "net_iov.desc", "include/net/netmem.h" },
	[PRIVATE_PP] = { "netmem_desc.pp", "include/net/netmem.h" },
};

int private_fields_ask(uint32_t *there)
{
	struct private_fields_bpf *skel;
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int ret;

	bpf_log_keep();
	skel = private_fields_bpf__open();
	if (!skel)
		return -errno;
	ret = private_fields_bpf__load(skel);
	if (!ret)
		ret = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.private_fields), &run);
	if (!ret)
		*there = skel->bss->there;
	private_fields_bpf__destroy(skel);
	bpf_log_drop();
	return ret;
}

bool private_fields_missing(uint32_t there, char *names, size_t size)
{
	unsigned int i, n = 0;
	size_t used = 0;

	for (i = 0; i < PRIVATE_FIELDS; i++) {
		if (private_field_is(there, i))
			continue;
		if (used < size)
			used += snprintf(names + used, size - used, "%s%s", n ? ", " : "",
					 private_field_list[i].name);
		n++;
	}
	return n;
}
