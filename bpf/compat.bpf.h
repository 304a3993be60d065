/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels for the BPF programs: one object runs on all of
 * them. Each stanza says since when, and how the running kernel is asked.
 *
 * These structures are io_uring's own and are in no header. Every read of one is
 * guarded by the field that it reads: where a kernel has renamed it, the answer
 * is "not known", and whoever asks says so. docs/kernel-notes.md lists them.
 */
#ifndef UNIFIED_COMPAT_BPF_H
#define UNIFIED_COMPAT_BPF_H

#include "unified.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct xarray___private {
	void *xa_head;
};

struct io_ring_ctx___private {
	struct xarray___private zcrx_ctxs;
};

struct xa_node___private {
	unsigned char shift;
	void *slots[64];
};

struct net_iov_area___private {
	struct net_iov *niovs;
};

struct io_zcrx_area___private {
	struct net_iov_area___private nia;
};

/*
 * 2026-11, 7.3: an instance of zero-copy receive has several areas; "area", a
 * pointer, became "areas", an array of nr_areas of them.
 */
struct io_zcrx_ifq___one {
	struct io_zcrx_area___private *area;
};

struct io_zcrx_ifq___many {
	struct io_zcrx_area___private **areas;
	unsigned int nr_areas;
};

/* The module's own, as its BTF has it: where the kernel has a region. */
struct unified_io_region___memory {
	void *kaddr;
};

struct netmem_desc___private {
	void *pp;
};

struct net_iov___private {
	struct netmem_desc___private desc;
};

#pragma clang attribute pop

/*
 * The bits of an offset from here on are the number of the area, in a completion
 * and in a refill entry: IORING_ZCRX_AREA_SHIFT, which BTF does not have. On 7.2
 * there is one area, number 0.
 */
#define ZCRX_AREA_SHIFT 48
#define ZCRX_AREA_MASK	((1ULL << ZCRX_AREA_SHIFT) - 1)

/*
 * The ring's only instance of zero-copy receive: by the xarray of instances, whose
 * one entry is in a node of its own or in its head. 0: not to be seen here.
 */
static __always_inline __u64 compat_zcrx_ifq(struct iou_ctx *ring, __u32 id)
{
	struct io_ring_ctx___private *ctx = (void *)ring;
	struct xa_node___private *node;
	void *entry = NULL;
	__u64 at;

	if (!bpf_core_field_exists(struct io_ring_ctx___private, zcrx_ctxs) ||
	    !bpf_core_field_exists(struct xarray___private, xa_head) ||
	    !bpf_core_field_exists(struct xa_node___private, shift) ||
	    !bpf_core_field_exists(struct xa_node___private, slots))
		return 0;
	at = (__u64)BPF_CORE_READ(ctx, zcrx_ctxs.xa_head);
	node = (void *)(at & ~3ULL);
	if ((at & 3) == 2 && !BPF_CORE_READ(node, shift))
		bpf_core_read(&entry, sizeof(entry), &node->slots[id & 63]);
	else if (!(at & 3))
		entry = (void *)at;
	return (__u64)entry;
}

/*
 * 2026-11: without it a completion's offset is computed in 32 bits, and one in an
 * area of more than 4 GiB is wrong. It was put right by the change before, and
 * nothing else tells.
 */
static __always_inline bool compat_zcrx_many_areas(void)
{
	return bpf_core_field_exists(struct io_zcrx_ifq___many, areas) &&
	       bpf_core_field_exists(struct io_zcrx_ifq___many, nr_areas);
}

/* The buffers of area n, as the kernel has them: an array of struct net_iov. 0: likewise. */
static __always_inline __u64 compat_zcrx_niovs(__u64 ifq, __u32 n)
{
	struct io_zcrx_ifq___many *many = (void *)ifq;
	struct io_zcrx_ifq___one *one = (void *)ifq;
	struct io_zcrx_area___private *area = NULL;

	if (!ifq || !bpf_core_field_exists(struct io_zcrx_area___private, nia) ||
	    !bpf_core_field_exists(struct net_iov_area___private, niovs))
		return 0;
	if (compat_zcrx_many_areas()) {
		/* Not in one go: the verifier takes an element of the array for a plain load. */
		struct io_zcrx_area___private **areas = BPF_CORE_READ(many, areas);

		if (n < BPF_CORE_READ(many, nr_areas))
			bpf_probe_read_kernel(&area, sizeof(area), &areas[n]);
	} else if (bpf_core_field_exists(struct io_zcrx_ifq___one, area) && !n) {
		area = BPF_CORE_READ(one, area);
	}
	return area ? (__u64)BPF_CORE_READ(area, nia.niovs) : 0;
}

/*
 * Did the NIC put data into a buffer? What io_uring copied is in one that has no
 * page pool. -1: not to be told here.
 */
static __always_inline int compat_niov_by_nic(__u64 niovs, __u64 n)
{
	struct net_iov___private *niov;

	if (!niovs || !bpf_core_field_exists(struct net_iov___private, desc) ||
	    !bpf_core_field_exists(struct netmem_desc___private, pp))
		return -1;
	niov = bpf_rdonly_cast((void *)(niovs + n * bpf_core_type_size(struct net_iov___private)),
			       bpf_core_type_id_kernel(struct net_iov___private));
	return !!niov->desc.pp;
}

#endif
