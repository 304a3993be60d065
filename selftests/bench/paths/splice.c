// SPDX-License-Identifier: GPL-2.0
/*
 * splice from the socket into a pipe, and from there to the block device.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Before: ./nic up
 * After: ./nic down
 * Run: --op ingest --bytes 1448 --qd 1
 * Run: --op ingest --bytes 4096 --qd 1
 * Run: --op ingest --bytes 8948 --qd 1
 */
#include "net.h"

#define PIPE (1 << 20)

static int drive, stream, ends[2];

static void setup(struct bench *b)
{
	drive = must(open(DRIVE, O_RDWR | O_DIRECT | O_NOATIME | O_CLOEXEC), DRIVE);
	must(pipe2(ends, O_CLOEXEC), "pipe");
	must(fcntl(ends[1], F_SETPIPE_SZ, PIPE), "F_SETPIPE_SZ");
	net_setup(b);
	stream = net_accept();
}

static void move(struct bench *b, int from, int to, loff_t *at, unsigned int len)
{
	while (len) {
		ssize_t n = splice(from, NULL, to, at, len, SPLICE_F_MOVE | SPLICE_F_MORE);

		b->syscalls++;
		if (n <= 0)
			die("splice %s: %s", at ? "to the drive" : "from the socket",
			    n ? strerror(errno) : "nothing");
		len -= n;
	}
}

static void run(struct bench *b, uint64_t ops)
{
	uint64_t left = ops / (INGEST_WRITE / INGEST_OP);

	for (; left; left--) {
		loff_t at = next_offset(b);

		move(b, stream, ends[1], NULL, b->bytes);
		move(b, ends[0], drive, &at, b->bytes);
	}
}

const struct path path = {
	.name = "splice",
	.vcpu = NET_RECEIVER_CPU,
	.setup = setup,
	.run = run,
	.look = net_look,
};
