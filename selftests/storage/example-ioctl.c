// SPDX-License-Identifier: GPL-2.0
/*
 * A program as one writes it for the ioctls: set a region up, map it, attach a
 * policy, write and read a drive through it, take the completions.
 */
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io.h"
#include "policy.h"
#include "unified_io.h"

int main(void)
{
	struct policy count = policy_open("/unified/policies/count.bpf.o", "count");
	int nvme_fd = open(drive(0), O_RDWR);

	libbpf_set_print(NULL);
	ok(!policy_attach(&count), "a policy is loaded");

	/* Open the device and create the region. */
	int fd = open("/dev/unified_io_region", O_RDWR);
	struct unified_io_setup setup = {
		.sq_entries = 256,
		.cq_entries = 256,
		.region_size = 16 * 1024 * 1024, /* 16 MiB */
		.nvme_fd = nvme_fd,
		.net_ifindex = if_nametoindex("eth0"),
		.net_rxq = 0,
	};

	ok(!ioctl(fd, UNIFIED_IO_SETUP, &setup), "SETUP");

	/* Map the region. */
	char *region = mmap(NULL, setup.region_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ok(region != MAP_FAILED, "mmap");

	/* Attach a policy, by its name. */
	struct unified_io_bpf bpf_cfg = { .name = "count", .flags = 0 };

	ok(!ioctl(fd, UNIFIED_IO_ATTACH_BPF, &bpf_cfg), "ATTACH_BPF");

	/* An operation for each kind of descriptor. */
	memset(region + setup.offsets.data, 'u', 4096);
	struct unified_descriptor desc = {
		.addr = 0, /* in the data area */
		.len = 4096,
		.type = UNIFIED_REGION_F_NVME,
		.flags = UNIFIED_DESC_F_WRITE,
		.lba = 0,
	};
	struct unified_io_submit submit = { .desc = desc };

	ok(!ioctl(fd, UNIFIED_IO_SUBMIT, &submit), "SUBMIT of a write");

	/* Wait for it. */
	struct unified_io_complete complete = { .min = 1 };

	ok(!ioctl(fd, UNIFIED_IO_COMPLETE, &complete), "COMPLETE");
	ok(complete.count == 1 && !complete.completions[0].res, "one is done");

	submit.desc.flags = UNIFIED_DESC_F_READ;
	submit.desc.addr = 8192;
	ok(!ioctl(fd, UNIFIED_IO_SUBMIT, &submit) && !ioctl(fd, UNIFIED_IO_COMPLETE, &complete) &&
		   region[setup.offsets.data + 8192 + 4095] == 'u',
	   "a read has what was written");

	submit.desc = (struct unified_descriptor){ .type = UNIFIED_REGION_F_BPF, .len = 4096 };
	ok(!ioctl(fd, UNIFIED_IO_SUBMIT, &submit), "a BPF descriptor is done at once");
	submit.desc.type = UNIFIED_REGION_F_NETWORK;
	fails_with(ioctl(fd, UNIFIED_IO_SUBMIT, &submit), EOPNOTSUPP, "a NETWORK descriptor");

	/* Statistics. */
	struct unified_io_info info;

	ok(!ioctl(fd, UNIFIED_IO_GET_INFO, &info) && info.region.ledger.bytes_written == 4096 &&
		   info.region.ledger.bytes_read == 4096 &&
		   info.region.ledger.bytes_processed == 4096,
	   "GET_INFO has counted them");
	policy_close(&count);
	return done();
}
