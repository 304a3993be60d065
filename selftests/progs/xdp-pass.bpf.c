// SPDX-License-Identifier: GPL-2.0
/*
 * An XDP program that is there: zero-copy receive and XDP exclude each other.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

SEC("xdp")
int xdp_pass(struct xdp_md *xdp)
{
	return XDP_PASS;
}
