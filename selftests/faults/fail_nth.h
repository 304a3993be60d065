/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults on demand: the Nth thing of this thread that can fail does, an allocation, a
 * copy from or to the caller, or a submission to a drive.
 */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether this kernel has them. */
static inline bool faults_are_there(void)
{
	return !access("/proc/thread-self/fail-nth", F_OK) &&
	       !access("/sys/kernel/debug/failslab", F_OK);
}

/* All that a thread asks for counts, also what may sleep, and pages of any order. */
static inline bool faults_set_up(void)
{
	return !system("echo 1 | tee /sys/block/nvme*n1/make-it-fail >/dev/null && "
		       "cd /sys/kernel/debug && "
		       "for d in failslab fail_page_alloc fail_usercopy fail_make_request; do "
		       "echo 0 >$d/verbose || exit; done && "
		       "echo N >failslab/ignore-gfp-wait && "
		       "echo N >fail_page_alloc/ignore-gfp-wait && "
		       "echo N >fail_page_alloc/ignore-gfp-highmem && "
		       "echo 0 >fail_page_alloc/min-order");
}

/* Of the thread that calls it, and only for that: a descriptor, or -1. */
static inline int faults_of_thread(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

/* @n: from 1 on; 0: none. */
static inline bool fault_at(int nth, int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	return pwrite(nth, text, strlen(text), 0) > 0;
}

#endif
