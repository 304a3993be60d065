/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fields of the kernel's own structures that BPF programs read, for
 * private_fields.bpf.c, which asks the running kernel for them, and unifiedctl,
 * which tells. compat.bpf.h reads them; docs/kernel-notes.md says what for.
 */
#ifndef PRIVATE_FIELDS_H
#define PRIVATE_FIELDS_H

enum private_field_bit {
	PRIVATE_ZCRX_CTXS,
	PRIVATE_XA_HEAD,
	PRIVATE_XA_SHIFT,
	PRIVATE_XA_SLOTS,
	PRIVATE_AREAS, /* or, on 7.2, the one */
	PRIVATE_NIA,
	PRIVATE_NIOVS,
	PRIVATE_DESC,
	PRIVATE_PP,
	PRIVATE_FIELDS,
};

/* Beside them: zero-copy receive can have more than one area. */
#define PRIVATE_MANY_AREAS PRIVATE_FIELDS

#endif
