/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * For programs: a region and its operations through io_uring, with liburing.
 *
 *	struct io_unified_region region;
 *	struct io_uring_unified_region_reg reg = {
 *		.sq_entries = 256, .cq_entries = 256, .region_size = 16 << 20,
 *		.nvme_fd = nvme_fd, .region_ptr = &region,
 *	};
 *
 *	io_uring_queue_init(256, &ring, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
 *	io_uring_register_unified_region(ring.ring_fd, &reg);
 *	sqe = io_uring_get_sqe(&ring);
 *	io_uring_prep_unified_write(sqe, &region, lba, offset, 4096);
 *
 * cqe->res is the number of bytes or -errno; io_uring_unified_more(cqe) is the
 * result of the NVMe command, or its status with -errno.
 */
#ifndef IO_URING_UNIFIED_H
#define IO_URING_UNIFIED_H

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <string.h>

#include "unified_region.h"

/* What an operation is for; may be combined. */
#define IORING_UNIFIED_OP_NVME	  UNIFIED_REGION_F_NVME
#define IORING_UNIFIED_OP_NETWORK UNIFIED_REGION_F_NETWORK
#define IORING_UNIFIED_OP_BPF	  UNIFIED_REGION_F_BPF

/* A region that was registered. */
struct io_unified_region {
	int fd;
	void *addr;
	__u64 size;
	__u32 id;
	struct unified_io_offsets offsets;
};

struct io_uring_unified_region_reg {
	__u32 sq_entries;
	__u32 cq_entries;
	__u64 region_size;
	int nvme_fd; /* becomes target 0; 0 or -1: none */
	__u32 net_ifindex;
	struct io_unified_region *region_ptr; /* output */
};

/* A region whose memory is also fixed buffer 0 of the ring. 0 or -errno. */
static inline int io_uring_register_unified_region(int ring_fd,
						   const struct io_uring_unified_region_reg *reg)
{
	struct unified_io_setup setup = {
		.region_size = reg->region_size,
		.sq_entries = reg->sq_entries,
		.cq_entries = reg->cq_entries,
		.nvme_fd = reg->nvme_fd,
		.uring_fd = ring_fd,
		.net_ifindex = reg->net_ifindex,
	};
	int fd = open(UNIFIED_IO_DEVICE, O_RDWR | O_CLOEXEC), ret;
	void *addr = NULL;

	if (fd < 0)
		return -errno;
	ret = unified_io_create(fd, &setup, &addr);
	if (ret) {
		close(fd);
		return ret;
	}
	*reg->region_ptr = (struct io_unified_region){
		.fd = fd,
		.addr = addr,
		.size = setup.region_size,
		.id = setup.id,
		.offsets = setup.offsets,
	};
	return 0;
}

/* No operation may be under way in this ring. 0 or -errno. */
static inline int io_uring_unregister_unified_region(int ring_fd, struct io_unified_region *region)
{
	int ret = 0;

	if (syscall(__NR_io_uring_register, ring_fd, IORING_UNREGISTER_BUFFERS, NULL, 0))
		ret = -errno;
	munmap(region->addr, region->size);
	close(region->fd);
	region->fd = -1;
	return ret;
}

/* The data area. */
static inline void *io_unified_data(const struct io_unified_region *region, __u64 offset)
{
	return (char *)region->addr + region->offsets.data + offset;
}

/* The descriptor of an SQE: set its lba, flags, opcode, targets. */
static inline struct unified_descriptor *io_uring_unified_desc(struct io_uring_sqe *sqe)
{
	return (struct unified_descriptor *)sqe->cmd;
}

/* An operation on len bytes at an offset in the data area. The ring has SQE128. */
static inline void io_uring_prep_unified(struct io_uring_sqe *sqe,
					 const struct io_unified_region *region, unsigned int ops,
					 __u64 offset, __u32 len)
{
	struct unified_descriptor *desc = io_uring_unified_desc(sqe);

	memset(sqe, 0, sizeof(*sqe));
	memset(desc, 0, sizeof(*desc));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = region->fd;
	sqe->cmd_op = UNIFIED_IO_URING_SUBMIT;
	desc->type = ops;
	desc->addr = offset;
	desc->len = len;
}

static inline void io_uring_prep_unified_read(struct io_uring_sqe *sqe,
					      const struct io_unified_region *region, __u64 lba,
					      __u64 offset, __u32 len)
{
	io_uring_prep_unified(sqe, region, IORING_UNIFIED_OP_NVME, offset, len);
	io_uring_unified_desc(sqe)->flags = UNIFIED_DESC_F_READ;
	io_uring_unified_desc(sqe)->lba = lba;
}

static inline void io_uring_prep_unified_write(struct io_uring_sqe *sqe,
					       const struct io_unified_region *region, __u64 lba,
					       __u64 offset, __u32 len)
{
	io_uring_prep_unified(sqe, region, IORING_UNIFIED_OP_NVME, offset, len);
	io_uring_unified_desc(sqe)->flags = UNIFIED_DESC_F_WRITE;
	io_uring_unified_desc(sqe)->lba = lba;
}

static inline __u64 io_uring_unified_more(const struct io_uring_cqe *cqe)
{
	return cqe->big_cqe[0];
}

#endif
