/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many bytes are ahead of a rate. They are counted in bytes and not as the time that
 * they take, so that the rate may change.
 *
 * Without a lock: what the rate lets through in a piece of time is taken off by the CPU
 * that sets "at" to its end. When another one does that for the next piece before the
 * first is taken off, "bytes" is below 0 for so little as came through in between.
 */
#ifndef RATE_H
#define RATE_H

#define SECOND 1000000000ULL

struct ahead {
	__u64 at;	/* ns: what came through until then is taken off */
	__s64 bytes;
};

static void ahead_pass(struct ahead *a, __u64 rate)
{
	__u64 now = bpf_ktime_get_ns(), was = a->at, end = now, passed;
	__s64 bytes = a->bytes;

	if (now <= was)
		return;
	passed = bytes > 0 ? bytes : 0;
	/* Not all: a whole number of bytes, and the time that these take. */
	if (now - was < passed * SECOND / rate) {
		passed = (now - was) * rate / SECOND;
		end = was + passed * SECOND / rate;
	}
	if (__sync_bool_compare_and_swap(&a->at, was, end))
		__sync_fetch_and_sub(&a->bytes, passed);
}

#endif
