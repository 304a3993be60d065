/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loop of every peer that receives without a copy: a multishot receive, whose
 * completions are fragments in an area that the NIC fills, and NVMe commands from
 * that area to the drive. Paths differ in what they make of a fragment.
 *
 * One enter submits what was prepared and waits for the first completion; then
 * all that there are are taken, and the refill ring and the receive ring's head
 * are written once for all of them.
 */
#ifndef ZCRX_H
#define ZCRX_H

#include <linux/io_uring/zcrx.h>
#include <linux/nvme_ioctl.h>

#include "net.h"
#include "ring.h"

#define ZCRX_AREA	(32U << 20)
#define ZCRX_PAGE	4096U
#define ZCRX_PAGES	(ZCRX_AREA / ZCRX_PAGE)
#define ZCRX_SQ_ENTRIES 1024
#define ZCRX_CQ_ENTRIES 16384

#define ZCRX_DRIVE	0 /* file */
#define ZCRX_STREAM	1
#define ZCRX_RECEIVE	UINT64_MAX /* user_data */

#define NVME_WRITE	1

struct zcrx_fragment {
	uint32_t offset, len;
};

static struct {
	char *area;
	struct io_uring_zcrx_ifq_reg ifq;
	struct io_uring_zcrx_area_reg reg;
	struct io_uring_zcrx_rqe *rqes;
	unsigned int *tail, new_tail;
	uint64_t lba, lbas;
	unsigned int nsid;
	uint64_t done; /* bytes */
} zcrx;

/* --- setting up ------------------------------------------------------------------ */

static inline void zcrx_bind(struct bench *b)
{
	size_t size = ZCRX_PAGES * sizeof(struct io_uring_zcrx_rqe) + ZCRX_PAGE;
	char *refill = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE, -1, 0);
	struct io_uring_region_desc region = { .user_addr = (uintptr_t)refill,
					       .size = size,
					       .flags = IORING_MEM_REGION_TYPE_USER };
	int ret, tries = 0;

	zcrx.reg =
		(struct io_uring_zcrx_area_reg){ .addr = (uintptr_t)zcrx.area, .len = ZCRX_AREA };
	/* The one before may not have let go of the queue yet. */
	do {
		zcrx.ifq = (struct io_uring_zcrx_ifq_reg){ .if_idx = if_nametoindex(NET_DEVICE),
							   .if_rxq = NET_QUEUE,
							   .rq_entries = ZCRX_PAGES,
							   .area_ptr = (uintptr_t)&zcrx.reg,
							   .region_ptr = (uintptr_t)&region };
		ret = io_uring_register(b->ring.ring_fd, IORING_REGISTER_ZCRX_IFQ, &zcrx.ifq, 1);
	} while ((ret == -EEXIST || ret == -EBUSY) && tries++ < 50 && !usleep(100000));
	ring_must(ret, "zero-copy receive");
	zcrx.tail = (unsigned int *)(refill + zcrx.ifq.offsets.tail);
	zcrx.rqes = (struct io_uring_zcrx_rqe *)(refill + zcrx.ifq.offsets.rqes);
}

static inline void zcrx_arm(struct bench *b)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&b->ring);

	sqe->opcode = IORING_OP_RECV_ZC;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->fd = ZCRX_STREAM;
	sqe->ioprio = IORING_RECV_MULTISHOT;
	sqe->zcrx_ifq_idx = zcrx.ifq.zcrx_id;
	sqe->user_data = ZCRX_RECEIVE;
}

/* The area, a ring, the NIC's queue, and a stream that comes by it. */
static inline void zcrx_setup(struct bench *b)
{
	int files[] = { must(open(DRIVE_CHAR, O_RDWR | O_CLOEXEC), DRIVE_CHAR), -1 };

	net_setup(b);
	zcrx.nsid = must(ioctl(files[0], NVME_IOCTL_ID), "NVME_IOCTL_ID");
	zcrx.lbas = (b->block_mask + 1) * b->bytes >> b->lba_shift;
	b->qd = ZCRX_AREA / b->bytes;
	allocate_buffers(b);
	zcrx.area = b->buffers;
	ring_setup(b, ZCRX_SQ_ENTRIES, ZCRX_CQ_ENTRIES,
		   IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_SUBMIT_ALL, files, 2);
	zcrx_bind(b);
	files[ZCRX_STREAM] = net_accept();
	ring_must(io_uring_register_files_update(&b->ring, ZCRX_STREAM, &files[ZCRX_STREAM], 1),
		  "registering the stream");
	zcrx_arm(b);
}

/* --- fragments --------------------------------------------------------------------- */

/* A buffer goes back to the NIC. */
static inline void zcrx_refill(uint32_t offset)
{
	struct io_uring_zcrx_rqe *rqe = &zcrx.rqes[zcrx.new_tail++ % ZCRX_PAGES];

	rqe->off = offset / ZCRX_PAGE * ZCRX_PAGE | zcrx.reg.rq_area_token;
	rqe->len = ZCRX_PAGE;
}

/* A write of so many bytes to where the last one ended. */
static inline void zcrx_prep_write(struct bench *b, unsigned int op, const void *addr,
				   unsigned int data_len, unsigned int bytes, unsigned int buffer,
				   uint64_t user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&b->ring);
	unsigned int blocks = bytes >> b->lba_shift;

	if (zcrx.lba + blocks > zcrx.lbas)
		zcrx.lba = 0;
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->fd = ZCRX_DRIVE;
	sqe->off = op;
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	sqe->buf_index = buffer;
	sqe->user_data = user_data;
	*(struct nvme_uring_cmd *)sqe->cmd = (struct nvme_uring_cmd){ .opcode = NVME_WRITE,
								      .nsid = zcrx.nsid,
								      .addr = (uintptr_t)addr,
								      .data_len = data_len,
								      .cdw10 = zcrx.lba,
								      .cdw11 = zcrx.lba >> 32,
								      .cdw12 = blocks - 1 };
	zcrx.lba += blocks;
}

/* --- the loop ------------------------------------------------------------------------ */

/* What a path makes of a fragment, of a write that is done, and of all of them. */
typedef void (*zcrx_received_fn)(struct bench *b, struct zcrx_fragment fragment);
typedef void (*zcrx_written_fn)(struct bench *b, uint64_t user_data);
typedef void (*zcrx_batch_fn)(struct bench *b);

RING_INLINE void zcrx_complete(struct bench *b, const struct io_uring_cqe *cqe,
			       zcrx_received_fn received, zcrx_written_fn written)
{
	if (cqe->user_data != ZCRX_RECEIVE) {
		if (cqe->res)
			die("a write says %d", cqe->res);
		written(b, cqe->user_data);
	} else if (cqe->flags & IORING_CQE_F_MORE) {
		received(b, (struct zcrx_fragment){ cqe->big_cqe[0], cqe->res });
	} else {
		die("the receive ends: %d", cqe->res);
	}
}

RING_INLINE void zcrx_run(struct bench *b, uint64_t ops, zcrx_received_fn received,
			  zcrx_written_fn written, zcrx_batch_fn batch)
{
	uint64_t goal = zcrx.done + ops * INGEST_OP;
	struct io_uring_cqe *cqe;
	unsigned int head, n;

	while (zcrx.done < goal) {
		ring_must(io_uring_submit_and_wait(&b->ring, 1), "io_uring_enter");
		b->syscalls++;
		n = 0;
		io_uring_for_each_cqe(&b->ring, head, cqe)
		{
			zcrx_complete(b, cqe, received, written);
			n++;
		}
		io_uring_cq_advance(&b->ring, n);
		batch(b);
		__atomic_store_n(zcrx.tail, zcrx.new_tail, __ATOMIC_RELEASE);
	}
}

#endif
