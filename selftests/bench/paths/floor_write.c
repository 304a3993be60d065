// SPDX-License-Identifier: GPL-2.0
/*
 * The floor, its second half: as many bytes, from anywhere, in NVMe commands of
 * 128 KiB. It does not depend on what was received.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Run: --op ingest --bytes 1448 --qd 8
 * Run: --op ingest --bytes 4096 --qd 8
 * Run: --op ingest --bytes 8948 --qd 8
 */
#include <linux/nvme_ioctl.h>

#include "net.h"
#include "ring.h"

#define NVME_WRITE 1

static unsigned int nsid;

static void setup(struct bench *b)
{
	int fd = must(open(DRIVE_CHAR, O_RDWR | O_CLOEXEC), DRIVE_CHAR);

	nsid = must(ioctl(fd, NVME_IOCTL_ID), "NVME_IOCTL_ID");
	ring_open(b, fd, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
	allocate_buffers(b);
	ring_register_buffers(b);
	b->success = 0;
}

static void prep(struct bench *b, struct io_uring_sqe *sqe, unsigned int slot)
{
	struct nvme_uring_cmd *cmd = (struct nvme_uring_cmd *)sqe->cmd;
	uint64_t lba = next_offset(b) >> b->lba_shift;

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = 0;
	sqe->off = NVME_URING_CMD_IO;
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	sqe->buf_index = slot;
	*cmd = (struct nvme_uring_cmd){ .opcode = NVME_WRITE,
					.nsid = nsid,
					.addr = (uintptr_t)slot_buffer(b, slot),
					.data_len = b->bytes,
					.cdw10 = lba,
					.cdw11 = lba >> 32,
					.cdw12 = (b->bytes >> b->lba_shift) - 1 };
}

static void run(struct bench *b, uint64_t ops)
{
	ring_run(b, prep, ops / (INGEST_WRITE / INGEST_OP));
}

const struct path path = {
	.name = "floor_write",
	.vcpu = NET_RECEIVER_CPU,
	.setup = setup,
	.run = run,
};
