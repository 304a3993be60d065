// SPDX-License-Identifier: GPL-2.0
/*
 * To hold a policy and to have it attached, see policy_use.h.
 *
 * Policies are attached by name, and others load and unload them meanwhile. So the
 * reference is taken first. When the policy is attached and is still registered under
 * the id that it had before, it was there all the time, and it is the one that is held.
 * Otherwise all is undone and begun again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json.h"
#include "knobs.h"
#include "policy_use.h"
#include "unifiedctl.h"

/*
 * How often it is tried again while others load and unload it, and the microseconds
 * between two attempts. Not a time: to load a policy takes long on a busy machine.
 */
#define ATTEMPTS 500
#define PAUSE	 10000

/* --- to hold it ------------------------------------------------------------- */

/* A descriptor of a map that is registered without a link. -EAGAIN: its link is just gone. */
static int hold_map(uint32_t id)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id), ret = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_get_info_by_fd(fd, &info, &len))
		ret = -errno;
	else if (info.map_flags & BPF_F_LINK)
		ret = -EAGAIN;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* A descriptor that keeps it registered, or -EAGAIN: it went away meanwhile. Or -errno. */
static int hold(const struct policy *p)
{
	int fd = p->link_id ? bpf_link_get_fd_by_id(p->link_id) : hold_map(p->info.map_id);

	return fd == -ENOENT ? -EAGAIN : fd;
}

static int attach(int region, const char *name)
{
	struct unified_io_bpf bpf = {};

	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	if (!ioctl(region, UNIFIED_IO_ATTACH_BPF, &bpf) || errno == EEXIST)
		return 0;
	return errno == ENOENT ? -EAGAIN : -errno;
}

static void detach(int region, const char *name)
{
	struct unified_io_bpf bpf = {};

	snprintf(bpf.name, sizeof(bpf.name), "%s", name);
	ioctl(region, UNIFIED_IO_DETACH_BPF, &bpf);
}

static bool is_registered(int region, uint32_t id)
{
	struct unified_io_policy_info info;

	return !module_next_policy(region, id, &info) && info.id == id;
}

static int attach_held(int region, const struct policy *p)
{
	int ret = attach(region, p->info.name);

	if (ret || is_registered(region, p->info.id))
		return ret;
	/* What was attached is another one of that name. */
	detach(region, p->info.name);
	return -EAGAIN;
}

static bool is_used(const struct policy_uses *uses, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < uses->nr; i++)
		if (uses->of[i].id == id)
			return true;
	return false;
}

/* -ENOENT: none of that name is registered. -EAGAIN: it went away meanwhile. */
static int use_once(struct policy_uses *uses, int region, const char *name)
{
	struct policy p;
	int fd, ret;

	ret = policies_find(name, &p);
	if (ret <= 0)
		return ret ?: -ENOENT;
	if (is_used(uses, p.info.id))
		return 0;
	fd = hold(&p);
	if (fd < 0)
		return fd;
	ret = attach_held(region, &p);
	if (ret) {
		close(fd);
		return ret;
	}
	uses->of[uses->nr++] = p.info;
	return 0;
}

static bool may_try_again(unsigned int *left)
{
	if (!*left)
		return false;
	--*left;
	usleep(PAUSE);
	return true;
}

static int use(struct policy_uses *uses, int region, const char *name)
{
	unsigned int left = ATTEMPTS;
	int ret;

	do {
		ret = use_once(uses, region, name);
	} while (ret == -EAGAIN && may_try_again(&left));
	return ret;
}

static int use_status(int err, const char *name)
{
	switch (err) {
	case 0:
		return EXIT_OK;
	case -ENOENT:
		return policies_fail_unknown(name);
	case -ESTALE:
		return fail_because(err, "policy '%s' was ejected: unload it and load it again",
				    name);
	case -EAGAIN:
	case -EEXIST:
		return fail_because(
			err, "policy '%s' comes and goes: something loads and unloads it", name);
	case -EXDEV:
		return fail_because(
			err, "policy '%s' was loaded for another region, and is for no other",
			name);
	case -EPERM:
		return policies_fail(err);
	default:
		return fail(err, "cannot attach policy '%s'", name);
	}
}

int policy_use(struct policy_uses *uses, int region, const char *name)
{
	return use_status(use(uses, region, name), name);
}

/* An exit status, or -EEXIST: another has loaded it since it was looked for. */
static int load(struct policy_uses *uses, int region, const char *what, const char *knobs)
{
	char names[POLICIES_PER_FILE][UNIFIED_POLICY_NAME_LEN] = {};
	int n = 0, ret, i;

	ret = policy_hold(what, knobs, names, &n);
	for (i = 0; i < n && !ret; i++)
		ret = policy_use(uses, region, names[i]);
	return ret;
}

static int use_or_load(struct policy_uses *uses, int region, const char *what)
{
	unsigned int left = ATTEMPTS;
	int ret;

	do {
		ret = use(uses, region, what);
		if (ret != -ENOENT)
			return use_status(ret, what);
		ret = load(uses, region, what, NULL);
	} while (ret == -EEXIST && may_try_again(&left));
	return ret < 0 ? use_status(ret, what) : ret;
}

/* One that others have is not changed for them. */
static int load_with(struct policy_uses *uses, int region, const char *what, const char *knobs)
{
	struct policy p;
	int ret = policies_find(what, &p);

	if (ret < 0)
		return policies_fail(ret);
	ret = ret ? -EEXIST : load(uses, region, what, knobs);
	if (ret != -EEXIST)
		return ret;
	return fail_because(-EEXIST,
			    "policy '%s' is loaded already, and others may have it: its knobs "
			    "are set by: unifiedctl policy set %s KNOB=VALUE",
			    what, what);
}

int policy_use_or_load(struct policy_uses *uses, int region, const char *what)
{
	const char *knobs;
	char *name = knobs_split(what, &knobs);
	int ret;

	if (!name)
		return fail(-ENOMEM, "cannot load '%s'", what);
	ret = knobs ? load_with(uses, region, name, knobs) : use_or_load(uses, region, name);
	free(name);
	return ret;
}

int policy_use_all(struct policy_uses *uses, int region, const char *const *names, unsigned int nr,
		   int (*use_one)(struct policy_uses *uses, int region, const char *name))
{
	unsigned int i;
	int ret = EXIT_OK;

	for (i = 0; i < nr && !ret; i++)
		ret = use_one(uses, region, names[i]);
	return ret;
}

/* --- was it ejected? -------------------------------------------------------- */

/* It may be unloaded by now; then what is known of it stays. */
static bool look_at(struct unified_io_policy_info *known, int region,
		    void (*noticed)(const struct unified_io_policy_info *info))
{
	struct unified_io_policy_info now;

	if (known->ejected || module_next_policy(region, known->id, &now) || now.id != known->id)
		return false;
	*known = now;
	if (now.ejected && noticed)
		noticed(known);
	return !now.ejected && now.errors >= UNIFIED_POLICY_MAX_ERRORS;
}

bool policy_uses_look(struct policy_uses *uses, int region,
		      void (*noticed)(const struct unified_io_policy_info *info))
{
	bool to_come = false;
	unsigned int i;

	for (i = 0; i < uses->nr; i++)
		to_come |= look_at(&uses->of[i], region, noticed);
	return to_come;
}

void policy_uses_look_last(struct policy_uses *uses, int region,
			   void (*noticed)(const struct unified_io_policy_info *info))
{
	unsigned int left = ATTEMPTS;

	while (policy_uses_look(uses, region, noticed) && may_try_again(&left))
		;
}

void policy_uses_tell(const struct policy_uses *uses, FILE *to)
{
	unsigned int i;

	for (i = 0; i < uses->nr; i++)
		if (uses->of[i].ejected)
			policies_tell_ejected(to, &uses->of[i]);
}

void policy_uses_json(const struct policy_uses *uses)
{
	unsigned int i;

	json_array("ejected");
	for (i = 0; i < uses->nr; i++)
		if (uses->of[i].ejected)
			policies_json_ejected(&uses->of[i]);
	json_end();
}
