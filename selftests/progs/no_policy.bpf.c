// SPDX-License-Identifier: GPL-2.0
/* A sound BPF object with no policy in it. */
#include "unified.bpf.h"

SEC("syscall")
int nothing(void *uctx)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
