// SPDX-License-Identifier: GPL-2.0
/*
 * Module load and unload: the order in which the parts come up. Each part's
 * own file says what it is and what protects it.
 */
#include <linux/module.h>

#include "unified.h"

static int __init unified_init(void)
{
	int ret;

	ret = unified_kfuncs_register();
	if (ret)
		return ret;

	ret = unified_chardev_register();
	if (ret)
		return ret;

	/* Last: once registered, a struct_ops type cannot be taken back. */
	ret = unified_policy_register_type();
	if (ret)
		unified_chardev_unregister();
	return ret;
}

static void __exit unified_exit(void)
{
	unified_chardev_unregister();
}

module_init(unified_init);
module_exit(unified_exit);

MODULE_DESCRIPTION("One memory region for NIC, NVMe, io_uring and the application, steered by BPF");
MODULE_AUTHOR("Unified I/O region maintainers");
MODULE_VERSION(UNIFIED_VERSION);
MODULE_LICENSE("GPL");
