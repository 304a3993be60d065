// SPDX-License-Identifier: GPL-2.0
/*
 * epoll, read and pwrite, 128 KiB at a time: what a program without io_uring does.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Before: ./nic up
 * After: ./nic down
 * Run: --op ingest --bytes 1448 --qd 1
 * Run: --op ingest --bytes 4096 --qd 1
 * Run: --op ingest --bytes 8948 --qd 1
 */
#include <sys/epoll.h>

#include "net.h"

static int drive, stream, epoll;
static unsigned int filled;

static void setup(struct bench *b)
{
	struct epoll_event event = { .events = EPOLLIN };

	drive = must(open(DRIVE, O_RDWR | O_DIRECT | O_NOATIME | O_CLOEXEC), DRIVE);
	net_setup(b);
	stream = net_accept();
	must(fcntl(stream, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
	epoll = must(epoll_create1(EPOLL_CLOEXEC), "epoll");
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, stream, &event), "epoll");
	allocate_buffers(b);
}

/* A buffer is filled with what there is; false: it is not full yet. */
static bool fill(struct bench *b)
{
	while (filled < b->bytes) {
		ssize_t n = read(stream, b->buffers + filled, b->bytes - filled);

		b->syscalls++;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0)
			die("the stream ends");
		filled += n;
	}
	return true;
}

static void run(struct bench *b, uint64_t ops)
{
	uint64_t left = ops / (INGEST_WRITE / INGEST_OP);
	struct epoll_event event;

	while (left) {
		if (!fill(b)) {
			must(epoll_wait(epoll, &event, 1, -1), "epoll_wait");
			b->syscalls++;
			continue;
		}
		if (pwrite(drive, b->buffers, b->bytes, next_offset(b)) != b->bytes)
			die("a write fails");
		b->syscalls++;
		filled = 0;
		left--;
	}
}

const struct path path = {
	.name = "epoll",
	.vcpu = NET_RECEIVER_CPU,
	.setup = setup,
	.run = run,
	.look = net_look,
};
