// SPDX-License-Identifier: GPL-2.0
/*
 * What an NVMe controller says: the status codes that reads, writes and the
 * like can end with, from the NVMe base and NVM command set specifications.
 */
#include <stddef.h>

#include "nvme.h"

/* Status code type and status code; what is above is for retrying. */
#define STATUS_CODE 0x7ff

static const struct {
	uint16_t code;
	const char *words;
} statuses[] = {
	{ 0x001, "invalid command opcode" },
	{ 0x002, "invalid field in command" },
	{ 0x004, "data transfer error" },
	{ 0x005, "aborted due to power loss" },
	{ 0x006, "internal device error" },
	{ 0x007, "aborted on request" },
	{ 0x008, "aborted, as its queue was deleted" },
	{ 0x00b, "invalid namespace or format" },
	{ 0x00c, "command sequence error" },
	{ 0x00d, "invalid SGL segment descriptor" },
	{ 0x00e, "invalid number of SGL descriptors" },
	{ 0x00f, "invalid length of the SGL" },
	{ 0x011, "invalid type of SGL descriptor" },
	{ 0x012, "invalid use of the controller's memory buffer" },
	{ 0x013, "invalid PRP offset" },
	{ 0x014, "atomic write unit exceeded" },
	{ 0x015, "operation denied" },
	{ 0x016, "invalid SGL offset" },
	{ 0x01c, "sanitize failed" },
	{ 0x01d, "sanitize in progress" },
	{ 0x01e, "invalid granularity of an SGL data block" },
	{ 0x020, "namespace is write protected" },
	{ 0x021, "command interrupted" },
	{ 0x022, "transient transport error" },
	{ 0x080, "LBA out of range" },
	{ 0x081, "capacity exceeded" },
	{ 0x082, "namespace not ready" },
	{ 0x083, "reservation conflict" },
	{ 0x084, "format in progress" },
	{ 0x180, "conflicting attributes" },
	{ 0x181, "invalid protection information" },
	{ 0x182, "write to a read-only range" },
	{ 0x183, "command size limit exceeded" },
	{ 0x1b8, "zone boundary error" },
	{ 0x1b9, "zone is full" },
	{ 0x1ba, "zone is read-only" },
	{ 0x1bb, "zone is offline" },
	{ 0x1bc, "write is not at the zone's write pointer" },
	{ 0x1bd, "too many active zones" },
	{ 0x1be, "too many open zones" },
	{ 0x280, "write fault" },
	{ 0x281, "unrecovered read error" },
	{ 0x282, "guard check failed" },
	{ 0x283, "application tag check failed" },
	{ 0x284, "reference tag check failed" },
	{ 0x285, "compare failure" },
	{ 0x286, "access denied" },
	{ 0x287, "deallocated or unwritten block" },
	{ 0x300, "internal path error" },
	{ 0x301, "path: persistent loss of access" },
	{ 0x302, "path is inaccessible" },
	{ 0x303, "path is in transition" },
	{ 0x360, "path error, seen by the controller" },
	{ 0x370, "path error, seen by the host" },
	{ 0x371, "aborted by the host" },
};

const char *nvme_status_words(uint32_t status)
{
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (statuses[i].code == (status & STATUS_CODE))
			return statuses[i].words;
	return NULL;
}
