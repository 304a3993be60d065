// SPDX-License-Identifier: GPL-2.0
/*
 * Received into buffers of 128 KiB, each when it is full, and written to the block
 * device from these as fixed buffers.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Before: ./nic up
 * After: ./nic down
 * Run: --op ingest --bytes 1448 --qd 8
 * Run: --op ingest --bytes 4096 --qd 8
 * Run: --op ingest --bytes 8948 --qd 8
 */
#include "net.h"
#include "ring.h"

#define RECEIVE UINT64_MAX /* user_data; of a write it is the slot */

static uint64_t written; /* buffers */
static unsigned int receiving;
static bool is_receiving;
static bool *busy;

static void setup(struct bench *b)
{
	int files[] = { must(open(DRIVE, O_RDWR | O_DIRECT | O_NOATIME | O_CLOEXEC), DRIVE), -1 };

	net_setup(b);
	files[1] = net_accept();
	ring_setup(b, 2 * b->qd, 4 * b->qd, 0, files, 2);
	allocate_buffers(b);
	ring_register_buffers(b);
	busy = calloc(b->qd, sizeof(*busy));
}

static inline void receive(struct bench *b)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&b->ring);

	io_uring_prep_recv(sqe, 1, slot_buffer(b, receiving), b->bytes, MSG_WAITALL);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = RECEIVE;
	is_receiving = true;
}

static inline void write_out(struct bench *b)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&b->ring);

	io_uring_prep_write_fixed(sqe, 0, slot_buffer(b, receiving), b->bytes, next_offset(b),
				  receiving);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = receiving;
	busy[receiving] = true;
	receiving = (receiving + 1) % b->qd;
	is_receiving = false;
}

static inline void complete(struct bench *b, const struct io_uring_cqe *cqe)
{
	if (cqe->res != (int)b->bytes)
		die("%s says %d", cqe->user_data == RECEIVE ? "a receive" : "a write", cqe->res);
	if (cqe->user_data == RECEIVE) {
		write_out(b);
	} else {
		busy[cqe->user_data] = false;
		written++;
	}
}

static void run(struct bench *b, uint64_t ops)
{
	uint64_t goal = written + ops / (INGEST_WRITE / INGEST_OP);
	struct io_uring_cqe *cqe;
	unsigned int head, n;

	while (written < goal) {
		if (!is_receiving && !busy[receiving])
			receive(b);
		ring_must(io_uring_submit_and_wait(&b->ring, 1), "io_uring_enter");
		b->syscalls++;
		n = 0;
		io_uring_for_each_cqe(&b->ring, head, cqe)
		{
			complete(b, cqe);
			n++;
		}
		io_uring_cq_advance(&b->ring, n);
	}
}

const struct path path = {
	.name = "recv_fixed",
	.vcpu = NET_RECEIVER_CPU,
	.setup = setup,
	.run = run,
	.look = net_look,
};
