// SPDX-License-Identifier: GPL-2.0
/*
 * The steps of a fuzzer's program that ask for I/O: requests by ioctl, by io_uring and by
 * kfuncs, and lists to gather by. The others are in steps.c.
 */
#include <bpf/bpf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "io_uring_unified.h"
#include "steps_io.h"
#include "unified_io.h"
#include "world.h"

#include "../progs/fuzz.h"

/* Of a thread: its ring. */
static _Thread_local struct io_uring ring;
static _Thread_local bool has_ring;

/* --- operations ------------------------------------------------------------------ */

static struct unified_descriptor descriptor(struct input *in)
{
	uint8_t odd = byte(in), which = byte(in);
	struct unified_descriptor d = { .type = UNIFIED_REGION_F_NVME,
					.flags = UNIFIED_DESC_F_READ,
					.len = 4096,
					.user_data = number(in) };

	if (odd & 1)
		d.flags = which & 16 ? number(in) & 31
				     : UNIFIED_DESC_F_WRITE | (which & 1 ? UNIFIED_DESC_F_FUA : 0);
	if (odd & 2)
		d.addr = number(in);
	if (odd & 4)
		d.len = number(in);
	if (odd & 8)
		d.lba = number(in);
	if (odd & 16)
		d.targets = number(in);
	if (odd & 32)
		d.type = number(in) & 7;
	/* With what they go with, but for one in eight. */
	if (odd & 64) {
		d.opcode = which & 7;
		d.flags = 0;
		if (d.opcode == UNIFIED_OP_FLUSH)
			d.len = d.addr = 0;
		if (d.opcode == UNIFIED_OP_COMPARE || (which & 0xe0) == 0)
			d.flags = UNIFIED_DESC_F_WRITE;
	}
	/* By the handle of a buffer that somebody took. */
	if (odd & 128) {
		d.flags |= UNIFIED_DESC_F_BUFFER;
		d.buffer = state->buffers[which % FUZZ_BUFFERS];
		d.addr = state->addrs[which % FUZZ_BUFFERS];
	}
	return d;
}

void step_submit(struct input *in)
{
	struct unified_io_submit s = { .desc = descriptor(in) };

	ioctl(region(in), UNIFIED_IO_SUBMIT, &s);
}

void step_submit_many(struct input *in)
{
	struct unified_descriptor all[40];
	unsigned int i, n = byte(in) % 40;
	struct unified_io_submit s = { .addr = (uintptr_t)all, .count = n };

	memset(all, 0, sizeof(all));
	all[0] = descriptor(in);
	for (i = 1; i < n; i++)
		all[i] = byte(in) & 1 ? descriptor(in) : all[i - 1];
	ioctl(region(in), UNIFIED_IO_SUBMIT, &s);
}

/* The requests are where others write meanwhile, and so is the room for completions. */
void step_submit_mapped(struct input *in)
{
	struct mapping *m = atomic_load(&mappings[byte(in) % MAPPINGS]);
	struct unified_io_submit s = { .count = byte(in) % 16 + 1 };
	struct unified_io_complete c = { .max = 16, .min = byte(in) & 3, .timeout_ns = 1000000 };
	struct unified_descriptor d = descriptor(in);
	uint64_t words[sizeof(d) / 8], at = atomic_load(&data_at) + byte(in) * 64;
	unsigned int i;
	int fd = region(in);

	if (!m || at + 16 * sizeof(d) > m->len)
		return;
	memcpy(words, &d, sizeof(d));
	for (i = 0; i < s.count * sizeof(d) / 8; i++)
		write_number(m, at + i * 8, words[i % (sizeof(d) / 8)]);
	s.addr = (uintptr_t)m->at + at;
	ioctl(fd, UNIFIED_IO_SUBMIT, &s);
	c.addr = s.addr;
	ioctl(fd, UNIFIED_IO_COMPLETE, &c);
}

void step_complete(struct input *in)
{
	struct unified_completion done[64];
	struct unified_io_complete c = { .min = byte(in) & 15, .timeout_ns = 1000000 };
	unsigned int i;

	if (c.min > UNIFIED_IO_COMPLETE_INLINE) {
		c.addr = (uintptr_t)done;
		c.max = 64;
	}
	if (ioctl(region(in), UNIFIED_IO_COMPLETE, &c))
		return;
	for (i = 0; i < c.count; i++)
		if (!(c.addr ? done : c.completions)[i].res)
			count(by_ioctl);
}

/* --- io_uring -------------------------------------------------------------------- */

static void ring_open(uint8_t kind)
{
	static const unsigned int kinds[] = {
		IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
		IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_IOPOLL,
		IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_SINGLE_ISSUER |
			IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_CQE32,
	};

	if (!has_ring)
		has_ring = !io_uring_queue_init(64, &ring, kinds[kind % 4]);
}

void ring_close(void)
{
	if (has_ring)
		io_uring_queue_exit(&ring);
	has_ring = false;
}

/* By this thread's ring. */
static void submit_by_uring(int fd, const struct unified_descriptor *d, uint8_t how)
{
	struct io_unified_region r = { .fd = fd };
	struct io_uring_sqe *sqe;

	sqe = has_ring ? io_uring_get_sqe(&ring) : NULL;
	if (!sqe)
		return;
	if (how == 255) {
		io_uring_prep_cancel64(sqe, d->user_data, IORING_ASYNC_CANCEL_ANY);
		return;
	}
	if (ring.flags & IORING_SETUP_SQE128) {
		io_uring_prep_unified(sqe, &r, 0, 0, 0);
		*io_uring_unified_desc(sqe) = *d;
	} else {
		/* There is no room for a descriptor. */
		io_uring_prep_nop(sqe);
		sqe->opcode = IORING_OP_URING_CMD;
		sqe->fd = fd;
		sqe->cmd_op = UNIFIED_IO_URING_SUBMIT;
	}
	if (how == 254)
		sqe->cmd_op++;
	if (how & 1)
		sqe->flags |= IOSQE_ASYNC;
	if (how & 2)
		sqe->flags |= IOSQE_IO_LINK;
}

/* What is under way is cancelled with its ring. */
static void reap_by_uring(uint8_t how)
{
	struct __kernel_timespec soon = { .tv_nsec = 1000000 };
	unsigned int head, n = 0;
	struct io_uring_cqe *cqe;

	if (!has_ring)
		return;
	if (how & 1)
		io_uring_submit_and_wait_timeout(&ring, &cqe, 1, &soon, NULL);
	else
		io_uring_submit(&ring);
	io_uring_get_events(&ring);
	io_uring_for_each_cqe(&ring, head, cqe)
	{
		if (cqe->res >= 0)
			count(by_uring);
		n++;
	}
	io_uring_cq_advance(&ring, n);
	if (!(how & 30))
		ring_close();
}

void step_uring(struct input *in)
{
	unsigned int n = byte(in) % 16;
	struct unified_descriptor d;
	int fd = region(in);

	ring_open(byte(in));
	while (n--) {
		d = descriptor(in);
		submit_by_uring(fd, &d, byte(in));
	}
	reap_by_uring(byte(in));
}

/* Pages of a mapping are pinned by the thread's ring. */
void step_pin(struct input *in)
{
	struct mapping *m = atomic_load(&mappings[byte(in) % MAPPINGS]);
	size_t at = byte(in) * PAGE, len = (byte(in) + 1) * PAGE;
	struct iovec iov;

	if (!m || at + len > m->len)
		return;
	ring_open(0);
	iov = (struct iovec){ m->at + at, len };
	if (!has_ring)
		return;
	if (byte(in) & 1)
		io_uring_unregister_buffers(&ring);
	else
		io_uring_register_buffers(&ring, &iov, 1);
}

/* --- lists and kfuncs -------------------------------------------------------------- */

/* A list that is mostly good, where the mapping shows the data area. */
void step_gather(struct input *in)
{
	struct mapping *m = atomic_load(&mappings[byte(in) % MAPPINGS]);
	struct unified_io_submit s = { .desc.type = UNIFIED_REGION_F_NVME };
	unsigned int n = byte(in) % 24 + 1, i, len, sum = 0, odd;
	uint64_t at = atomic_load(&data_at);
	uint8_t how = byte(in), kind;
	int fd = region(in);

	if (!m)
		return;
	s.desc.addr = byte(in) * 16;
	for (i = 0, at += s.desc.addr; i < n; i++, at += 16) {
		kind = byte(in);
		len = kind & 1 ? 512 : kind & 2 ? 4096 : kind & 4 ? kind : number(in) % 65536;
		if (i + 1 == n && (sum + len) % 4096)
			len += 4096 - (sum + len) % 4096;
		odd = kind & 8 ? byte(in) : 0;
		write_number(m, at, odd + byte(in) * 1024);
		write_number(m, at + 8, len);
		sum += len;
	}
	s.desc.len = sum;
	s.desc.nr_frags = n;
	s.desc.lba = byte(in) * 8;
	s.desc.flags = how & 1 ? UNIFIED_DESC_F_READ : UNIFIED_DESC_F_WRITE;
	if ((how & 6) == 6) {
		s.desc.opcode = UNIFIED_OP_COMPARE;
		s.desc.flags = 0;
	}
	s.desc.flags |= UNIFIED_DESC_F_GATHER;
	s.desc.targets = how & 4 ? byte(in) : 0;
	s.desc.type |= how & 8 ? UNIFIED_REGION_F_BPF : 0;
	s.desc.user_data = number(in);
	if (how & 16) {
		ring_open(how >> 5);
		submit_by_uring(fd, &s.desc, byte(in));
		reap_by_uring(byte(in) | 2);
	} else if (!ioctl(fd, UNIFIED_IO_SUBMIT, &s)) {
		count(gathered);
	}
}

void step_kfunc(struct input *in)
{
	struct fuzz_call c = { .region = atomic_load(&last_id) };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &c, .ctx_size_in = sizeof(c));

	c.what = byte(in) % FUZZ_NR;
	c.shared = byte(in) & 1;
	c.number = number(in);
	if (c.what == FUZZ_SUBMIT)
		c.request = descriptor(in);
	if (c.what == FUZZ_RX) {
		c.addr = number(in);
		c.len = number(in);
		c.targets = number(in);
	}
	bpf_prog_test_run_opts(call_prog, &opts);
}
