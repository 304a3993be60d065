// SPDX-License-Identifier: GPL-2.0
/*
 * Which fields of the kernel's own structures does this kernel have? By the same
 * relocations as those that read them: compat.bpf.h.
 */
#include "compat.bpf.h"
#include "private_fields.h"

__u32 there; /* 1 << enum private_field_bit */

#define NOTE(bit, exists)			\
do {						\
	if (exists)				\
		there |= 1U << (bit);		\
} while (0)

SEC("syscall")
int private_fields(void *ctx)
{
	there = 0;
	NOTE(PRIVATE_ZCRX_CTXS, bpf_core_field_exists(struct io_ring_ctx___private, zcrx_ctxs));
	NOTE(PRIVATE_XA_HEAD, bpf_core_field_exists(struct xarray___private, xa_head));
	NOTE(PRIVATE_XA_SHIFT, bpf_core_field_exists(struct xa_node___private, shift));
	NOTE(PRIVATE_XA_SLOTS, bpf_core_field_exists(struct xa_node___private, slots));
	NOTE(PRIVATE_AREAS, compat_zcrx_many_areas() ||
			    bpf_core_field_exists(struct io_zcrx_ifq___one, area));
	NOTE(PRIVATE_NIA, bpf_core_field_exists(struct io_zcrx_area___private, nia));
	NOTE(PRIVATE_NIOVS, bpf_core_field_exists(struct net_iov_area___private, niovs));
	NOTE(PRIVATE_DESC, bpf_core_field_exists(struct net_iov___private, desc));
	NOTE(PRIVATE_PP, bpf_core_field_exists(struct netmem_desc___private, pp));
	NOTE(PRIVATE_MANY_AREAS, compat_zcrx_many_areas());
	return 0;
}

char _license[] SEC("license") = "GPL";
