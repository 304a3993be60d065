/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What a descriptor says: for unified_io.h, which has its structure for user space and
 * module, and for unified_kfuncs.h, where policies see it.
 */
#ifndef UNIFIED_DESC_H
#define UNIFIED_DESC_H

/*
 * What a descriptor is for. NVME | BPF is an operation on a target whose data
 * goes through the process hooks: before it is written, or after it was read.
 */
#define UNIFIED_REGION_F_NVME	 (1U << 0)
#define UNIFIED_REGION_F_NETWORK (1U << 1)
#define UNIFIED_REGION_F_BPF	 (1U << 2)

/* Flags of a descriptor. */
#define UNIFIED_DESC_F_READ   (1U << 0) /* opcode 0: from the target into the region */
#define UNIFIED_DESC_F_WRITE  (1U << 1) /* opcode 0: from the region to the target */
#define UNIFIED_DESC_F_FUA    (1U << 2) /* a write is done when it is on the medium */
#define UNIFIED_DESC_F_GATHER (1U << 3) /* addr is of nr_frags struct unified_fragment */
#define UNIFIED_DESC_F_BUFFER (1U << 4) /* buffer is the handle of the slot with the data */
/* What the device cannot take where it is, is not copied for it: EADDRNOTAVAIL. */
#define UNIFIED_DESC_F_NO_COPY (1U << 5)

/* Opcodes of a descriptor. */
#define UNIFIED_OP_RW	   0 /* a read or a write, as the flags say */
#define UNIFIED_OP_FLUSH   1 /* what was written before is on the medium; no data */
#define UNIFIED_OP_ZEROES  2 /* len bytes of the target become 0; no data */
#define UNIFIED_OP_DISCARD 3 /* len bytes of the target are not needed; no data */
#define UNIFIED_OP_COMPARE 4 /* EILSEQ unless the target has this data; NVMe only */

#endif
