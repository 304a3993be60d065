// SPDX-License-Identifier: GPL-2.0
/* A struct_ops of another type: a congestion control, which is none of ours. */
#include "unified.bpf.h"

SEC("struct_ops")
__u32 BPF_PROG(foreign_ssthresh, struct sock *sk)
{
	return 2;
}

SEC("struct_ops")
__u32 BPF_PROG(foreign_undo, struct sock *sk)
{
	return 2;
}

SEC("struct_ops")
void BPF_PROG(foreign_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC(".struct_ops.link")
struct tcp_congestion_ops foreign = {
	.ssthresh = (void *)foreign_ssthresh,
	.undo_cwnd = (void *)foreign_undo,
	.cong_avoid = (void *)foreign_avoid,
	.name = "foreign",
};

char _license[] SEC("license") = "GPL";
