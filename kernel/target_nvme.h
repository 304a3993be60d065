/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two files of the NVMe target need of each other.
 */
#ifndef UNIFIED_TARGET_NVME_H
#define UNIFIED_TARGET_NVME_H

#include <linux/blk-mq.h>

#include "nvme_layout.h"
#include "target.h"

struct nvme_command;

/* Beyond the end of any namespace. */
#define UNIFIED_NVME_NO_LBA (U64_MAX >> 8)

static inline struct nvme_request *unified_nvme_request(struct request *rq)
{
	return blk_mq_rq_to_pdu(rq);
}

/* The command of a request that the driver's nvme_init_request() was called for. */
static inline struct nvme_command *unified_nvme_command(struct request *rq)
{
	return unified_nvme_request(rq)->cmd;
}

/* target_nvme.c: commands that are waited for, while a target is added */
struct request *unified_nvme_read_request(struct unified_target *t, u64 lba);
int unified_nvme_run(struct request *rq, struct nvme_command *sent);
int unified_nvme_read(struct unified_target *t, u64 lba, void *first, u32 len, void *second);

/* target_nvme_sgl.c */
int unified_sgl_make(struct unified_command *c);
void unified_sgl_map(struct request *rq, struct unified_command *c);
void unified_sgl_attach(struct unified_target *t);
void unified_sgl_detach(struct unified_target *t);

#endif
