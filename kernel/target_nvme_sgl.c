// SPDX-License-Identifier: GPL-2.0
/*
 * Scatter-gather lists that this module makes itself, for drives of the PCI driver.
 *
 * That driver maps every segment of every command for the device, one after the
 * other, although most machines have a device see memory as it is. Where the DMA API
 * says so, a region is mapped once, when the target is added: nothing has to be
 * unmapped or synchronised, and all of it is at its physical address plus one
 * constant. Then the list of a command is written here, and its request goes to the
 * driver without segments and with the list in its data pointer. A drive behind an
 * IOMMU, one that does not reach all memory, and one that is not coherent get their
 * commands mapped by the driver.
 *
 * That the driver sends such a request as it is, is written nowhere. It is seen when
 * the target is added: first with a command that must fail before any data moves, of
 * which the data pointer is looked at when it is done, then with a read that is
 * compared with one that the driver mapped.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/dma-mapping.h>
#include <linux/nvme.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "data.h"
#include "target_nvme.h"

/* What the data pointer of a command says of a list of @nr at @list. */
static void unified_sgl_point(struct nvme_command *cmd, dma_addr_t list, u32 nr)
{
	cmd->common.flags = NVME_CMD_SGL_METABUF;
	cmd->common.dptr.sgl = (struct nvme_sgl_desc){
		.addr = cpu_to_le64(list),
		.length = cpu_to_le32(nr * sizeof(struct nvme_sgl_desc)),
		.type = NVME_SGL_FMT_LAST_SEG_DESC << 4,
	};
}

static void unified_sgl_desc(struct nvme_sgl_desc *desc, u64 addr, u32 len)
{
	*desc = (struct nvme_sgl_desc){
		.addr = cpu_to_le64(addr),
		.length = cpu_to_le32(len),
		.type = NVME_SGL_FMT_DATA_DESC << 4,
	};
}

/**
 * unified_sgl_make - the list of a command that is all of its operation's data
 * @c: the command, to a target with an sgl_dev; its length is set
 *
 * The caller holds a request, and so the driver.
 *
 * Return: 0, or -errno.
 */
int unified_sgl_make(struct unified_command *c)
{
	const struct unified_pieces *pieces = &c->op->pieces;
	const struct unified_segment *piece = pieces->list, *end = piece + pieces->nr;
	struct device *dev = c->target->sgl_dev;
	u64 offset = c->target->bus_offset;
	struct nvme_sgl_desc *desc;
	int ret;

	static_assert(sizeof(*desc) == sizeof(*c->vecs));
	ret = unified_data_room(c, pieces->nr);
	if (ret)
		return ret;
	for (desc = (void *)c->vecs; piece < end; piece++, desc++)
		unified_sgl_desc(desc, piece->addr + offset, piece->len);
	c->list = dma_map_single(dev, c->vecs, pieces->nr * sizeof(*desc), DMA_TO_DEVICE);
	if (dma_mapping_error(dev, c->list))
		return -EIO;
	/* Nobody unmaps it: that took nothing only where the device sees memory as it is. */
	if (unlikely(c->list != virt_to_phys(c->vecs) + offset)) {
		dma_unmap_single(dev, c->list, pieces->nr * sizeof(*desc), DMA_TO_DEVICE);
		return -EIO;
	}
	unified_data_take_all(c);
	return 0;
}

/* Instead of a bio. */
void unified_sgl_map(struct request *rq, struct unified_command *c)
{
	unified_sgl_point(unified_nvme_command(rq), c->list, c->nr_vecs);
	rq->__data_len = c->bytes; /* for who traces requests */
}

/* --- may it be so? ----------------------------------------------------------------- */

/* The device that does the DMA of a namespace, or NULL if it is not the PCI driver's. */
static struct device *unified_sgl_device(const struct unified_target *t)
{
	struct device *ctrl = disk_to_dev(t->bdev->bd_disk)->parent;
	struct device *dev = ctrl ? ctrl->parent : NULL;
	const struct device_driver *driver = dev ? READ_ONCE(dev->driver) : NULL;

	return driver && dev_is_pci(dev) && !strcmp(driver->name, "nvme") ? dev : NULL;
}

static void unified_sgl_unmap_region(const struct unified_target *t, struct device *dev,
				     unsigned long nr_pages)
{
	const struct unified_io_region *r = t->region;
	unsigned long i;

	for (i = 0; i < nr_pages; i += r->chunk_size >> PAGE_SHIFT)
		dma_unmap_page_attrs(dev, page_to_phys(r->pages[i]) + t->bus_offset, r->chunk_size,
				     DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
}

/*
 * Map all of the region, at one distance from its physical addresses. False: that
 * cannot be, or would have to be undone some day, and is undone at once.
 */
static bool unified_sgl_map_region(struct unified_target *t, struct device *dev)
{
	const struct unified_io_region *r = t->region;
	unsigned long i;

	for (i = 0; i < r->nr_pages; i += r->chunk_size >> PAGE_SHIFT) {
		dma_addr_t addr = dma_map_page_attrs(dev, r->pages[i], 0, r->chunk_size,
						     DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
		u64 offset = addr - page_to_phys(r->pages[i]);

		if (dma_mapping_error(dev, addr))
			break;
		if (!i)
			t->bus_offset = offset;
		if (offset != t->bus_offset) {
			dma_unmap_page_attrs(dev, addr, r->chunk_size, DMA_BIDIRECTIONAL,
					     DMA_ATTR_SKIP_CPU_SYNC);
			break;
		}
		cond_resched();
	}
	if (i >= r->nr_pages && !dma_need_unmap(dev))
		return true;
	unified_sgl_unmap_region(t, dev, i);
	return false;
}

/* Memory for the probe: a list, then a block in one piece and in two. */
struct unified_sgl_probe {
	struct nvme_sgl_desc list[2];
	u8 *whole, *first, *second;
};

/* Read a block at @lba into the two pieces. Returns the status, or -errno. */
static int unified_sgl_read(struct unified_target *t, struct unified_sgl_probe *p, u64 lba)
{
	u32 block = bdev_logical_block_size(t->bdev), cut = 64;
	struct nvme_command want, sent;
	struct device *dev = t->sgl_dev;
	struct request *rq;
	dma_addr_t list;
	int ret;

	rq = unified_nvme_read_request(t, lba);
	if (IS_ERR(rq))
		return PTR_ERR(rq);
	unified_sgl_desc(&p->list[0], virt_to_phys(p->first) + t->bus_offset, cut);
	unified_sgl_desc(&p->list[1], virt_to_phys(p->second) + t->bus_offset, block - cut);
	list = dma_map_single(dev, p->list, sizeof(p->list), DMA_TO_DEVICE);
	if (dma_mapping_error(dev, list)) {
		blk_mq_free_request(rq);
		return -EIO;
	}
	unified_sgl_point(unified_nvme_command(rq), list, 2);
	want = *unified_nvme_command(rq);
	ret = unified_nvme_run(rq, &sent);
	if (memcmp(&want.common.dptr, &sent.common.dptr, sizeof(want.common.dptr)) ||
	    want.common.flags != sent.common.flags)
		return -EPROTO;
	return ret;
}

static bool unified_sgl_works(struct unified_target *t, struct unified_sgl_probe *p)
{
	u32 block = bdev_logical_block_size(t->bdev), cut = 64, i;
	u64 lba = t->start >> (ilog2(block) - SECTOR_SHIFT);
	int ret;

	/* Where nothing is: as it was written it must go out, and no data may move. */
	ret = unified_sgl_read(t, p, UNIFIED_NVME_NO_LBA);
	if (ret < 0 || (ret & NVME_SCT_SC_MASK) != NVME_SC_LBA_RANGE)
		return false;
	if (unified_nvme_read(t, lba, p->whole, block, p->whole))
		return false;
	/* What is read differs from this in every byte. */
	for (i = 0; i < block; i++)
		*(i < cut ? &p->first[i] : &p->second[i - cut]) = ~p->whole[i];
	return !unified_sgl_read(t, p, lba) && !memcmp(p->first, p->whole, cut) &&
	       !memcmp(p->second, p->whole + cut, block - cut);
}

/* Without memory for that nobody knows. */
static bool unified_sgl_try(struct unified_target *t)
{
	struct unified_sgl_probe *p __free(kfree) = kzalloc_obj(*p);
	u8 *pages __free(kfree) = kzalloc(3 * PAGE_SIZE, GFP_KERNEL);

	if (!p || !pages)
		return false;
	p->whole = pages;
	p->first = pages + PAGE_SIZE;
	p->second = pages + 2 * PAGE_SIZE;
	return unified_sgl_works(t, p);
}

/**
 * unified_sgl_attach - have lists made here for a target, if that can be
 * @t: the target, which commands can be sent to, of blocks of a page at most
 */
void unified_sgl_attach(struct unified_target *t)
{
	struct device *dev = unified_sgl_device(t);
	struct request *rq;
	bool mapped;

	t->sgl_dev = NULL;
	/* The driver says by its boundary that the drive has no such lists. */
	if (!dev || queue_virt_boundary(bdev_get_queue(t->bdev)) || dma_need_unmap(dev) ||
	    dma_addressing_limited(dev))
		return;
	/* As long as there is a request the driver cannot leave the device. */
	rq = unified_nvme_read_request(t, 0);
	if (IS_ERR(rq))
		return;
	mapped = unified_sgl_map_region(t, dev);
	blk_mq_free_request(rq);
	if (!mapped)
		return;
	t->sgl_dev = get_device(dev);
	if (!unified_sgl_try(t))
		unified_sgl_detach(t);
}

/* What was mapped needs not be unmapped, or it would not have been used. */
void unified_sgl_detach(struct unified_target *t)
{
	put_device(t->sgl_dev);
	t->sgl_dev = NULL;
}
