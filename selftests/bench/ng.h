/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NVMe commands on the character device of the namespace, by IORING_OP_URING_CMD
 * with fixed buffers: the fastest that a stock kernel has.
 */
#ifndef NG_H
#define NG_H

#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <sys/ioctl.h>

#include "ring.h"

#define NVME_WRITE 1
#define NVME_READ  2

static unsigned int ng_nsid;

static inline void ng_setup(struct bench *b)
{
	int fd = must(open(DRIVE_CHAR, O_RDWR | O_CLOEXEC), DRIVE_CHAR);

	ng_nsid = must(ioctl(fd, NVME_IOCTL_ID), "NVME_IOCTL_ID");
	ring_open(b, fd, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
	allocate_buffers(b);
	ring_register_buffers(b);
	b->success = 0;
}

static inline void ng_prep(struct bench *b, struct io_uring_sqe *sqe, unsigned int slot)
{
	struct nvme_uring_cmd *cmd = (struct nvme_uring_cmd *)sqe->cmd;
	uint64_t lba = next_offset(b) >> b->lba_shift;

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = 0;
	sqe->off = NVME_URING_CMD_IO;
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	sqe->buf_index = slot;
	*cmd = (struct nvme_uring_cmd){ .opcode = b->write ? NVME_WRITE : NVME_READ,
					.nsid = ng_nsid,
					.addr = (uintptr_t)slot_buffer(b, slot),
					.data_len = b->bytes,
					.cdw10 = lba,
					.cdw11 = lba >> 32,
					.cdw12 = (b->bytes >> b->lba_shift) - 1 };
}

#endif
