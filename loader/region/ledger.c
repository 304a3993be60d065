// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger of a region, see ledger.h.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "json.h"
#include "ledger.h"

#define LINE(member, help)                                                                         \
	{                                                                                          \
		#member,                                                                           \
		offsetof(struct unified_io_ledger, member),                                        \
		help,                                                                              \
	}

static const struct {
	const char *name;
	size_t offset;
	const char *help;
} lines[] = {
	LINE(operations, "operations that were submitted"),
	LINE(refused, "of them, refused by a check or a policy"),
	LINE(reads, "reads done"),
	LINE(writes, "writes done"),
	LINE(others, "flushes, zeroes, discards and compares done"),
	LINE(failed, "of all that were done, with an error"),
	LINE(retries, "issued once more, as a policy asked"),
	LINE(waits, "that waited for a request of the device, or for memory"),
	LINE(dropped, "completions that a policy kept"),
	LINE(commands, "commands to devices"),
	LINE(gathered, "of them, from several pieces of memory"),
	LINE(bytes_read, "bytes from devices, by DMA"),
	LINE(bytes_written, "bytes to devices, by DMA"),
	LINE(bytes_bounced, "bytes copied for a device that cannot take them as they are"),
	LINE(bytes_processed, "bytes that policies worked on in place"),
	LINE(bytes_copied, "bytes that policies copied"),
	LINE(buffers_exhausted, "times that a buffer was wanted and none free"),
	LINE(buffers_stale, "buffers that came back although they were not held"),
	LINE(allocations, "allocations of memory for operations"),
};

static uint64_t value(const struct unified_io_ledger *ledger, size_t i)
{
	return *(const __u64 *)((const char *)ledger + lines[i].offset);
}

void ledger_json(const char *key, const struct unified_io_ledger *ledger)
{
	size_t i;

	json_object(key);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		json_u64(lines[i].name, value(ledger, i));
	json_end();
}

void ledger_print(const struct unified_io_ledger *ledger)
{
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		printf("  %-18s %16" PRIu64 "  %s\n", lines[i].name, value(ledger, i),
		       lines[i].help);
}
