// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/unified_io_region: parses ioctls and replies. No state of its own.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "unified.h"

/*
 * Copy out what this caller knows of a reply: its ioctl number carries the
 * size it was built with. What a newer caller expects beyond our structure is
 * zero.
 */
static int unified_reply(unsigned int cmd, void __user *arg, const void *reply, size_t len)
{
	size_t want = _IOC_SIZE(cmd);

	if (copy_to_user(arg, reply, min(want, len)))
		return -EFAULT;
	if (want > len && clear_user(arg + len, want - len))
		return -EFAULT;
	return 0;
}

static int unified_get_info(unsigned int cmd, void __user *arg)
{
	struct unified_io_info info = {
		.version = UNIFIED_VERSION_CODE,
		.policies = unified_policy_count(),
		.features = UNIFIED_IO_FEAT_POLICY,
	};

	return unified_reply(cmd, arg, &info, sizeof(info));
}

static long unified_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (_IOC_TYPE(cmd) != UNIFIED_IO_MAGIC)
		return -ENOTTY;

	/* The size may differ between caller and module; all else must match. */
	switch (cmd & ~(_IOC_SIZEMASK << _IOC_SIZESHIFT)) {
	case UNIFIED_IO_GET_INFO & ~(_IOC_SIZEMASK << _IOC_SIZESHIFT):
		return unified_get_info(cmd, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations unified_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = unified_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice unified_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "unified_io_region",
	.fops = &unified_fops,
};

int unified_chardev_register(void)
{
	return misc_register(&unified_misc);
}

void unified_chardev_unregister(void)
{
	misc_deregister(&unified_misc);
}
