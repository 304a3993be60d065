// SPDX-License-Identifier: GPL-2.0
/*
 * Module load and unload: the order in which the parts come up. Each part's
 * own file says what it is and what protects it.
 */
#include <linux/module.h>

#include "compat.h"
#include "op.h"
#include "policy.h"
#include "region.h"
#include "work.h"

struct workqueue_struct *unified_wq;

static int __init unified_init(void)
{
	int ret;

#ifdef UNIFIED_KERNEL_UNTESTED
	pr_notice("unified_io_region: built for a kernel newer than " UNIFIED_KERNEL_MAX
		  ", the last that it was tested on\n");
#endif
	ret = unified_kfuncs_register();
	if (ret)
		return ret;

	ret = unified_ops_init();
	if (ret)
		return ret;

	/* Memory is written back through it: it must go on when there is none. */
	unified_wq = alloc_workqueue("unified_io_region", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!unified_wq) {
		ret = -ENOMEM;
		goto ops;
	}

	/*
	 * BPF lets nobody use a module's types before the module is up, and drops them
	 * with its BTF if it does not come up. The device can be opened at once.
	 */
	ret = unified_policy_register_type();
	if (ret)
		goto wq;

	ret = unified_chardev_register();
	if (ret)
		goto wq;
	return 0;

wq:
	destroy_workqueue(unified_wq);
ops:
	unified_ops_exit();
	return ret;
}

static void __exit unified_exit(void)
{
	unified_chardev_unregister();
	/* No region is left and no policy loaded: what is left is on its way out. */
	destroy_workqueue(unified_wq);
	/* Regions and targets go by RCU. */
	rcu_barrier();
	unified_ops_exit();
}

module_init(unified_init);
module_exit(unified_exit);

MODULE_DESCRIPTION("One memory region for NIC, NVMe, io_uring and the application, steered by BPF");
MODULE_AUTHOR("Unified I/O region maintainers");
MODULE_VERSION(UNIFIED_VERSION);
MODULE_LICENSE("GPL");
