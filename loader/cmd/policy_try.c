// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl policy try: run data through one policy's process hook, in a
 * region of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files.h"
#include "json.h"
#include "policies.h"
#include "policy.h"
#include "policy_use.h"
#include "region.h"
#include "unifiedctl.h"

/* A descriptor's length has 32 bits. */
#define MAX_DATA (UINT32_MAX - 4095UL)

/* --- the data -------------------------------------------------------------- */

struct data {
	char *bytes;
	size_t len;
};

static int read_data(const char *file, struct data *d)
{
	int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, ret;

	if (fd < 0)
		return fail(-errno, "cannot open '%s'", file);
	ret = file_data(fd, MAX_DATA, &d->bytes, &d->len);
	if (file)
		close(fd);
	return ret ? fail(ret, "cannot read %s", file ?: "the standard input") : EXIT_OK;
}

/* --- the region ------------------------------------------------------------ */

static int process(int fd, size_t len)
{
	struct unified_io_submit s = { .desc = { .type = UNIFIED_REGION_F_BPF, .len = len } };

	return ioctl(fd, UNIFIED_IO_SUBMIT, &s) ? -errno : 0;
}

/* --- what became of it ----------------------------------------------------- */

/* Of a policy that returned neither 0 nor -errno, the kernel goes on without. */
static bool was_wrong(const struct policy *before)
{
	struct policy now;

	return policies_find(before->info.name, &now) == 1 && now.info.errors > before->info.errors;
}

static int report(const struct policy *p, int result, const char *area, size_t len)
{
	bool wrong = !result && was_wrong(p);

	if (json_output) {
		json_object(NULL);
		json_str("policy", p->info.name);
		json_u64("bytes", len);
		json_str("result", wrong ? "no verdict" : result ? strerror(-result) : "ok");
		if (result)
			json_s64("errno", -result);
		json_end();
		return result || wrong ? EXIT_FAILED : EXIT_OK;
	}
	if (wrong)
		return fail(0,
			    "'%s' returned what is no verdict: 0 and -errno are. "
			    "See: unifiedctl policy show %s",
			    p->info.name, p->info.name);
	if (result)
		return fail(result, "'%s' refused the data", p->info.name);
	fwrite(area, 1, len, stdout);
	return EXIT_OK;
}

static int try_data(const struct policy *p, const struct data *d)
{
	size_t size = (d->len + 4095) & ~4095UL;
	struct region r = { .setup = {
				    .region_size = UNIFIED_IO_DATA_ALIGN + size,
				    .sq_entries = 1,
				    .cq_entries = 1,
				    .rx_size = size,
				    .nvme_fd = -1,
				    .uring_fd = -1,
			    } };
	struct policy_uses uses = {};
	char *area;
	int ret;

	ret = region_open(&r, "take less data");
	if (ret)
		return ret;
	area = r.map + r.setup.offsets.data;
	if (d->len)
		memcpy(area, d->bytes, d->len);
	ret = policy_use(&uses, r.fd, p->info.name);
	if (!ret)
		ret = report(p, process(r.fd, d->len), area, d->len);
	region_close(&r);
	return ret;
}

int policy_try(void *values)
{
	const struct policy_options *opt = values;
	struct data d = {};
	struct policy p;
	int ret;

	ret = policies_get(opt->name, &p);
	if (!ret)
		ret = read_data(opt->file, &d);
	if (!ret)
		ret = try_data(&p, &d);
	free(d.bytes);
	return ret;
}
