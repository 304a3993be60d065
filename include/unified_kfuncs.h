/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module and BPF programs share: the types of a policy and the
 * prototypes of the kfuncs. The module includes it, and so does
 * bpf/unified.bpf.h, where every structure is relocated by field (CO-RE)
 * against the BTF of the running module.
 */
#ifndef UNIFIED_KFUNCS_H
#define UNIFIED_KFUNCS_H

#include "unified_desc.h"

#ifdef __KERNEL__
#include <linux/bpf.h>
#include <linux/types.h>
#define __unified_kfunc __bpf_kfunc
#else
#define __unified_kfunc __ksym __weak

/* The members that a program may read; the running module has more. */
struct unified_io_region {
	__u32 id;
	__u32 flags;
	__u64 size;
};

struct unified_descriptor {
	__u64 addr;
	__u32 len;
	__u16 type;
	__u16 flags;
	__u64 user_data;
	__u64 lba;
	__u32 targets;
	__u32 opcode;
	__u64 buffer;
	__u32 nr_frags;
	__u32 resv[3];
};

struct unified_completion {
	__u64 user_data;
	__s32 res;
	__u32 status;
	__u64 result;
	__u32 len;
	__u32 tries;
};
#endif

#define UNIFIED_POLICY_ERRORS 8

#define UNIFIED_POLICY_NAME   32 /* UNIFIED_POLICY_NAME_LEN of unified_io.h */

/* Flags of a policy: rx is asked about each fragment, not once for each stream. */
#define UNIFIED_POLICY_PER_FRAGMENT (1U << 0)
/* With region: it is enforced there, as UNIFIED_IO_BPF_ENFORCE of unified_io.h says. */
#define UNIFIED_POLICY_ENFORCED (1U << 1)
/* complete is asked about operations that failed only; the others cost nothing then. */
#define UNIFIED_POLICY_COMPLETE_ERRORS (1U << 2)
#define UNIFIED_POLICY_FLAGS                                                                       \
	(UNIFIED_POLICY_PER_FRAGMENT | UNIFIED_POLICY_ENFORCED | UNIFIED_POLICY_COMPLETE_ERRORS)

struct unified_io_region;
struct unified_descriptor;
struct unified_completion;

/* A stream, as the pipeline that receives it knows it. */
struct unified_stream {
	__u64 id;	  /* no other of the pipeline has it, before or after */
	__u64 bytes;	  /* that arrived before these */
	__u32 queue;	  /* of the interface, or of the pipeline */
	__u16 family;	  /* AF_INET or AF_INET6 */
	__u16 local_port; /* host order, both */
	__u16 remote_port;
	__u16 flags; /* UNIFIED_STREAM_* */
	__u16 resv[2];
	__u8 local[16]; /* of IPv4, the first four */
	__u8 remote[16];
};

/* There will be no more of it before it is decided: UNIFIED_MORE is UNIFIED_CONTINUE. */
#define UNIFIED_STREAM_LAST (1U << 0)

/* No policy has chosen where a stream begins. */
#define UNIFIED_ANY_LBA (~0ULL)

/* What the rx hooks are asked about, and what they say beside their verdict. */
struct unified_rx {
	__u64 addr;    /* of the data, from the start of the data area */
	__u32 len;     /* 0: nothing new, may a stream that was paused go on? */
	__u32 targets; /* where it goes, a bit for each; policies change it */
	__u32 flags;   /* UNIFIED_RX_*, an output */
	__u32 resv;
	__u64 lba; /* where the stream begins, an output; UNIFIED_ANY_LBA: anywhere */
	struct unified_stream stream;
};

#define UNIFIED_RX_FUA		(1U << 0) /* a policy set UNIFIED_DESC_F_FUA */
#define UNIFIED_RX_PER_FRAGMENT (1U << 1) /* ask again for each fragment */

/*
 * What a hook sees. Valid until the hook returns. Of it all, a program may write
 * the members lba, targets and flags of desc, which is never NULL: init and exit
 * get one of their own, all zero. region is NULL there unless the policy was
 * registered for one.
 */
struct unified_bpf_ctx {
	struct unified_io_region *region;
	struct unified_descriptor *desc;
	void *data; /* of several fragments, the first, and what directly follows it */
	__u32 data_len;
};

/*
 * What a hook answers: one of these, or -errno to let the operation fail with
 * it. Anything else is an error of the policy, and so is a verdict that its hook
 * does not take: after UNIFIED_POLICY_ERRORS of them the policy is ejected.
 *
 * Of rx: CONTINUE, ISSUE to store the data as desc says now, DROP to store neither
 * it nor, unless the policy is asked per fragment, the rest of the stream; RETRY to
 * store it and receive no more of the stream until asked again; MORE + n, while none of
 * the stream is decided, to be asked again when n bytes are there; -errno ends it.
 * Of submit: CONTINUE, ISSUE, or DROP, which ends the operation with ECANCELED.
 * Of complete: CONTINUE, TO_USER, RETRY, or DROP: if the operation was submitted
 * by BPF nobody is told, and its buffer, if it names one, is free.
 */
enum unified_verdict {
	UNIFIED_CONTINUE,	/* the next policy decides, then the default */
	UNIFIED_DROP,		/* the data is not wanted */
	UNIFIED_ISSUE,		/* issue the operation as it stands now */
	UNIFIED_TO_USER,	/* hand it to user space */
	UNIFIED_RETRY,		/* issue it as it stands now, once more */
	UNIFIED_MORE = 1 << 16, /* + n: ask again when n bytes of the stream are there */
};

/* As many bytes of a stream as a policy may see at once, at least. */
#define UNIFIED_MORE_MAX 512

/* How often an operation is issued at most. */
#define UNIFIED_MAX_TRIES 8

enum unified_exit_kind {
	UNIFIED_EXIT_DETACHED, /* its link went away */
	UNIFIED_EXIT_REPLACED, /* another policy took its place */
	UNIFIED_EXIT_ERROR,    /* the module ejected it; reason says why */
};

struct unified_exit_info {
	enum unified_exit_kind kind;
	__s32 error;	 /* -errno, with UNIFIED_EXIT_ERROR */
	char reason[64]; /* a sentence, NUL-terminated */
};

/*
 * A policy. Every hook is optional. "Sleepable" hooks run in process context
 * and may be SEC("struct_ops.s/..."); the others are called where sleeping is
 * forbidden and are refused at load if they ask for it.
 */
struct unified_region_ops {
	/* Registration: 0, or -errno to refuse. Sleepable. */
	__s32 (*init)(struct unified_bpf_ctx *ctx);

	/* Its end, replacement or ejection. Once for each init. Sleepable. */
	void (*exit)(struct unified_bpf_ctx *ctx, struct unified_exit_info *info);

	/* A BPF descriptor: transform data in place; 0 or -errno. Sleepable. */
	__s32 (*process)(struct unified_bpf_ctx *ctx);

	/* Data of a stream arrived; where to? A verdict. Not sleepable. */
	__s32 (*rx)(struct unified_bpf_ctx *ctx, struct unified_stream *stream);

	/* An operation is about to be issued: a verdict. Not sleepable. */
	__s32 (*submit)(struct unified_bpf_ctx *ctx);

	/* An operation is done: a verdict. Not sleepable. */
	__s32 (*complete)(struct unified_bpf_ctx *ctx, struct unified_completion *done);

	__u64 region;			/* id to attach to, see unified_io.h; 0: by name */
	__s32 priority;			/* lower decides earlier */
	__u32 flags;			/* UNIFIED_POLICY_* */
	char name[UNIFIED_POLICY_NAME]; /* [A-Za-z0-9_.-]+, unique */

	/* private: the module's */
	void *priv;
};

/*
 * The kfuncs. kernel/kfuncs.c says what each does. Offsets are from the start of
 * the hook's data.
 */
__u32 bpf_unified_crc32c(__u32 seed, const void *data, __u32 data__sz) __unified_kfunc;
__u8 *bpf_unified_data(struct unified_bpf_ctx *uctx, __u32 offset, const __u32 rdwr_buf_size)
	__unified_kfunc;
__s32 bpf_unified_xor(struct unified_bpf_ctx *uctx, __u32 offset, __u32 len, const void *key,
		      __u32 key__sz) __unified_kfunc;
__s32 bpf_unified_copy(struct unified_bpf_ctx *uctx, __u32 to, __u32 from, __u32 len)
	__unified_kfunc;
__s64 bpf_unified_data_crc32c(struct unified_bpf_ctx *uctx, __u32 offset, __u32 len, __u32 seed)
	__unified_kfunc;
struct unified_io_region *bpf_unified_region_get(__u32 id) __unified_kfunc;
struct unified_io_region *bpf_unified_region_get_shared(__u32 id) __unified_kfunc;
void bpf_unified_region_put(struct unified_io_region *region) __unified_kfunc;
__s64 bpf_unified_buffer_alloc(struct unified_io_region *region, __u64 owner) __unified_kfunc;
__s32 bpf_unified_buffer_free(struct unified_io_region *region, __u64 buffer) __unified_kfunc;
__s64 bpf_unified_buffer_addr(struct unified_io_region *region, __u64 buffer) __unified_kfunc;
__s32 bpf_unified_submit(struct unified_io_region *region, const void *desc, __u32 desc__sz)
	__unified_kfunc;
__s32 bpf_unified_rx(struct unified_io_region *region, struct unified_rx *rx, __u32 rx__sz)
	__unified_kfunc;

#endif
