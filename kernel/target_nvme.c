// SPDX-License-Identifier: GPL-2.0
/*
 * The target that drives an NVMe namespace by its commands: requests of region
 * pages, with the status and the result of the controller in the completion.
 *
 * What the device demands is read while a request is held: until that is issued
 * or freed, the queue cannot be frozen to be changed.
 *
 * struct nvme_request is private to the driver. It was taken from the driver's BTF when
 * this module was built, together with the driver's build ID. Whoever attaches a
 * namespace compares that with the driver that runs: another one is refused. A read
 * that must fail then shows that a command goes in, and its status comes out, where
 * they should. The driver's one function is looked up by name, so that this module
 * loads without it.
 */
#include <linux/blk-integrity.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/elfnote.h>
#include <linux/module.h>
#include <linux/nvme.h>
#include <linux/nvme_ioctl.h>
#include <linux/slab.h>

#include "compat.h"
#include "data.h"
#include "engine.h"
#include "target_nvme.h"

/* For user space, which finds it in /sys/module/unified_io_region/notes. */
ELFNOTE32("unified.nvme-core", 1, NVME_CORE_BUILD_ID);

/* init_request() writes to what it is given: one that all CPUs share would be slow. */
static DEFINE_PER_CPU_ALIGNED(struct nvme_command, no_command);

/* Set by each attach, and right as long as one holds the driver. */
static void (*init_request)(struct request *req, struct nvme_command *cmd);

/* --- a command ------------------------------------------------------------------ */

static s32 unified_nvme_error(struct request *rq, u16 status, blk_status_t err)
{
	/* A reset took it, and nobody knows how far it came. */
	if (unified_nvme_request(rq)->flags & NVME_REQ_CANCELLED)
		return -EINTR;
	if ((status & NVME_SCT_SC_MASK) == NVME_SC_COMPARE_FAILED)
		return -EILSEQ;
	if (err)
		return blk_status_to_errno(err);
	return status ? -EIO : 0;
}

/* Mostly in irq. */
static enum rq_end_io_ret unified_nvme_end_io(struct request *rq, blk_status_t err,
					      const struct io_comp_batch *iob)
{
	struct unified_command *c = rq->end_io_data;

	c->status = unified_nvme_request(rq)->status;
	c->result = le64_to_cpu(unified_nvme_request(rq)->result.u64);
	c->error = unified_nvme_error(rq, c->status, err);
	WRITE_ONCE(c->rq, NULL);
	unified_command_end(c);
	return RQ_END_IO_FREE;
}

static u8 unified_nvme_opcode(const struct unified_descriptor *d)
{
	if (likely(d->opcode == UNIFIED_OP_RW))
		return d->flags & UNIFIED_DESC_F_WRITE ? nvme_cmd_write : nvme_cmd_read;
	switch (d->opcode) {
	case UNIFIED_OP_FLUSH:
		return nvme_cmd_flush;
	case UNIFIED_OP_ZEROES:
		return nvme_cmd_write_zeroes;
	default:
		return nvme_cmd_compare;
	}
}

static void unified_nvme_fill(struct nvme_command *cmd, struct unified_command *c, u32 block)
{
	const struct unified_descriptor *d = &c->op->desc;
	u32 blocks = c->bytes >> __ffs(block);

	cmd->rw.opcode = unified_nvme_opcode(d);
	cmd->rw.nsid = cpu_to_le32(c->target->nsid);
	if (d->opcode == UNIFIED_OP_FLUSH)
		return;
	cmd->rw.slba = cpu_to_le64(c->op->lba);
	cmd->rw.length = cpu_to_le16(blocks - 1);
	if (d->flags & UNIFIED_DESC_F_FUA)
		cmd->rw.control = cpu_to_le16(NVME_RW_FUA);
	c->op->lba += blocks;
}

/*
 * What blk_rq_append_bio() would do, of vectors that are known to be one command's.
 * The bio was initialised with its memory; nothing but what is set here was used.
 */
static void unified_nvme_map(struct request *rq, struct unified_command *c)
{
	struct bio *bio = &c->bio;

	bio->bi_next = NULL;
	bio->bi_bdev = NULL;
	bio->bi_opf = rq->cmd_flags;
	bio->bi_flags = 0;
	bio->bi_status = 0;
	bio->bi_io_vec = c->vecs;
	bio->bi_vcnt = c->nr_vecs;
	bio->bi_iter = (struct bvec_iter){ .bi_size = c->bytes };
	bio->bi_end_io = NULL;
	rq->bio = bio;
	rq->biotail = bio;
	rq->__data_len = c->bytes;
	rq->nr_phys_segments = c->nr_vecs;
	if (c->nr_vecs > 1) {
		bio->bi_bvec_gap_bit = ffs(c->gaps);
		rq->phys_gap_bit = bio->bi_bvec_gap_bit;
	}
}

/* Apart, for the stack that it takes. */
static noinline int unified_nvme_plan(struct unified_command *c, u32 max_bytes)
{
	struct unified_limits limits;

	unified_limits_of(c->target, &limits);
	limits.max_bytes = max_bytes;
	if (c->target->sgl_dev && !limits.gap_mask && unified_data_fits(c, &limits))
		return unified_sgl_make(c);
	return unified_data_plan(c, &limits);
}

/* With a request in hand: the limits hold until it is issued. */
static int unified_nvme_make(struct request *rq, struct unified_command *c)
{
	const struct queue_limits *l = &rq->q->limits;
	const struct unified_descriptor *d = &c->op->desc;
	u32 block = c->op->block, max_bytes;
	int ret;

	/* It may have been formatted so since it was attached, or checked. */
	if (unlikely(l->integrity.metadata_size))
		return -EMEDIUMTYPE;
	if (unlikely(l->logical_block_size != block))
		return -ESTALE;
	/* The length of a command has 16 bits, less one. */
	max_bytes = min3((u64)l->max_hw_sectors << SECTOR_SHIFT, (u64)l->max_segment_size,
			 (u64)block << 16);
	if (!unified_desc_has_data(d)) {
		c->bytes = d->len;
	} else if (l->seg_boundary_mask < UNIFIED_PLAN_BOUNDARY ||
		   !unified_data_is_one(c, l->dma_alignment, max_bytes)) {
		ret = unified_nvme_plan(c, max_bytes);
		if (ret)
			return ret;
	}
	READ_ONCE(init_request)(rq, raw_cpu_ptr(&no_command));
	/* As of any passthrough: a controller that can is told how much memory there is. */
	unified_nvme_request(rq)->flags |= NVME_REQ_USERCMD;
	unified_nvme_fill(unified_nvme_command(rq), c, block);
	if (c->list)
		unified_sgl_map(rq, c);
	else if (c->nr_vecs)
		unified_nvme_map(rq, c);
	return 0;
}

/* What the controller has no command for, or what is too long for one. */
static bool unified_nvme_by_block(const struct unified_command *c)
{
	const struct unified_descriptor *d = &c->op->desc;
	const struct request_queue *q = bdev_get_queue(c->target->bdev);

	return d->opcode == UNIFIED_OP_DISCARD ||
	       (d->opcode == UNIFIED_OP_ZEROES &&
		d->len > min_t(u64,
			       (u64)READ_ONCE(q->limits.max_write_zeroes_sectors) << SECTOR_SHIFT,
			       (u64)READ_ONCE(q->limits.logical_block_size) << 16));
}

static int unified_nvme_prepare(struct unified_command *c)
{
	const struct unified_op *op = c->op;
	blk_mq_req_flags_t flags = 0;
	struct request *rq;
	blk_opf_t opf;
	int ret;

	if (op->desc.opcode != UNIFIED_OP_RW && unified_nvme_by_block(c))
		return unified_block_prepare(c);
	opf = unified_desc_fills(&op->desc) ? REQ_OP_DRV_IN : REQ_OP_DRV_OUT;
	if (op->polled)
		opf |= REQ_POLLED;
	if (!op->may_wait) {
		opf |= REQ_NOWAIT;
		flags = BLK_MQ_REQ_NOWAIT;
	}
	rq = blk_mq_alloc_request(bdev_get_queue(c->target->bdev), opf, flags);
	if (IS_ERR(rq))
		return PTR_ERR(rq);
	ret = unified_nvme_make(rq, c);
	if (ret) {
		blk_mq_free_request(rq);
		return ret;
	}
	rq->end_io = unified_nvme_end_io;
	rq->end_io_data = c;
	if (op->polled && blk_rq_is_poll(rq))
		c->cookie = rq->mq_hctx->queue_num;
	c->rq = rq;
	return 0;
}

/* --- attaching --------------------------------------------------------------------- */

/*
 * The driver's function, with a reference on the driver, or NULL if the driver is not
 * the one that this was built for: after an update without a reboot, for example. Its
 * build ID is a hash of all that it was linked of, its types too. Asked at each
 * attach, as it may have been unloaded and another one loaded meanwhile; the open
 * disk holds it now.
 */
static void *unified_nvme_driver_get(const struct module *driver)
{
	static const u8 build_id[] __nonstring = NVME_CORE_BUILD_ID;
	void *init;

	if (!unified_module_is(driver, build_id, sizeof(build_id) - 1))
		return NULL;
	init = symbol_get(nvme_init_request);
	if (init && !within_module((unsigned long)init, driver)) {
		symbol_put(nvme_init_request);
		return NULL;
	}
	return init;
}

struct unified_nvme_wait {
	struct completion done;
	struct nvme_command sent;
	u16 status;
};

static enum rq_end_io_ret unified_nvme_probe_end(struct request *rq, blk_status_t err,
						 const struct io_comp_batch *iob)
{
	struct unified_nvme_wait *wait = rq->end_io_data;

	wait->status = unified_nvme_request(rq)->status;
	wait->sent = *unified_nvme_command(rq);
	complete(&wait->done);
	return RQ_END_IO_FREE;
}

/* Did the block layer make of a bio what unified_nvme_map() makes of vectors? */
static bool unified_nvme_maps_alike(const struct request *rq, struct bio *bio)
{
	const struct bio_vec *vec = bio->bi_io_vec;
	u32 gaps = 0;

	if (bio->bi_vcnt > 1)
		gaps = (vec[0].bv_offset + vec[0].bv_len) | vec[1].bv_offset;
	return rq->bio == bio && rq->biotail == bio && rq->__data_len == bio->bi_iter.bi_size &&
	       rq->nr_phys_segments == bio->bi_vcnt && rq->phys_gap_bit == ffs(gaps);
}

/* To read one block, without its data. */
struct request *unified_nvme_read_request(struct unified_target *t, u64 lba)
{
	struct nvme_command cmd = {
		.rw.opcode = nvme_cmd_read,
		.rw.nsid = cpu_to_le32(t->nsid),
		.rw.slba = cpu_to_le64(lba),
	};
	struct request *rq = blk_mq_alloc_request(bdev_get_queue(t->bdev), REQ_OP_DRV_IN, 0);
	const struct nvme_command *where;

	if (IS_ERR(rq))
		return rq;
	READ_ONCE(init_request)(rq, &cmd);
	unified_nvme_request(rq)->flags |= NVME_REQ_USERCMD;
	/* Is the command where the layout says that it is? */
	where = unified_nvme_command(rq);
	if (virt_addr_valid(where) && !memcmp(where, &cmd, sizeof(cmd)))
		return rq;
	blk_mq_free_request(rq);
	return ERR_PTR(-EPROTO);
}

/* Wait for a request; it is gone then. @sent: its command. Returns the status. */
int unified_nvme_run(struct request *rq, struct nvme_command *sent)
{
	struct unified_nvme_wait wait;

	init_completion(&wait.done);
	rq->end_io = unified_nvme_probe_end;
	rq->end_io_data = &wait;
	blk_execute_rq_nowait(rq, false);
	wait_for_completion(&wait.done);
	*sent = wait.sent;
	return wait.status;
}

/* Read one block into two pieces. Returns the status, or -errno. */
int unified_nvme_read(struct unified_target *t, u64 lba, void *first, u32 len, void *second)
{
	u32 block = bdev_logical_block_size(t->bdev);
	struct nvme_command sent;
	struct bio_vec vecs[2];
	struct request *rq;
	struct bio bio;
	int ret;

	rq = unified_nvme_read_request(t, lba);
	if (IS_ERR(rq))
		return PTR_ERR(rq);
	bvec_set_virt(&vecs[0], first, len);
	bvec_set_virt(&vecs[1], second, block - len);
	bio_init(&bio, NULL, vecs, len < block ? 2 : 1, REQ_OP_DRV_IN);
	bio.bi_vcnt = bio.bi_max_vecs;
	bio.bi_iter.bi_size = block;
	ret = blk_rq_append_bio(rq, &bio);
	if (!ret && !unified_nvme_maps_alike(rq, &bio))
		ret = -EPROTO;
	if (ret) {
		blk_mq_free_request(rq);
		return ret;
	}
	return unified_nvme_run(rq, &sent);
}

/* Is every byte of one the complement of the other's, but for the first @len? */
static bool unified_is_poison(const u8 *is, const u8 *of, u32 len, u32 size)
{
	u32 i;

	for (i = len; i < size; i++)
		if (is[i] != (u8)~of[i])
			return false;
	return true;
}

/*
 * A controller may want every piece to be a multiple of four bytes, and does not
 * say so in a way that reaches us. Read a block in one piece and in pieces of odd
 * lengths: if both give the same, odd lengths are fine. What is on the drive may be
 * all zeroes, so the memory is made to differ from it in every byte before, and what
 * follows a piece has to differ still.
 */
static bool unified_nvme_takes_odd(struct unified_target *t, u64 lba, const u8 *whole, u32 block)
{
	u8 *pages __free(kfree) = kzalloc(2 * PAGE_SIZE, GFP_KERNEL), *first = pages, *second;
	const u32 odd = 5;
	u32 i;

	if (!pages)
		return false;
	second = pages + PAGE_SIZE;
	for (i = 0; i < block; i++) {
		first[i] = ~whole[i];
		second[i] = i + odd < block ? ~whole[i + odd] : ~whole[i];
	}
	return !unified_nvme_read(t, lba, first, odd, second) && !memcmp(first, whole, odd) &&
	       !memcmp(second, whole + odd, block - odd) &&
	       unified_is_poison(first, whole, odd, block) &&
	       unified_is_poison(second, whole, block - odd, block);
}

static int unified_nvme_probe(struct unified_target *t)
{
	u32 block = bdev_logical_block_size(t->bdev);
	u64 lba = t->start >> (ilog2(block) - SECTOR_SHIFT);
	u8 *whole;
	int ret;

	if (block > PAGE_SIZE)
		return -EOPNOTSUPP;
	whole = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!whole)
		return -ENOMEM;
	/* Beyond the end: the one thing known of the status is what it must be. */
	ret = unified_nvme_read(t, UNIFIED_NVME_NO_LBA, whole, block, whole);
	if (ret < 0)
		goto free;
	if ((ret & NVME_SCT_SC_MASK) != NVME_SC_LBA_RANGE) {
		ret = -EPROTO;
		goto free;
	}
	ret = unified_nvme_read(t, lba, whole, block, whole);
	if (!ret && !queue_virt_boundary(bdev_get_queue(t->bdev)))
		t->odd_lengths = unified_nvme_takes_odd(t, lba, whole, block);
	/* That a block cannot be read is its own affair. */
	ret = ret < 0 ? ret : 0;
free:
	kfree(whole);
	return ret;
}

/*
 * EOPNOTSUPP: what this is cannot be driven by commands: no NVMe, a partition, a
 * multipath head. EMEDIUMTYPE: blocks with metadata. EPROTO: an unknown driver.
 */
int unified_nvme_attach(struct unified_target *t)
{
	struct gendisk *disk = t->bdev->bd_disk;
	struct request_queue *q = disk->queue;
	void *init;
	int ret;

	if (!disk->fops->owner || strcmp(module_name(disk->fops->owner), "nvme_core") ||
	    bdev_is_partition(t->bdev) || !queue_is_mq(q))
		return -EOPNOTSUPP;
	if (q->limits.integrity.metadata_size)
		return -EMEDIUMTYPE;
	ret = disk->fops->ioctl(t->bdev, BLK_OPEN_READ, NVME_IOCTL_ID, 0);
	if (ret <= 0)
		return -EOPNOTSUPP;
	t->nsid = ret;
	init = unified_nvme_driver_get(disk->fops->owner);
	if (!init)
		return -EPROTO;
	WRITE_ONCE(init_request, init);
	ret = unified_nvme_probe(t);
	if (ret)
		symbol_put(nvme_init_request);
	else
		unified_sgl_attach(t);
	return ret;
}

static void unified_nvme_detach(struct unified_target *t)
{
	unified_sgl_detach(t);
	symbol_put(nvme_init_request);
}

const struct unified_target_ops unified_target_nvme = {
	.kind = UNIFIED_TARGET_NVME,
	.prepare = unified_nvme_prepare,
	.send = unified_block_send,
	.detach = unified_nvme_detach,
};
