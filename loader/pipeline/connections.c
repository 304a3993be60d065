// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of a pipeline, see pipeline.h. Each is accepted here, and its
 * file moved into a slot of the ring whose queue its packets come through; from
 * then on only that ring has it. The loop says when the slot is free again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pipeline.h"
#include "unifiedctl.h"

#define BACKLOG 1024

/* What sockets may hold is part of the area: a quarter of it, for all of them. */
static int receive_buffer(const struct pipeline_options *opt)
{
	uint64_t each = opt->area / 4 / opt->streams;

	if (each < 64 << 10)
		each = 64 << 10;
	if (each > 4 << 20)
		each = 4 << 20;
	return each;
}

/* What messages to the rings go through, with the file that goes with one. */
static int make_control(struct pipeline *p)
{
	int none = -1, ret;

	ret = io_uring_queue_init(8, &p->control, 0);
	if (!ret)
		ret = io_uring_register_files(&p->control, &none, 1);
	return ret ? fail(ret, "cannot make an io_uring") : EXIT_OK;
}

int pipeline_listen(struct pipeline *p)
{
	const struct pipeline_options *opt = &p->opt;
	int one = 1, size = receive_buffer(opt), fd;

	if (make_control(p))
		return EXIT_FAILED;
	fd = socket(opt->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(-errno, "cannot make a socket");
	p->listener = fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* Connections inherit it, and what it says of windows. */
	if (opt->nic)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&opt->address, opt->address_len)) {
		if (errno == EADDRNOTAVAIL)
			return fail_because(-EADDRNOTAVAIL,
					    "this machine does not have the address of --listen");
		return fail(-errno, "cannot listen there");
	}
	if (listen(fd, BACKLOG))
		return fail(-errno, "cannot listen there");
	return EXIT_OK;
}

/* --- to the rings ---------------------------------------------------------------- */

/* One message through the control ring. 0 or -errno. */
static int send_message(struct pipeline *p)
{
	struct io_uring_cqe *cqe;
	int ret;

	ret = io_uring_submit(&p->control);
	if (ret < 0)
		return ret;
	do
		ret = io_uring_wait_cqe(&p->control, &cqe);
	while (ret == -EINTR);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(&p->control, cqe);
	return ret < 0 ? ret : 0;
}

static int send_file(struct pipeline *p, struct pipeline_queue *q, int fd, unsigned int slot)
{
	struct io_uring_sqe *sqe;
	int none = -1, ret;

	ret = io_uring_register_files_update(&p->control, 0, &fd, 1);
	if (ret < 0)
		return ret;
	sqe = io_uring_get_sqe(&p->control);
	io_uring_prep_msg_ring_fd(sqe, q->fd, 0, LOOP_FIRST_FILE + slot, LOOP_TAG(LOOP_OPEN, slot),
				  0);
	ret = send_message(p);
	io_uring_register_files_update(&p->control, 0, &none, 1);
	return ret;
}

/* The loops look at what was written for them. */
void pipeline_wake(struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues; i++) {
		struct pipeline_queue *q = &p->queue[i];

		if (!q->started)
			continue;
		io_uring_prep_msg_ring(io_uring_get_sqe(&p->control), q->fd, 0,
				       LOOP_TAG(LOOP_WAKE, 0), 0);
		send_message(p);
	}
}

/* --- accepting ---------------------------------------------------------------------- */

static void take_address(const struct sockaddr_storage *from, uint16_t *family, uint16_t *port,
			 uint8_t *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;

	*family = from->ss_family;
	if (from->ss_family == AF_INET) {
		*port = ntohs(in4->sin_port);
		memcpy(address, &in4->sin_addr, 4);
	} else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		*family = AF_INET;
		*port = ntohs(in6->sin6_port);
		memcpy(address, &in6->sin6_addr.s6_addr[12], 4);
	} else {
		*port = ntohs(in6->sin6_port);
		memcpy(address, &in6->sin6_addr, 16);
	}
}

static void peer_of(int fd, struct loop_peer *peer)
{
	struct sockaddr_storage address = {};
	socklen_t len = sizeof(address);

	getpeername(fd, (struct sockaddr *)&address, &len);
	take_address(&address, &peer->family, &peer->remote_port, peer->remote);
	len = sizeof(address);
	getsockname(fd, (struct sockaddr *)&address, &len);
	take_address(&address, &peer->family, &peer->local_port, peer->local);
}

static struct pipeline_queue *emptiest_queue(struct pipeline *p)
{
	struct pipeline_queue *q = &p->queue[0];
	unsigned int i;

	for (i = 1; i < p->opt.nr_queues; i++)
		if (p->queue[i].nr_open < q->nr_open)
			q = &p->queue[i];
	return q;
}

/* By the NAPI that its packets come through; recv: where the fewest are. */
static struct pipeline_queue *queue_for(struct pipeline *p, int fd)
{
	unsigned int i, napi = 0;
	socklen_t len = sizeof(napi);

	if (!p->opt.nic)
		return emptiest_queue(p);
	getsockopt(fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &napi, &len);
	for (i = 0; i < p->opt.nr_queues; i++)
		if (p->queue[i].napi == napi)
			return &p->queue[i];
	/* Its packets are copied there, unless it is steered right later. */
	p->astray++;
	return emptiest_queue(p);
}

static struct pipeline_stream *new_stream(struct pipeline *p, const struct pipeline_queue *q,
					  int fd)
{
	struct pipeline_stream **more = p->streams, *s;

	/* Room for 64 more at a time. */
	if (p->nr_streams % 64 == 0)
		more = realloc(p->streams, (p->nr_streams + 64) * sizeof(*more));
	if (!more)
		return NULL;
	p->streams = more;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	peer_of(fd, &s->peer);
	s->peer.id = p->nr_streams + 1;
	s->peer.queue = p->opt.nic ? p->opt.queues[q->index] : q->index;
	s->queue = q->index;
	p->streams[p->nr_streams] = s;
	return s;
}

static void take_connection(struct pipeline *p, int fd)
{
	struct pipeline_queue *q = queue_for(p, fd);
	struct pipeline_stream *s = NULL;
	unsigned int slot;

	for (slot = 0; slot < p->opt.streams && q->slots[slot]; slot++)
		;
	if (slot < p->opt.streams)
		s = new_stream(p, q, fd);
	if (!s) {
		p->refused++;
		return;
	}
	q->loop.peers[slot] = s->peer;
	if (send_file(p, q, fd, slot)) {
		p->refused++;
		free(s);
		return;
	}
	q->slots[slot] = s;
	q->nr_open++;
	p->nr_streams++;
}

/* How many are accepted before signals and what the loops say are looked at again. */
#define AT_A_TIME 64

/* Those that wait. */
int pipeline_accept(struct pipeline *p)
{
	int fd = -1, i;

	for (i = 0; i < AT_A_TIME; i++) {
		fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			break;
		take_connection(p, fd);
		close(fd);
		if (p->opt.count && p->nr_streams >= p->opt.count)
			break;
	}
	if (fd >= 0)
		return EXIT_OK;
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		/* It may be better when others have ended. */
		usleep(10000);
		return EXIT_OK;
	case EINVAL:
	case EBADF:
	case EPERM:
		/* It is told in the report, of what came until then. */
		snprintf(p->why, sizeof(p->why), "cannot accept connections: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

void pipeline_listen_end(struct pipeline *p)
{
	if (p->listener >= 0)
		close(p->listener);
	p->listener = -1;
}
