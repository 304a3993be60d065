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

#include "unified_desc.h"

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
/* Targets; SUBMIT and COMPLETE of NVME descriptors, one by one and in batches. */
#define UNIFIED_IO_FEAT_STORAGE (1ULL << 3)
/* UNIFIED_IO_URING_SUBMIT as the cmd_op of an IORING_OP_URING_CMD. */
#define UNIFIED_IO_FEAT_URING (1ULL << 4)
/* UNIFIED_DESC_F_NO_COPY */
#define UNIFIED_IO_FEAT_NO_COPY	 (1ULL << 5)

#define UNIFIED_IO_MAX_FRAGMENTS 256
#define UNIFIED_IO_MAX_TARGETS	 32
#define UNIFIED_IO_MAX_POLICIES	 64 /* attached to one region */

/* Flags of a region. */
#define UNIFIED_IO_SETUP_NODE	     (1U << 0) /* numa_node says where its memory is */
#define UNIFIED_IO_SETUP_USER_MEMORY (1U << 1) /* it is the caller's, at user_addr */
/*
 * Whoever may load BPF programs may use this region from them, by its id, with all
 * that its targets allow. Without it, that takes CAP_SYS_ADMIN.
 */
#define UNIFIED_IO_SETUP_BPF (1U << 2)
#define UNIFIED_IO_SETUP_FLAGS                                                                     \
	(UNIFIED_IO_SETUP_NODE | UNIFIED_IO_SETUP_USER_MEMORY | UNIFIED_IO_SETUP_BPF)

#define UNIFIED_IO_MIN_SLOT   512
#define UNIFIED_IO_MAX_SLOT   (1U << 20)
#define UNIFIED_IO_MAX_RING   32768
#define UNIFIED_IO_MAX_SIZE   (1ULL << 36)
#define UNIFIED_IO_DATA_ALIGN 65536

/* One operation on data of a region. */
struct unified_descriptor {
	__u64 addr;	 /* of the data, from the start of the data area */
	__u32 len;	 /* in bytes */
	__u16 type;	 /* UNIFIED_REGION_F_* */
	__u16 flags;	 /* UNIFIED_DESC_F_* */
	__u64 user_data; /* comes back in the completion */
	__u64 lba;	 /* in blocks of the target */
	__u32 targets;	 /* a bit for each target that it goes to; 0: target 0 */
	__u32 opcode;	 /* UNIFIED_OP_* */
	__u64 buffer;	 /* with UNIFIED_DESC_F_BUFFER, else 0 */
	__u32 nr_frags;	 /* with UNIFIED_DESC_F_GATHER, else 0 */
	__u32 resv[3];	 /* 0 */
};

/* A piece of the data of one operation. They are read once, when it is submitted. */
struct unified_fragment {
	__u64 addr; /* from the start of the data area */
	__u32 len;  /* the sum of all is the descriptor's len */
	__u32 resv; /* 0 */
};

/* What became of it. Of several targets, the worst. */
struct unified_completion {
	__u64 user_data;
	__s32 res;    /* 0 or -errno */
	__u32 status; /* of the NVMe command, if there was one */
	__u64 result; /* likewise */
	__u32 len;    /* bytes done: all or 0 */
	__u32 tries;  /* how often it was issued */
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
	__u64 control;	   /* one page: for the indices of sq and cq, see there */
	__u64 rings;	   /* ring_size bytes for io_uring's rings; page-aligned */
	__u64 sq;	   /* room for sq_entries of struct unified_descriptor, and ... */
	__u64 cq;	   /* ... cq_entries of struct unified_completion: rings to come */
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
 * ENOMEM   no memory, or more than RLIMIT_MEMLOCK allows without CAP_IPC_LOCK
 * EFAULT   user_addr is not mapped writable, or cannot be pinned
 * any      what ADD_TARGET answers for nvme_fd
 */
struct unified_io_setup {
	__u64 region_size; /* of the whole region; a multiple of the page size */
	__u32 flags;	   /* UNIFIED_IO_SETUP_* */
	__u32 sq_entries;  /* a power of two up to UNIFIED_IO_MAX_RING */
	__u32 cq_entries;  /* likewise */
	__s32 nvme_fd;	   /* target 0, and memory close to it; 0 or -1: none */
	__s32 uring_fd;	   /* for unified_io_create() of unified_region.h; 0 or -1: none */
	__u32 net_ifindex; /* memory close to this interface, before the drive; 0: none */
	__u32 net_rxq;	   /* a receive queue of it */
	__s32 numa_node;   /* with UNIFIED_IO_SETUP_NODE */
	__u32 slot_size;   /* a power of two from UNIFIED_IO_MIN_SLOT; 0: one page */
	__u32 resv2;	   /* 0 */
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
	__u64 operations;	 /* submitted */
	__u64 refused;		 /* of them, by a check or a policy, before anything was done */
	__u64 bytes_processed;	 /* worked on by policies, in place */
	__u64 bytes_copied;	 /* moved by policies (bpf_unified_copy) */
	__u64 buffers_exhausted; /* a buffer was wanted and none free */
	__u64 buffers_stale;	 /* a buffer came back that was not held: refused */
	__u64 reads;		 /* operations done, by what they are */
	__u64 writes;
	__u64 others;
	__u64 failed;	     /* operations done with an error */
	__u64 bytes_read;    /* by DMA, from all targets */
	__u64 bytes_written; /* by DMA, to all targets */
	__u64 commands;	     /* to devices */
	__u64 gathered;	     /* of them, from several segments */
	__u64 bytes_bounced; /* copied for a device that cannot take them as they are */
	__u64 retries;	     /* operations issued once more, as a policy asked */
	__u64 dropped;	     /* completions that a policy kept */
	__u64 waits;	     /* operations that waited for a request of the device, or memory */
	__u64 allocations;   /* of memory for operations: none when all is warm */
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
	__u32 sealed;	 /* 1 after UNIFIED_IO_SEAL or UNIFIED_IO_SEAL_PART */
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

/*
 * ATTACH: the policy is enforced, which takes the user who set the region up, or
 * CAP_SYS_ADMIN. Nobody else can detach it; nobody but CAP_SYS_ADMIN where that
 * attached it. It is asked after all that are not enforced, whatever their priorities,
 * and whatever they decided, unless they refused the operation. When it is ejected,
 * what it would be asked about is refused with EPERM, until it is detached.
 */
#define UNIFIED_IO_BPF_ENFORCE (1U << 0)

/* Names a policy that is registered, for a region. */
struct unified_io_bpf {
	__u32 flags; /* UNIFIED_IO_BPF_* of ATTACH; 0 of DETACH */
	char name[UNIFIED_POLICY_NAME_LEN];
	__u32 region; /* 0: of this descriptor; another's needs CAP_SYS_ADMIN */
	__u32 resv[6];
};

/* With as many errors a policy is ejected. */
#define UNIFIED_POLICY_MAX_ERRORS 8

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
	__u32 enforced;	   /* a bit for each of regions where it is */
	char name[UNIFIED_POLICY_NAME_LEN];
	char reason[64];
};

/* One operation, or an array of them. */
struct unified_io_submit {
	struct unified_descriptor desc; /* with count 0 */
	__u64 addr;			/* of an array of count struct unified_descriptor */
	__u32 count;
	__u32 flags; /* 0 */
};

#define UNIFIED_IO_COMPLETE_INLINE 8

/* Takes completions, oldest first. With all of it 0: what there is, up to 8. */
struct unified_io_complete {
	__u64 addr;	  /* of room for max struct unified_completion; 0: the room below */
	__u32 max;	  /* 0 with addr 0 */
	__u32 min;	  /* wait for as many, or until no operation is under way */
	__u64 timeout_ns; /* but no longer than this; 0: as long as it takes */
	__u32 flags;	  /* 0 */
	__u32 count;	  /* output: how many were taken */
	__u64 resv[2];	  /* 0 */
	struct unified_completion completions[UNIFIED_IO_COMPLETE_INLINE];
};

/* What the holder of a region may do with a target. */
#define UNIFIED_TARGET_READ  (1U << 0)
#define UNIFIED_TARGET_WRITE (1U << 1)

/* Flags of ADD_TARGET: how it is driven. Without one, by NVMe commands where possible. */
#define UNIFIED_TARGET_F_BLOCK (1U << 0) /* by the block layer */
#define UNIFIED_TARGET_F_NVME  (1U << 1) /* by NVMe commands, or not at all */

#define UNIFIED_TARGET_BLOCK   1
#define UNIFIED_TARGET_NVME    2

/* Where operations go: a block device, claimed for the region alone. */
struct unified_io_target {
	__s32 fd;     /* of the block device, or of the NVMe character device */
	__u32 flags;  /* UNIFIED_TARGET_F_* */
	__u32 access; /* UNIFIED_TARGET_*; 0: what fd was opened for */
	__u32 region; /* 0: of this descriptor; another's needs CAP_SYS_ADMIN */
	__u64 start;  /* of the range that may be used, in bytes */
	__u64 length; /* of it; 0: up to the end */
	__u32 index;  /* its bit in a descriptor's targets: an output of ADD_TARGET */
	__u32 resv;   /* 0 */

	/* Outputs. */
	__u32 kind;	     /* UNIFIED_TARGET_BLOCK or _NVME */
	__u32 gone;	     /* 1: the device was removed */
	__u32 lba_size;	     /* bytes of a block */
	__u32 nsid;	     /* of NVMe */
	__u32 max_bytes;     /* of one command; longer operations are several */
	__u32 max_segments;  /* likewise */
	__u32 dma_alignment; /* a fragment starts at a multiple of it */
	__u32 virt_boundary; /* 0, or fragments meet at multiples of it only */
	__u32 odd_lengths;   /* 1: a fragment may have any length */
	__u32 resv2;
	char name[32];
};

#define UNIFIED_IO_SETUP _IOWR(UNIFIED_IO_MAGIC, 0x01, struct unified_io_setup)

/*
 * Attach a policy to a region, or take it away. A chain is asked in the order of
 * the policies' priorities, and of attaching where they are equal. A policy that
 * names a region is attached when it is registered: for that its loader has
 * CAP_SYS_ADMIN, or the region was set up with UNIFIED_IO_SETUP_BPF.
 *
 * ENOENT   no such policy, no such region, or (DETACH) not attached to it
 * EEXIST   attached to it already, and no less enforced
 * EINVAL   a flag, a reserved member, or a name that does not end
 * ENXIO    this descriptor has no region, and region is 0
 * ENOSPC   there are UNIFIED_IO_MAX_POLICIES
 * EPERM    another's region, without CAP_SYS_ADMIN; or it is (to be) enforced
 * ESTALE   it was ejected
 * EXDEV    it was loaded for another region
 */
#define UNIFIED_IO_ATTACH_BPF _IOW(UNIFIED_IO_MAGIC, 0x02, struct unified_io_bpf)
#define UNIFIED_IO_DETACH_BPF _IOW(UNIFIED_IO_MAGIC, 0x08, struct unified_io_bpf)

/* The policy with the lowest id that is not below the id in *arg, or ENOENT. */
#define UNIFIED_IO_GET_POLICY _IOWR(UNIFIED_IO_MAGIC, 0x09, struct unified_io_policy_info)

/*
 * Submit operations. A single one of the type UNIFIED_REGION_F_BPF is done when
 * the call returns. All others are answered by COMPLETE. Of an array, the call
 * returns how many were submitted; the next one is at fault if it is tried alone.
 *
 * EINVAL   a type, opcode or flag that does not exist or does not go together, a
 *	    reserved member, or a length that is no multiple of the block size
 * ERANGE   data outside the data area, or blocks outside the target
 * ENODEV   no such target, or it was removed
 * EPERM    the target was added without the right to do this, or a read into a part
 *	    of the receive area that is sealed
 * EBUSY    cq_entries operations are under way or wait for COMPLETE
 * ESTALE   a buffer that was freed, or the target was reformatted to other blocks
 *	    while this was issued
 * E2BIG    more than UNIFIED_IO_MAX_FRAGMENTS pieces
 * EADDRNOTAVAIL with UNIFIED_DESC_F_NO_COPY: some of it would have to be copied for
 *	    a device; what went before that, or to another target, may be done
 * EOPNOTSUPP a NETWORK descriptor, or COMPARE on a target that is not NVMe
 * ENXIO    this descriptor has no region
 * any      what a policy answered
 */
#define UNIFIED_IO_SUBMIT _IOW(UNIFIED_IO_MAGIC, 0x03, struct unified_io_submit)

/*
 * Take completions. EINTR and EFAULT lose none.
 *
 * EINVAL   a flag, a reserved member, min above max, or room for none
 * ETIME    fewer than min in time; those are left for the next call
 * ENXIO    this descriptor has no region
 */
#define UNIFIED_IO_COMPLETE _IOWR(UNIFIED_IO_MAGIC, 0x04, struct unified_io_complete)

/*
 * Targets of a region. ADD_TARGET claims the device: until REMOVE_TARGET, or until
 * the region is closed, nobody can mount it or claim it. REMOVE_TARGET waits for
 * what is under way. GET_TARGET finds the target with the lowest index that is
 * not below index, or ENOENT.
 *
 * EBADF    fd is not open
 * ENODEV   no block device and no NVMe character device
 * EACCES   access that fd was not opened for, or a read-only device
 * EBUSY    mounted, or claimed by another
 * EINVAL   a flag, a reserved member, or a range that is no whole blocks
 * ERANGE   a range beyond the device
 * EOPNOTSUPP UNIFIED_TARGET_F_NVME on what cannot be driven so
 * EMEDIUMTYPE likewise: a namespace with metadata
 * ENOSPC   there are UNIFIED_IO_MAX_TARGETS
 * EPERM    the targets are sealed, or another's region, without CAP_SYS_ADMIN
 * EFAULT   of ADD_TARGET, also: the target was added, and the answer could not be
 *	    written; GET_TARGET has it
 */
#define UNIFIED_IO_ADD_TARGET	 _IOWR(UNIFIED_IO_MAGIC, 0x0a, struct unified_io_target)
#define UNIFIED_IO_REMOVE_TARGET _IOWR(UNIFIED_IO_MAGIC, 0x0b, struct unified_io_target)
#define UNIFIED_IO_GET_TARGET	 _IOWR(UNIFIED_IO_MAGIC, 0x0c, struct unified_io_target)

/*
 * The cmd_op of an IORING_OP_URING_CMD on this descriptor. The ring has SQE128
 * and CQE32; the descriptor is in the command area. cqe->res is the number of
 * bytes, 2^31 - 1 if there were more, or -errno; big_cqe[0] is the result of the NVMe command, or
 * its status with -errno.
 */
#define UNIFIED_IO_URING_SUBMIT _IOW(UNIFIED_IO_MAGIC, 0x40, struct unified_descriptor)

/* Says what this module is. Takes nothing from the caller. */
#define UNIFIED_IO_GET_INFO _IOR(UNIFIED_IO_MAGIC, 0x05, struct unified_io_info)

/*
 * The region with the lowest id that is not below the id in *arg: start with 1
 * and go on with id + 1 until ENOENT. EPERM without CAP_SYS_ADMIN.
 */
#define UNIFIED_IO_GET_REGION _IOWR(UNIFIED_IO_MAGIC, 0x06, struct unified_io_region_info)

/*
 * From now on nobody maps the rings, nobody maps the receive area writable, and
 * operations that would have a device write to it are refused with EPERM.
 * EBUSY if a mapping that would be refused exists; it can be tried again.
 * EOPNOTSUPP with the caller's own memory, whose mappings are not the module's.
 */
#define UNIFIED_IO_SEAL _IO(UNIFIED_IO_MAGIC, 0x07)

/*
 * The same for the rings and a part of the receive area: the rest of it is mapped as
 * before, until it is sealed by this or by UNIFIED_IO_SEAL. For who gives it away
 * bit by bit.
 *
 * EBUSY, EOPNOTSUPP as above
 * EINVAL   not whole pages, none, or a reserved field that is not 0
 * ERANGE   not all of it is in the receive area
 * ENOMEM   no memory
 */
struct unified_io_seal {
	__u64 offset; /* from the start of the region */
	__u64 len;
	__u64 resv[2]; /* 0 */
};

#define UNIFIED_IO_SEAL_PART _IOW(UNIFIED_IO_MAGIC, 0x0d, struct unified_io_seal)

/*
 * From now on ADD_TARGET and REMOVE_TARGET answer EPERM, unless they name the region,
 * which takes CAP_SYS_ADMIN. For who hands the descriptor on.
 */
#define UNIFIED_IO_SEAL_TARGETS _IO(UNIFIED_IO_MAGIC, 0x0e)

#endif
