// SPDX-License-Identifier: GPL-2.0
/*
 * A program as one writes it for io_uring: register a region with a ring, submit
 * operations for NVMe and for BPF and for both, unregister.
 */
#include "io.h"
#include "policy.h"

#include "io_uring_unified.h"

static int run(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int ret;

	io_uring_submit(ring);
	ret = io_uring_wait_cqe(ring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

static struct io_uring_sqe *next(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		exit(1);
	return sqe;
}

int main(void)
{
	struct policy transform = policy_open("/unified/policies/transform.bpf.o", "transform");
	struct io_unified_region region;
	struct io_uring_unified_region_reg reg = {
		.sq_entries = 256,
		.cq_entries = 256,
		.region_size = 16 * 1024 * 1024,
		.nvme_fd = open(drive(0), O_RDWR),
		.net_ifindex = 0,
		.region_ptr = &region,
	};
	struct unified_io_bpf bpf = { .name = "transform" };
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	char *data;

	libbpf_set_print(NULL);
	ok(!policy_attach(&transform), "a policy is loaded");
	ok(!io_uring_queue_init(64, &ring, IORING_SETUP_SQE128 | IORING_SETUP_CQE32), "a ring");
	ok(!io_uring_register_unified_region(ring.ring_fd, &reg), "register a region");
	ok(!ioctl(region.fd, UNIFIED_IO_ATTACH_BPF, &bpf), "attach the policy");
	data = io_unified_data(&region, 0);
	memset(data, 'a', 4096);

	sqe = next(&ring);
	io_uring_prep_unified_write(sqe, &region, 16, 0, 4096);
	ok(run(&ring) == 4096, "write 4096 bytes");

	sqe = next(&ring);
	io_uring_prep_unified_read(sqe, &region, 16, 8192, 4096);
	ok(run(&ring) == 4096 && data[8192] == 'a', "read them");

	sqe = next(&ring);
	io_uring_prep_unified(sqe, &region, IORING_UNIFIED_OP_BPF, 0, 4096);
	ok(run(&ring) == 4096 && data[0] == ('a' ^ 0x5a), "let a policy work on them");

	/* Both: transformed, then written; read, then transformed back. */
	sqe = next(&ring);
	io_uring_prep_unified(sqe, &region, IORING_UNIFIED_OP_NVME | IORING_UNIFIED_OP_BPF, 0,
			      4096);
	io_uring_unified_desc(sqe)->flags = UNIFIED_DESC_F_WRITE;
	ok(run(&ring) == 4096 && data[0] == 'a', "transform and write");
	sqe = next(&ring);
	io_uring_prep_unified(sqe, &region, IORING_UNIFIED_OP_NVME, 4096, 4096);
	io_uring_unified_desc(sqe)->flags = UNIFIED_DESC_F_READ;
	ok(run(&ring) == 4096 && data[4096] == 'a', "that is on the drive");
	sqe = next(&ring);
	io_uring_prep_unified(sqe, &region, IORING_UNIFIED_OP_NVME | IORING_UNIFIED_OP_BPF, 4096,
			      4096);
	io_uring_unified_desc(sqe)->flags = UNIFIED_DESC_F_READ;
	ok(run(&ring) == 4096 && data[4096] == ('a' ^ 0x5a), "read and transform");

	sqe = next(&ring);
	io_uring_prep_unified(sqe, &region, IORING_UNIFIED_OP_NETWORK, 0, 4096);
	ok(run(&ring) == -EOPNOTSUPP, "a NETWORK operation");

	ok(!io_uring_unregister_unified_region(ring.ring_fd, &region), "unregister");
	io_uring_queue_exit(&ring);
	policy_close(&transform);
	return done();
}
