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

	/* Without BTF there are no kfuncs and no policies, silently. */
	if (!THIS_MODULE->btf_data_size) {
		pr_err("unified_io_region: built without BTF, see docs/testing.md\n");
		return -ENOEXEC;
	}
	ret = unified_kfuncs_register();
	if (ret)
		return ret;

	ret = unified_region_init();
	if (ret)
		return ret;

	ret = unified_chardev_register();
	if (ret)
		goto region;

	/* Last: once registered, a struct_ops type cannot be taken back. */
	ret = unified_policy_register_type();
	if (ret)
		goto chardev;
	return 0;

chardev:
	unified_chardev_unregister();
region:
	unified_region_exit();
	return ret;
}

static void __exit unified_exit(void)
{
	unified_chardev_unregister();
	unified_region_exit();
}

module_init(unified_init);
module_exit(unified_exit);

MODULE_DESCRIPTION("One memory region for NIC, NVMe, io_uring and the application, steered by BPF");
MODULE_AUTHOR("Unified I/O region maintainers");
MODULE_VERSION(UNIFIED_VERSION);
MODULE_LICENSE("GPL");
