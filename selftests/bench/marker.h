/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where counting begins and ends: a long NOP of seven bytes whose displacement
 * no compiler pads with. It does nothing, anywhere; the plugin looks for it.
 *
 *	0f 1f 80 LABEL KIND 'u' 'i'
 */
#ifndef MARKER_H
#define MARKER_H

#define MARKER_OPCODE { 0x0f, 0x1f, 0x80 }
#define MARKER_MAGIC  { 0x75, 0x69 }
#define MARKER_LABELS 16
#define MARKER_BEGIN  0
#define MARKER_END    1

/* Intervals of different labels may overlap. Both are constants. */
#define marker(kind, label)                                                                        \
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80, %c0, %c1, 0x75, 0x69" ::"i"(label), "i"(kind)    \
			 : "memory")

#endif
