// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/unified_io_region: parses ioctls and replies. No state of its own: an
 * open file has a region from SETUP on, in private_data, see region.c.
 */
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "policy.h"
#include "queue.h"
#include "region.h"
#include "target.h"

/* What user space was built with. */
static_assert(sizeof(struct unified_descriptor) == 64);
static_assert(sizeof(struct unified_completion) == 32);
static_assert(sizeof(struct unified_slot) == 16);
static_assert(sizeof(struct unified_io_setup) == 176);
static_assert(sizeof(struct unified_fragment) == 16);
static_assert(sizeof(struct unified_io_submit) == 80);
static_assert(sizeof(struct unified_io_complete) == 304);
static_assert(sizeof(struct unified_io_target) == 112);
static_assert(sizeof(struct unified_io_ledger) == 152);
static_assert(sizeof(struct unified_io_info) == 320);
static_assert(sizeof(struct unified_io_bpf) == 64);
static_assert(sizeof(struct unified_io_policy_info) == 192);

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

/* Take a request; a newer caller's members that we do not know must be 0. */
static int unified_request(unsigned int cmd, const void __user *arg, void *request, size_t len)
{
	return copy_struct_from_user(request, len, arg, _IOC_SIZE(cmd));
}

static int unified_ioctl_setup(struct file *file, unsigned int cmd, void __user *arg)
{
	struct unified_io_setup setup;
	int ret;

	ret = unified_request(cmd, arg, &setup, sizeof(setup));
	if (ret)
		return ret;
	ret = unified_region_setup(file, &setup);
	/*
	 * The region is there if the reply cannot be written; GET_INFO has all of
	 * it, too.
	 */
	return ret ?: unified_reply(cmd, arg, &setup, sizeof(setup));
}

static int unified_ioctl_get_info(struct file *file, unsigned int cmd, void __user *arg)
{
	struct unified_io_region *region = unified_file_region(file);
	struct unified_io_info info = {
		.version = UNIFIED_VERSION_CODE,
		.policies = unified_policy_count(),
		.features = UNIFIED_IO_FEAT_POLICY | UNIFIED_IO_FEAT_REGION |
			    UNIFIED_IO_FEAT_PROCESS | UNIFIED_IO_FEAT_STORAGE |
			    UNIFIED_IO_FEAT_URING | UNIFIED_IO_FEAT_NO_COPY,
	};

	if (region)
		unified_region_info(region, &info.region);
	return unified_reply(cmd, arg, &info, sizeof(info));
}

static int unified_ioctl_get_region(unsigned int cmd, void __user *arg)
{
	struct unified_io_region_info info;
	int ret;

	ret = unified_request(cmd, arg, &info, sizeof(info));
	if (!ret)
		ret = unified_region_info_from(info.id, &info);
	return ret ?: unified_reply(cmd, arg, &info, sizeof(info));
}

static int unified_ioctl_seal(struct file *file, int (*seal)(struct unified_io_region *))
{
	struct unified_io_region *region = unified_file_region(file);

	return region ? seal(region) : -ENXIO;
}

static int unified_ioctl_seal_part(struct file *file, u32 cmd, void __user *uarg)
{
	struct unified_io_region *region = unified_file_region(file);
	struct unified_io_seal seal = {};
	int ret;

	if (!region)
		return -ENXIO;
	ret = copy_struct_from_user(&seal, sizeof(seal), uarg, _IOC_SIZE(cmd));
	if (ret)
		return ret;
	if (memchr_inv(seal.resv, 0, sizeof(seal.resv)))
		return -EINVAL;
	return unified_memory_seal_part(region, seal.offset, seal.len);
}

/* The region that a request is for: the file's own, or one that is named. */
static struct unified_io_region *unified_named_region(struct file *file, u32 id)
{
	struct unified_io_region *r;

	if (id && !capable(CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	if (id)
		return unified_region_get(id) ?: ERR_PTR(-ENOENT);
	r = unified_file_region(file);
	if (!r)
		return ERR_PTR(-ENXIO);
	kref_get(&r->ref);
	return r;
}

static int unified_ioctl_bpf(struct file *file, unsigned int cmd, void __user *arg,
			     int (*act)(struct unified_io_region *, const struct unified_io_bpf *))
{
	struct unified_io_region *r;
	struct unified_io_bpf bpf;
	int ret;

	ret = unified_request(cmd, arg, &bpf, sizeof(bpf));
	if (ret)
		return ret;
	if (bpf.flags & ~UNIFIED_IO_BPF_ENFORCE || memchr_inv(bpf.resv, 0, sizeof(bpf.resv)) ||
	    strnlen(bpf.name, sizeof(bpf.name)) == sizeof(bpf.name))
		return -EINVAL;
	r = unified_named_region(file, bpf.region);
	if (IS_ERR(r))
		return PTR_ERR(r);
	ret = act(r, &bpf);
	unified_region_put(r);
	return ret;
}

static int unified_ioctl_target(struct file *file, unsigned int cmd, void __user *arg,
				int (*act)(struct unified_io_region *, struct unified_io_target *))
{
	struct unified_io_target target;
	struct unified_io_region *r;
	int ret;

	ret = unified_request(cmd, arg, &target, sizeof(target));
	if (ret)
		return ret;
	r = unified_named_region(file, target.region);
	if (IS_ERR(r))
		return PTR_ERR(r);
	ret = act(r, &target);
	unified_region_put(r);
	return ret ?: unified_reply(cmd, arg, &target, sizeof(target));
}

static int unified_ioctl_get_policy(unsigned int cmd, void __user *arg)
{
	struct unified_io_policy_info info;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = unified_request(cmd, arg, &info, sizeof(info));
	if (!ret)
		ret = unified_policy_info_from(info.id, &info);
	return ret ?: unified_reply(cmd, arg, &info, sizeof(info));
}

/* As many requests as the block layer allocates at once. */
#define UNIFIED_BATCH 32

/* Submit @n of an array. Returns how many were, and in @error why not all. */
static u32 unified_submit_batch(struct unified_io_region *r,
				const struct unified_descriptor __user *from, u32 n, int *error)
{
	struct unified_descriptor desc;
	struct blk_plug plug;
	u32 i;

	blk_start_plug(&plug);
	/* Those that are not needed go with the plug, or when this sleeps. */
	plug.nr_ios = n;
	for (i = 0; i < n && !fatal_signal_pending(current); i++) {
		*error = copy_from_user(&desc, from + i, sizeof(desc)) ? -EFAULT : 0;
		if (!*error)
			*error = unified_queue_submit(r, &desc);
		if (*error)
			break;
	}
	blk_finish_plug(&plug);
	return i;
}

/* How many of an array were submitted, or what is wrong with the first. */
static long unified_submit_array(struct unified_io_region *r,
				 const struct unified_io_submit *submit)
{
	const struct unified_descriptor __user *from = u64_to_user_ptr(submit->addr);
	int error = 0;
	u32 i = 0;

	while (i < submit->count && !error && !fatal_signal_pending(current))
		i += unified_submit_batch(r, from + i, min_t(u32, submit->count - i, UNIFIED_BATCH),
					  &error);
	return i ?: error;
}

static long unified_ioctl_submit(struct file *file, unsigned int cmd, void __user *arg)
{
	struct unified_io_region *region = unified_file_region(file);
	struct unified_io_submit submit;
	int ret;

	ret = unified_request(cmd, arg, &submit, sizeof(submit));
	if (ret)
		return ret;
	if (submit.flags || submit.count > UNIFIED_IO_MAX_RING || (submit.addr && !submit.count))
		return -EINVAL;
	if (!region)
		return -ENXIO;
	return submit.count ? unified_submit_array(region, &submit)
			    : unified_queue_submit(region, &submit.desc);
}

static int unified_ioctl_complete(struct file *file, unsigned int cmd, void __user *arg)
{
	struct unified_io_region *region = unified_file_region(file);
	struct unified_io_complete complete;
	int ret;

	ret = unified_request(cmd, arg, &complete, sizeof(complete));
	if (ret)
		return ret;
	if (!region)
		return -ENXIO;
	ret = unified_queue_reap(region, &complete);
	if (ret)
		return ret;
	ret = unified_reply(cmd, arg, &complete, sizeof(complete));
	/* What the caller is not told of is not taken. */
	unified_queue_taken(region, ret ? 0 : complete.count);
	return ret;
}

/* The size may differ between caller and module; all else must match. */
#define UNIFIED_IOCTL_KEY(cmd) ((cmd) & ~(_IOC_SIZEMASK << _IOC_SIZESHIFT))

static long unified_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (UNIFIED_IOCTL_KEY(cmd)) {
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_SETUP):
		return unified_ioctl_setup(file, cmd, uarg);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_GET_INFO):
		return unified_ioctl_get_info(file, cmd, uarg);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_GET_REGION):
		return unified_ioctl_get_region(cmd, uarg);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_ATTACH_BPF):
		return unified_ioctl_bpf(file, cmd, uarg, unified_policy_attach);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_DETACH_BPF):
		return unified_ioctl_bpf(file, cmd, uarg, unified_policy_detach);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_SUBMIT):
		return unified_ioctl_submit(file, cmd, uarg);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_COMPLETE):
		return unified_ioctl_complete(file, cmd, uarg);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_ADD_TARGET):
		return unified_ioctl_target(file, cmd, uarg, unified_target_add);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_REMOVE_TARGET):
		return unified_ioctl_target(file, cmd, uarg, unified_target_remove);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_GET_TARGET):
		return unified_ioctl_target(file, cmd, uarg, unified_target_info_from);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_GET_POLICY):
		return unified_ioctl_get_policy(cmd, uarg);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_SEAL):
		return unified_ioctl_seal(file, unified_memory_seal);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_SEAL_TARGETS):
		return unified_ioctl_seal(file, unified_targets_seal);
	case UNIFIED_IOCTL_KEY(UNIFIED_IO_SEAL_PART):
		return unified_ioctl_seal_part(file, cmd, uarg);
	default:
		return -ENOTTY;
	}
}

static int unified_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct unified_io_region *region = unified_file_region(file);

	return region ? unified_memory_mmap(region, vma) : -ENXIO;
}

static int unified_open(struct inode *inode, struct file *file)
{
	/* misc_open() left its own pointer there. */
	file->private_data = NULL;
	return 0;
}

static int unified_release(struct inode *inode, struct file *file)
{
	unified_region_close(file);
	return 0;
}

static const struct file_operations unified_fops = {
	.owner = THIS_MODULE,
	.open = unified_open,
	.release = unified_release,
	.mmap = unified_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.unlocked_ioctl = unified_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = unified_uring_cmd,
	.uring_cmd_iopoll = unified_uring_poll,
};

static struct miscdevice unified_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "unified_io_region",
	.fops = &unified_fops,
};

/* Is it that of a struct device? Their type is private; our own device has it. */
bool unified_is_device(const struct kobject *kobj)
{
	return kobj->ktype == unified_misc.this_device->kobj.ktype;
}

int unified_chardev_register(void)
{
	return misc_register(&unified_misc);
}

void unified_chardev_unregister(void)
{
	misc_deregister(&unified_misc);
}
