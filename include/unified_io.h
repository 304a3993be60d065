/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The ioctl interface of /dev/unified_io_region, for user space and module.
 *
 * Compatibility: a structure only ever grows at its end. The size a caller was
 * built with is part of the ioctl number (_IOC_SIZE), so an older caller gets
 * the part it knows and a newer one on an older module finds the rest zero.
 * Feature bits are never renumbered, and one is set only when all that its
 * comment says works.
 */
#ifndef UNIFIED_IO_H
#define UNIFIED_IO_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define UNIFIED_IO_DEVICE "/dev/unified_io_region"
#define UNIFIED_IO_MAGIC  0xB7

/* Longest name of a policy, with its terminating NUL. */
#define UNIFIED_POLICY_NAME_LEN 32

/* Policies can be registered as struct_ops unified_region_ops. */
#define UNIFIED_IO_FEAT_POLICY (1ULL << 0)
/* SETUP, mmap, SEAL and GET_REGION: regions of the module's or the caller's memory. */
#define UNIFIED_IO_FEAT_REGION (1ULL << 1)

/* ATTACH_BPF, DETACH_BPF, GET_POLICY; SUBMIT of BPF descriptors. */
#define UNIFIED_IO_FEAT_PROCESS (1ULL << 2)

/* What a descriptor is for. */
#define UNIFIED_REGION_F_NVME	 (1U << 0)
#define UNIFIED_REGION_F_NETWORK (1U << 1)
#define UNIFIED_REGION_F_BPF	 (1U << 2)

/* Flags of a region. */
#define UNIFIED_IO_SETUP_NODE	     (1U << 0) /* numa_node says where its memory is */
#define UNIFIED_IO_SETUP_USER_MEMORY (1U << 1) /* it is the caller's, at user_addr */
#define UNIFIED_IO_SETUP_FLAGS	     (UNIFIED_IO_SETUP_NODE | UNIFIED_IO_SETUP_USER_MEMORY)

#define UNIFIED_IO_MIN_SLOT	     512
#define UNIFIED_IO_MAX_SLOT	     (1U << 20)
#define UNIFIED_IO_MAX_RING	     32768
#define UNIFIED_IO_MAX_SIZE	     (1ULL << 36)
#define UNIFIED_IO_DATA_ALIGN	     65536

/* One operation on data of a region. */
struct unified_descriptor {
	__u64 addr;	 /* of the data, from the start of the data area */
	__u32 len;	 /* in bytes */
	__u16 type;	 /* UNIFIED_REGION_F_* */
	__u16 flags;	 /* 0 */
	__u64 user_data; /* comes back in the completion */
	__u64 lba;
	__u32 targets; /* a bit for each target of the region */
	__u32 opcode;
	__u64 resv[3]; /* 0 */
};

/* What became of it. */
struct unified_completion {
	__u64 user_data;
	__s32 res;    /* 0 or -errno */
	__u32 status; /* of the NVMe command, if there was one */
	__u64 result; /* likewise */
	__u32 len;    /* bytes done */
	__u32 flags;
};

/* Who has a slot. */
#define UNIFIED_SLOT_FREE 0
#define UNIFIED_SLOT_HELD 1 /* somebody, from alloc to free; operations may use it, too */
#define UNIFIED_SLOT_IO	  2 /* it was freed while operations still use it */

/* The mirror of a slot: what the module last said of it. It is never read back. */
struct unified_slot {
	__u32 state;	  /* UNIFIED_SLOT_* */
	__u32 generation; /* changes when it is freed */
	__u64 owner;	  /* what was given when it was allocated */
};

/*
 * Where the parts of a region are, in bytes from its start and from the start
 * of its mapping. In this order, and none overlaps the next.
 */
struct unified_io_offsets {
	__u64 control;	   /* indices, configuration and statistics; one page */
	__u64 rings;	   /* ring_size bytes for io_uring's rings; page-aligned */
	__u64 sq;	   /* sq_entries of struct unified_descriptor */
	__u64 cq;	   /* cq_entries of struct unified_completion */
	__u64 slot_states; /* one struct unified_slot for each slot */
	__u64 data;	   /* the data area; aligned to UNIFIED_IO_DATA_ALIGN */
	__u64 rx;	   /* rx_size bytes for a receive area */
	__u64 slots;	   /* the module's pool */
};

/*
 * Creates the region of this file descriptor. All sizes are in bytes.
 *
 * EINVAL   an unknown flag, a reserved field that is not 0, a size that is no
 *	    power of two or no multiple of a page, or parts that do not fit
 * EBUSY    this descriptor has a region
 * EBADF    nvme_fd or uring_fd is not open
 * ENODEV   no interface net_ifindex, or nvme_fd is no block device and no NVMe
 *	    character device
 * ERANGE   net_rxq is no queue of the interface, or numa_node no node
 * ENOMEM   no memory, or over RLIMIT_MEMLOCK with the caller's memory
 * EFAULT   user_addr is not mapped writable, or cannot be pinned
 */
struct unified_io_setup {
	__u32 size;	   /* sizeof(struct unified_io_setup), or 0 */
	__u32 flags;	   /* UNIFIED_IO_SETUP_* */
	__u64 region_size; /* of the whole region; a multiple of the page size */
	__u32 sq_entries;  /* a power of two up to UNIFIED_IO_MAX_RING */
	__u32 cq_entries;  /* likewise */
	__s32 nvme_fd;	   /* memory close to this drive; 0 or -1: none */
	__s32 uring_fd;	   /* for unified_io_create() of unified_region.h; 0 or -1: none */
	__u32 net_ifindex; /* memory close to this interface, before the drive; 0: none */
	__u32 net_rxq;	   /* a receive queue of it */
	__s32 numa_node;   /* with UNIFIED_IO_SETUP_NODE */
	__u32 slot_size;   /* a power of two from UNIFIED_IO_MIN_SLOT; 0: one page */
	__u64 ring_size;   /* a multiple of the page size, or 0 */
	__u64 rx_size;	   /* likewise */
	__u64 user_addr;   /* with UNIFIED_IO_SETUP_USER_MEMORY; page-aligned */
	__u64 resv[4];	   /* 0 */

	/* Outputs. */
	__u32 id;
	__u32 nr_slots;
	struct unified_io_offsets offsets;
};

/* What was done in a region since it was set up. */
struct unified_io_ledger {
	__u64 operations;	 /* handed in */
	__u64 refused;		 /* of them, by a check or a policy, before anything was done */
	__u64 bytes_processed;	 /* worked on by policies, in place */
	__u64 bytes_copied;	 /* moved by policies (bpf_unified_copy) */
	__u64 buffers_exhausted; /* a buffer was wanted and none free */
	__u64 buffers_stale;	 /* a buffer came back that was not held: refused */
};

/* What a region is and what becomes of it. */
struct unified_io_region_info {
	__u32 id;
	__u32 flags; /* of its setup */
	__u64 size;
	__u64 rx_size;
	__u64 ring_size;
	__u32 nr_slots;
	__u32 slot_size;
	__s32 numa_node; /* -1: any */
	__u32 nr_folios; /* pieces of physical memory */
	__u32 max_order; /* the largest is 4096 << max_order bytes */
	__u32 min_order; /* the smallest */
	__u32 nr_pinned; /* folios that something has pinned for I/O */
	__u32 nr_maps;	 /* mappings, in all processes */
	__u32 sealed;	 /* 1 after UNIFIED_IO_SEAL */
	__u32 owner_pid; /* who set it up */
	__u32 net_ifindex;
	__u32 net_rxq;
	struct unified_io_offsets offsets;
	__u32 slots_held; /* of nr_slots: allocated */
	__u32 slots_io;	  /* used by operations */
	struct unified_io_ledger ledger;
};

struct unified_io_info {
	__u32 version;			      /* major << 16 | minor << 8 | patch */
	__u32 policies;			      /* how many are registered now */
	__u64 features;			      /* UNIFIED_IO_FEAT_* */
	struct unified_io_region_info region; /* of this descriptor; id 0: none */
};

/* Names a policy that is registered, for a region. */
struct unified_io_bpf {
	__s32 prog_fd; /* 0 or -1: the kernel lets no module look up a BPF descriptor */
	__u32 flags;   /* 0 */
	char name[UNIFIED_POLICY_NAME_LEN];
	__u32 region; /* 0: of this descriptor; another's needs CAP_SYS_ADMIN */
	__u32 resv[5];
};

/* How a policy fares. */
struct unified_io_policy_info {
	__u32 id;     /* of its registration; never used twice */
	__u32 map_id; /* of its struct_ops map */
	__s32 priority;
	__u32 nr_regions;  /* to how many it is attached */
	__u32 regions[16]; /* their ids, as many as fit */
	__u32 errors;	   /* wrong verdicts so far */
	__u32 ejected;	   /* 1: it was, for the reason below */
	__s32 exit_error;  /* -errno */
	__u32 resv;
	char name[UNIFIED_POLICY_NAME_LEN];
	char reason[64];
};

struct unified_io_submit {
	struct unified_descriptor desc;
};

#define UNIFIED_IO_SETUP _IOWR(UNIFIED_IO_MAGIC, 0x01, struct unified_io_setup)

/*
 * Attach a policy to a region, or take it away. A chain is asked in the order of
 * the policies' priorities, and of attaching where they are equal.
 *
 * ENOENT   no such policy, no such region, or (DETACH) not attached to it
 * EEXIST   attached to it already
 * EINVAL   a flag, a reserved member, or a name that does not end
 * EOPNOTSUPP prog_fd is given: name the policy instead
 * ENXIO    this descriptor has no region, and region is 0
 * EPERM    another's region, without CAP_SYS_ADMIN
 * ESTALE   it was ejected
 */
#define UNIFIED_IO_ATTACH_BPF _IOW(UNIFIED_IO_MAGIC, 0x02, struct unified_io_bpf)
#define UNIFIED_IO_DETACH_BPF _IOW(UNIFIED_IO_MAGIC, 0x08, struct unified_io_bpf)

/* The policy with the lowest id that is not below the id in *arg, or ENOENT. */
#define UNIFIED_IO_GET_POLICY _IOWR(UNIFIED_IO_MAGIC, 0x09, struct unified_io_policy_info)

/*
 * Hand in one operation. One of the type UNIFIED_REGION_F_BPF is done when the
 * call returns: the chain's process hooks worked on the data where it is. The
 * other types answer EOPNOTSUPP.
 *
 * EINVAL   no or several types, an unknown flag, or a reserved member
 * ERANGE   data outside the data area
 * ENXIO    this descriptor has no region
 * any      what a policy answered
 */
#define UNIFIED_IO_SUBMIT _IOW(UNIFIED_IO_MAGIC, 0x03, struct unified_io_submit)

/* Says what this module is. Takes nothing from the caller. */
#define UNIFIED_IO_GET_INFO _IOR(UNIFIED_IO_MAGIC, 0x05, struct unified_io_info)

/*
 * The region with the lowest id that is not below the id in *arg: start with 1
 * and go on with id + 1 until ENOENT. EPERM without CAP_SYS_ADMIN.
 */
#define UNIFIED_IO_GET_REGION _IOWR(UNIFIED_IO_MAGIC, 0x06, struct unified_io_region_info)

/*
 * From now on nobody maps the rings, and nobody maps the receive area writable.
 * EBUSY if a mapping that would be refused exists; it can be tried again.
 * EOPNOTSUPP with the caller's own memory, whose mappings are not the module's.
 */
#define UNIFIED_IO_SEAL _IO(UNIFIED_IO_MAGIC, 0x07)

#endif
