// SPDX-License-Identifier: GPL-2.0
/*
 * What a pipeline needs of the kernel it runs on, beyond what its calls
 * say themselves, see pipeline.h. Asked before anything is changed.
 */
#include "pipeline.h"
#include "private_fields.h"
#include "unifiedctl.h"

/* Can it be told whether a byte was copied? What is there may still hold nothing. */
static int check_fields(uint32_t there)
{
	char names[256];

	if (!private_fields_missing(there, names, sizeof(names)))
		return EXIT_OK;
	fail(0,
	     "this kernel does not show whether a byte was copied, which --require-zero-copy must "
	     "know: it has no %s. Without the option such bytes are counted, as bytes_unseen",
	     names);
	return EXIT_COPIED;
}

/* See compat_zcrx_many_areas(). */
#define AREA_OF_32_BITS (4ULL << 30)

static int check_area(const struct pipeline *p, uint32_t there)
{
	if (!p->opt.nic || p->opt.area <= AREA_OF_32_BITS ||
	    private_field_is(there, PRIVATE_MANY_AREAS))
		return EXIT_OK;
	return fail(0, "this kernel miscounts in a receive area of more than 4 GiB: take a "
		       "smaller --area, more queues, or a newer kernel");
}

/* Bytes that the module copies for a device are copied, too: can it be told not to? */
static int check_module(void)
{
	struct unified_io_info info = {};
	int ret = module_info(&info);

	if (ret)
		return module_fail(ret);
	if (info.features & UNIFIED_IO_FEAT_NO_COPY)
		return EXIT_OK;
	fail(0, "this module does not tell of a byte before it copies it for a device, which "
		"--require-zero-copy must know: it is older than unifiedctl. Without the option "
		"such bytes are counted, as bytes_copied.device");
	return EXIT_COPIED;
}

int pipeline_check_kernel(const struct pipeline *p)
{
	uint32_t there;
	int ret;

	if (!p->opt.require_zero_copy && p->opt.area <= AREA_OF_32_BITS)
		return EXIT_OK;
	ret = private_fields_ask(&there);
	if (ret)
		return fail(ret, "cannot ask the kernel for its structures");
	ret = check_area(p, there);
	if (ret || !p->opt.require_zero_copy)
		return ret;
	return check_fields(there) ?: check_module();
}

/* When the loops have looked for their buffers: has each found them? */
int pipeline_check_loops(const struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues && p->opt.require_zero_copy; i++) {
		if (!pipeline_queue_stats(&p->queue[i])->hidden)
			continue;
		fail(0,
		     "this kernel does not show whether a byte was copied, which "
		     "--require-zero-copy must know: the buffers of queue %u are not where %s and "
		     "what follows it point to. Without the option such bytes are counted, as "
		     "bytes_unseen",
		     p->opt.queues[i], private_field_list[PRIVATE_ZCRX_CTXS].name);
		return EXIT_COPIED;
	}
	return EXIT_OK;
}
