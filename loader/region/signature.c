// SPDX-License-Identifier: GPL-2.0
/*
 * What is on a device, see signature.h.
 *
 * libblkid is asked for one signature after the other, as wipefs(8) does, so that each
 * of several is named; also those whose checksums are wrong, which may be repaired.
 */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "signature.h"

static const char *value(blkid_probe probe, const char *name)
{
	const char *text;

	return blkid_probe_lookup_value(probe, name, &text, NULL) ? NULL : text;
}

/* In a kind of use of libblkid's, with an article where there is one. */
static void name_type(const char *type, const char *usage, char *text, size_t size)
{
	static const struct {
		const char *type, *text;
	} known[] = {
		{ "crypto_LUKS", "an encrypted volume of LUKS" },
		{ "LVM2_member", "a physical volume of LVM" },
		{ "linux_raid_member", "a member of an md RAID" },
		{ "swap", "swap space" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(type, known[i].type)) {
			snprintf(text, size, "%s", known[i].text);
			return;
		}
	if (!strcmp(usage, "filesystem"))
		snprintf(text, size, "%s %s filesystem", strchr("aeiox", *type) ? "an" : "a", type);
	else if (!strcmp(usage, "raid"))
		snprintf(text, size, "a member of a RAID or volume (%s)", type);
	else if (!strcmp(usage, "crypto"))
		snprintf(text, size, "an encrypted volume (%s)", type);
	else
		snprintf(text, size, "a signature of %s", type);
}

/* Whoever made the label may have meant it for a terminal: no control characters. */
static void make_printable(char *text)
{
	unsigned char *c = (unsigned char *)text;

	for (; *c; c++)
		if (*c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
			*c = '?';
}

/* The signature that was found last. false: of something else. */
static bool describe(blkid_probe probe, char *text, size_t size)
{
	const char *type = value(probe, "TYPE"), *label = value(probe, "LABEL");
	const char *uuid = value(probe, "UUID");
	size_t len;

	if (type) {
		name_type(type, value(probe, "USAGE") ?: "", text, size);
	} else {
		type = value(probe, "PTTYPE");
		label = NULL;
		uuid = value(probe, "PTUUID");
		if (!type)
			return false;
		snprintf(text, size, "a %s partition table", type);
	}
	len = strlen(text);
	if (label)
		snprintf(text + len, size - len, " (label \"%s\")", label);
	else if (uuid)
		snprintf(text + len, size - len, " (UUID %s)", uuid);
	make_printable(text);
	return true;
}

/* All that libblkid finds. How many; -errno: the device could not be read up to its end. */
static int find_all(int fd, char *text, size_t size)
{
	blkid_probe probe = blkid_new_probe();
	int nr = 0, ret = -ENOMEM;
	size_t len = 0;
	char one[256];

	if (probe)
		ret = blkid_probe_set_device(probe, fd, 0, 0);
	if (!ret) {
		blkid_probe_enable_superblocks(probe, 1);
		blkid_probe_set_superblocks_flags(
			probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_LABEL |
				       BLKID_SUBLKS_UUID | BLKID_SUBLKS_MAGIC |
				       BLKID_SUBLKS_BADCSUM);
		blkid_probe_enable_partitions(probe, 1);
		blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
		while (!(ret = blkid_do_probe(probe)))
			if (describe(probe, one, sizeof(one)) && len < size)
				len += snprintf(text + len, size - len, "%s%s", nr++ ? " and " : "",
						one);
	}
	blkid_free_probe(probe);
	if (nr || ret > 0)
		return nr;
	/* libblkid knows no other number for many an error. */
	return ret < -1 ? ret : -EIO;
}

/* The kernel knows kinds of tables that libblkid does not. */
static bool has_partitions(const char *name)
{
	char pattern[320];
	glob_t found;
	int ret;

	snprintf(pattern, sizeof(pattern), "/sys/class/block/%s/*/partition", name);
	ret = glob(pattern, 0, NULL, &found);
	if (!ret)
		globfree(&found);
	return !ret;
}

int signature_find(const char *node, const char *name, char *text, size_t size)
{
	int fd = open(node, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	/* NVMe commands go past the cache of the block device: nothing old is read, nor left. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	ret = find_all(fd, text, size);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	if (!ret && has_partitions(name)) {
		snprintf(text, size, "partitions");
		return 1;
	}
	return ret > 0 ? 1 : ret;
}
