// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a region, whose they are, and who has them mapped.
 *
 * Pages. The module's own are folios of 2 MiB, or of less where memory is too
 * fragmented, charged to the memory cgroup of the caller of SETUP. The caller's
 * own are pinned. Both count against its RLIMIT_MEMLOCK. Either way pages[] and the
 * linear kernel mapping are set before the region is published and do not
 * change until its last reference is gone. Pages that something else has pinned
 * or mapped then outlive the region: a folio goes with its own last reference.
 * They are never used for another region.
 *
 * Mappings. Every VMA of a region has a struct unified_map on region->maps, under
 * region->map_lock, which also protects what is sealed. A VMA holds the file, and
 * so the region. Its range and flags belong to its own mm and are read here
 * without that lock: they can only shrink (VM_DONTEXPAND, and VM_MAYWRITE is
 * never gained), so that seal may see too much of a mapping, never too little.
 * vm_pgoff is not read: it changes together with vm_start, and who sees only one
 * of both sees too little. What the two differ by never changes.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "region.h"

struct unified_map {
	struct list_head node; /* in region->maps */
	struct vm_area_struct *vma;
	unsigned long origin; /* address at which the region would begin */
};

/* --- pages ----------------------------------------------------------------- */

static struct folio *unified_folio_alloc(unsigned int order, int node)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;

	/* A region that is too large is refused; nobody is killed to make room. */
	gfp |= order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL;
	/* Without a wish for a node, the caller's memory policy decides. */
	if (node == NUMA_NO_NODE)
		return folio_alloc(gfp, order);
	return __folio_alloc_node(gfp, order, node);
}

static void unified_memory_free_folios(struct unified_io_region *r)
{
	u32 i;

	for (i = 0; i < r->nr_folios; i++)
		folio_put(r->folios[i]);
	r->nr_folios = 0;
}

/* From the largest order that fits what is left, down to single pages. */
static int unified_memory_alloc(struct unified_io_region *r)
{
	unsigned int order = PMD_ORDER;
	unsigned long done = 0, i;
	struct folio *folio;

	r->folios = kvcalloc(r->nr_pages, sizeof(*r->folios), UNIFIED_GFP);
	if (!r->folios)
		return -ENOMEM;
	while (done < r->nr_pages) {
		while (order && (1UL << order) > r->nr_pages - done)
			order--;
		folio = unified_folio_alloc(order, r->numa_node);
		if (!folio && !order)
			return -ENOMEM;
		if (!folio) {
			order--;
			continue;
		}
		r->folios[r->nr_folios++] = folio;
		for (i = 0; i < folio_nr_pages(folio); i++)
			r->pages[done++] = folio_page(folio, i);
		/* kill -9 must not wait for gigabytes to be cleared. */
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static int unified_memory_pin(struct unified_io_region *r, unsigned long addr)
{
	unsigned long done = 0;
	long n;

	/* Also a sum that wraps, for which the pinning has an errno of its own. */
	if (!access_ok((void __user *)addr, r->size))
		return -EFAULT;
	while (done < r->nr_pages) {
		n = pin_user_pages_fast(addr + done * PAGE_SIZE,
					min(r->nr_pages - done, (unsigned long)PTRS_PER_PTE),
					FOLL_WRITE | FOLL_LONGTERM, r->pages + done);
		if (n <= 0)
			return n ? n : -EFAULT;
		done += n;
		r->nr_user_pinned = done;
		cond_resched();
	}
	return 0;
}

/* Neither kind can be swapped: both count as locked by the caller. */
int unified_memory_charge(struct unified_io_region *r)
{
	int ret = account_locked_vm(current->mm, r->nr_pages, true);

	if (ret)
		return ret;
	mmgrab(current->mm);
	r->mm = current->mm;
	return 0;
}

static void unified_memory_uncharge(struct unified_io_region *r)
{
	account_locked_vm(r->mm, r->nr_pages, false);
	mmdrop(r->mm);
}

/* Undone by unified_memory_put(), after a failure too. */
int unified_memory_get(struct unified_io_region *r, unsigned long user_addr)
{
	int ret;

	INIT_LIST_HEAD(&r->maps);
	mutex_init(&r->map_lock);
	r->pages = kvcalloc(r->nr_pages, sizeof(*r->pages), UNIFIED_GFP);
	if (!r->pages)
		return -ENOMEM;
	if (r->flags & UNIFIED_IO_SETUP_USER_MEMORY)
		ret = unified_memory_pin(r, user_addr);
	else
		ret = unified_memory_alloc(r);
	if (ret)
		return ret;
	/*
	 * The folios come in falling order, so each lies at a multiple of its own
	 * size, and of the last one's.
	 */
	r->chunk_size = r->nr_folios ? folio_size(r->folios[r->nr_folios - 1]) : PAGE_SIZE;
	r->kaddr = vmap(r->pages, r->nr_pages, VM_MAP, PAGE_KERNEL);
	return r->kaddr ? 0 : -ENOMEM;
}

void unified_memory_put(struct unified_io_region *r)
{
	if (r->kaddr)
		vunmap(r->kaddr);
	if (r->nr_user_pinned)
		unpin_user_pages_dirty_lock(r->pages, r->nr_user_pinned, true);
	unified_memory_free_folios(r);
	if (r->mm)
		unified_memory_uncharge(r);
	bitmap_free(r->sealed_pages);
	kvfree(r->folios);
	kvfree(r->pages);
}

void unified_memory_info(struct unified_io_region *r, struct unified_io_region_info *info)
{
	u32 i;

	info->nr_folios = r->nr_folios;
	info->min_order = r->nr_folios ? PMD_ORDER : 0;
	for (i = 0; i < r->nr_folios; i++) {
		u32 order = folio_order(r->folios[i]);

		info->max_order = max(info->max_order, order);
		info->min_order = min(info->min_order, order);
		info->nr_pinned += folio_maybe_dma_pinned(r->folios[i]);
	}
	guard(mutex)(&r->map_lock);
	info->nr_maps = list_count_nodes(&r->maps);
	info->sealed = r->sealed;
}

/* --- mappings -------------------------------------------------------------- */

/* Does it map any page of [start, start + len) of the region? */
static bool unified_map_overlaps(const struct unified_map *map, u64 start, u64 len)
{
	u64 first = READ_ONCE(map->vma->vm_start) - map->origin;
	u64 end = READ_ONCE(map->vma->vm_end) - map->origin;

	return len && first < start + len && start < end;
}

/* Must it be gone before the rings and this part of the receive area are sealed? */
static bool unified_map_in_way(const struct unified_io_region *r, const struct unified_map *map,
			       u64 start, u64 len)
{
	if (unified_map_overlaps(map, r->offsets.rings, r->ring_size))
		return true;
	return (READ_ONCE(map->vma->vm_flags) & VM_MAYWRITE) &&
	       unified_map_overlaps(map, start, len);
}

/* What must not be mapped any more, of a region that is sealed or in parts. */
static bool unified_map_breaks_seal(const struct unified_io_region *r,
				    const struct unified_map *map)
{
	u64 from = r->offsets.rx, to = from + r->rx_size, first, end;

	if (!unified_map_in_way(r, map, from, r->rx_size))
		return false;
	if (r->sealed_whole || unified_map_overlaps(map, r->offsets.rings, r->ring_size))
		return true;
	first = max(READ_ONCE(map->vma->vm_start) - map->origin, from) - from;
	end = min(READ_ONCE(map->vma->vm_end) - map->origin, to) - from;
	end >>= PAGE_SHIFT;
	return find_next_bit(r->sealed_pages, end, first >> PAGE_SHIFT) < end;
}

int unified_memory_seal(struct unified_io_region *r)
{
	struct unified_map *map;

	if (r->flags & UNIFIED_IO_SETUP_USER_MEMORY)
		return -EOPNOTSUPP;
	guard(mutex)(&r->map_lock);
	list_for_each_entry(map, &r->maps, node)
		if (unified_map_in_way(r, map, r->offsets.rx, r->rx_size))
			return -EBUSY;
	WRITE_ONCE(r->sealed_whole, true);
	smp_store_release(&r->sealed, true); /* for unified_memory_sealed() */
	return 0;
}

int unified_memory_seal_part(struct unified_io_region *r, u64 offset, u64 len)
{
	u64 from = r->offsets.rx;
	struct unified_map *map;
	unsigned long i;

	if (r->flags & UNIFIED_IO_SETUP_USER_MEMORY)
		return -EOPNOTSUPP;
	if (!len || !PAGE_ALIGNED(offset) || !PAGE_ALIGNED(len))
		return -EINVAL;
	if (offset < from || offset - from > r->rx_size || len > r->rx_size - (offset - from))
		return -ERANGE;
	guard(mutex)(&r->map_lock);
	/* All of it is. */
	if (r->sealed_whole)
		return 0;
	list_for_each_entry(map, &r->maps, node)
		if (unified_map_in_way(r, map, offset, len))
			return -EBUSY;
	if (!r->sealed_pages)
		r->sealed_pages = bitmap_zalloc(r->rx_size >> PAGE_SHIFT, UNIFIED_GFP);
	if (!r->sealed_pages)
		return -ENOMEM;
	/* Once something is sealed, unified_memory_sealed() reads it at any time. */
	for (i = (offset - from) >> PAGE_SHIFT; len; len -= PAGE_SIZE)
		set_bit(i++, r->sealed_pages);
	smp_store_release(&r->sealed, true); /* for unified_memory_sealed() */
	return 0;
}

/*
 * Is any of these bytes of the data area sealed? The receive area is the first of it.
 * Who seals has nothing to say about operations that are under way.
 */
bool unified_memory_sealed(const struct unified_io_region *r, u64 addr, u32 len)
{
	u64 end = min(addr + len, r->rx_size);

	if (addr >= end || !smp_load_acquire(&r->sealed)) /* the next two are set */
		return false;
	if (READ_ONCE(r->sealed_whole))
		return true;
	end = DIV_ROUND_UP(end, PAGE_SIZE);
	/* Bits are set and never cleared, those that matter before sealed was. */
	return data_race(find_next_bit(r->sealed_pages, end, addr >> PAGE_SHIFT)) < end;
}

static struct unified_io_region *unified_vma_region(struct vm_area_struct *vma)
{
	return unified_file_region(vma->vm_file);
}

static void unified_map_init(struct unified_map *map, struct vm_area_struct *vma)
{
	map->vma = vma;
	map->origin = vma->vm_start - (vma->vm_pgoff << PAGE_SHIFT);
}

static void unified_map_add(struct unified_io_region *r, struct unified_map *map)
{
	lockdep_assert_held(&r->map_lock);
	map->vma->vm_private_data = map;
	list_add(&map->node, &r->maps);
}

/* A copy by fork, by a split or by mremap: it maps no more than its original. */
static void unified_vm_open(struct vm_area_struct *vma)
{
	struct unified_io_region *r = unified_vma_region(vma);
	struct unified_map *map = kmalloc_obj(*map, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);

	unified_map_init(map, vma);
	guard(mutex)(&r->map_lock);
	unified_map_add(r, map);
}

static void unified_vm_close(struct vm_area_struct *vma)
{
	struct unified_io_region *r = unified_vma_region(vma);
	struct unified_map *map = vma->vm_private_data;

	guard(mutex)(&r->map_lock);
	list_del(&map->node);
	kfree(map);
}

static vm_fault_t unified_vm_fault(struct vm_fault *vmf)
{
	struct unified_io_region *r = unified_vma_region(vmf->vma);

	if (vmf->pgoff >= r->nr_pages)
		return VM_FAULT_SIGBUS;
	vmf->page = r->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

/* Called where huge pages are allowed; anything odd is left to the above. */
static vm_fault_t unified_vm_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct unified_io_region *r = unified_vma_region(vmf->vma);
	unsigned long start = vmf->address & PMD_MASK, first;
	struct folio *folio;

	if (order != PMD_ORDER || start < vmf->vma->vm_start || start + PMD_SIZE > vmf->vma->vm_end)
		return VM_FAULT_FALLBACK;
	first = linear_page_index(vmf->vma, start);
	if (first >= r->nr_pages)
		return VM_FAULT_SIGBUS;
	folio = page_folio(r->pages[first]);
	if (folio_order(folio) != PMD_ORDER || folio_page(folio, 0) != r->pages[first])
		return VM_FAULT_FALLBACK;
	return vmf_insert_folio_pmd(vmf, folio, vmf->flags & FAULT_FLAG_WRITE);
}

static const struct vm_operations_struct unified_vm_ops = {
	.open = unified_vm_open,
	.close = unified_vm_close,
	.fault = unified_vm_fault,
	.huge_fault = unified_vm_huge_fault,
};

int unified_memory_mmap(struct unified_io_region *r, struct vm_area_struct *vma)
{
	struct unified_map *map;

	if (r->flags & UNIFIED_IO_SETUP_USER_MEMORY)
		return -EOPNOTSUPP;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_pgoff > r->nr_pages || vma_pages(vma) > r->nr_pages - vma->vm_pgoff)
		return -ERANGE;
	map = kmalloc_obj(*map, GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;

	unified_map_init(map, vma);
	guard(mutex)(&r->map_lock);
	if (r->sealed) {
		/* A reader of the receive area stays one: no mprotect later. */
		if (!(vma->vm_flags & VM_WRITE))
			vm_flags_clear(vma, VM_MAYWRITE);
		if (unified_map_breaks_seal(r, map)) {
			kfree(map);
			return -EPERM;
		}
	}
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &unified_vm_ops;
	unified_map_add(r, map);
	return 0;
}
