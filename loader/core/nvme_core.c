// SPDX-License-Identifier: GPL-2.0
/*
 * The NVMe driver and the module's idea of it, by the ELF notes that both have in
 * /sys/module. The module compares the same when a drive is attached.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "nvme_core.h"
#include "unifiedctl.h"

#define BUILD_ID_SIZE 20

/* The build ID that a note has. */
static int read_note(const char *path, uint8_t *id)
{
	FILE *f = fopen(path, "r");
	char name[64];
	Elf32_Nhdr head;
	int ret = -1;

	if (!f)
		return -1;
	if (fread(&head, sizeof(head), 1, f) == 1 && head.n_namesz <= sizeof(name) &&
	    head.n_descsz >= BUILD_ID_SIZE && fread(name, (head.n_namesz + 3) & ~3U, 1, f) == 1 &&
	    fread(id, BUILD_ID_SIZE, 1, f) == 1)
		ret = 0;
	fclose(f);
	return ret;
}

enum nvme_core nvme_core_compare(void)
{
	uint8_t running[BUILD_ID_SIZE], wanted[BUILD_ID_SIZE];

	if (read_note("/sys/module/nvme_core/notes/.note.gnu.build-id", running))
		return NVME_CORE_ABSENT;
	if (read_note("/sys/module/" MODULE_NAME "/notes/.note.unified.nvme-core", wanted) ||
	    memcmp(running, wanted, sizeof(running)))
		return NVME_CORE_OTHER;
	return NVME_CORE_SAME;
}
