/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels, and what is looked at in structures that the kernel
 * keeps for itself. Which of it a kernel has is found by compiling for it
 * (vmlinux/probes), never by its version; what is needed and missing ends the build
 * there, with a sentence. Each part is dated and says what it is for.
 *
 * 2026-11-26: 7.2.6 to 7.3.4 have all that is needed alike. There are differences of
 * their behaviour, which are served by one source: see policy.c, __safe_trusted.
 */
#ifndef UNIFIED_COMPAT_H
#define UNIFIED_COMPAT_H

#include <linux/elf.h>
#include <linux/module.h>
#include <linux/string.h>

#include "kernel_probes.h"

#define NT_BUILD_ID 3 /* of ELF notes by GNU; as in lib/buildid.c */

/*
 * 2026-11-27: the search below goes over all read-only data of a module, also over the gaps
 * between its variables, where KASAN lets nobody else read.
 */
static __no_sanitize_address u32 unified_peek(const u32 *at)
{
	return READ_ONCE(*at);
}

/*
 * 2026-11-26: is a loaded module the one with this build ID? The kernel has no
 * function that tells: module_buildid() has an answer only with
 * CONFIG_STACKTRACE_BUILD_ID, which Debian does not set, and what is behind
 * /sys/module/NAME/notes is private. The note itself is part of what was loaded, so it
 * is searched for there. The caller holds the module.
 */
static inline bool unified_module_is(const struct module *m, const u8 *build_id, u32 len)
{
	const struct module_memory *mem = &m->mem[MOD_RODATA];
	struct {
		struct elf32_note head;
		char name[4];
		u8 id[20];
	} note = { { sizeof(note.name), len, NT_BUILD_ID }, "GNU" };
	const u32 *at = mem->base, *end = mem->base + mem->size;
	u32 i, words = (offsetof(typeof(note), id) + len) / sizeof(u32);

	if (len > sizeof(note.id) || len % sizeof(u32))
		return false;
	memcpy(note.id, build_id, len);
	for (; at && end - at >= words; at++) {
		for (i = 0; i < words && unified_peek(at + i) == ((const u32 *)&note)[i]; i++)
			;
		if (i == words)
			return true;
	}
	return false;
}

#endif
