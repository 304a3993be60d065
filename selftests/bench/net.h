/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the paths that receive share: the test NIC as the script "nic" has set it
 * up, a sender, and what the NIC counts.
 *
 * All that receives is on one vCPU, which is the one that is counted: the path's
 * program and the thread that runs the queue's NAPI. The sender is a process on
 * the other one, in the namespace of the other port, where the NAPI that takes
 * acknowledgements is, too. It sends as fast as it can, from pages of a file, so
 * that it is the receiver who sets the pace and the NIC has packets in store.
 */
#ifndef NET_H
#define NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define NET_DEVICE	 "testnic0"
#define NET_QUEUE	 3
#define NET_ADDRESS	 "10.9.0.1"
#define NET_PORT	 8000

#define NET_SENDER_CPU	 0
#define NET_RECEIVER_CPU 1

#define NET_BUFFER	 (4 << 20) /* of a socket */
#define NET_FILE	 (1 << 20)

/* Shared with the sender: when it has sent "goal" bytes it writes a byte into the pipe. */
struct net_sender {
	int pipe[2];
	_Atomic uint64_t sent, goal;
};

static struct net_sender *net_sender;
static pid_t net_sender_pid;

/* --- on which vCPU ----------------------------------------------------------- */

static inline void net_pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(pid, sizeof(set), &set), "pinning to a vCPU");
}

static inline void net_pin_named(const char *prefix, int cpu)
{
	char name[32];
	glob_t found;
	size_t i;
	FILE *file;

	glob("/proc/[0-9]*/comm", 0, NULL, &found);
	for (i = 0; i < found.gl_pathc; i++) {
		file = fopen(found.gl_pathv[i], "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, prefix, strlen(prefix)))
			net_pin(atoi(found.gl_pathv[i] + strlen("/proc/")), cpu);
		fclose(file);
	}
	globfree(&found);
}

/* After all has been done that may make a new thread of a NAPI. */
static inline void net_pin_napi(void)
{
	net_pin_named("napi/testnic0-", NET_RECEIVER_CPU);
	net_pin_named("napi/testnic1-", NET_SENDER_CPU);
}

/* --- the sender ------------------------------------------------------------------ */

static inline struct sockaddr_in net_address(void)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(NET_PORT),
				     .sin_addr.s_addr = inet_addr(NET_ADDRESS) };
}

static inline int net_connect(void)
{
	struct sockaddr_in address = net_address();
	int size = NET_BUFFER, tries, fd;

	for (tries = 0; tries < 300; tries++) {
		fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
		close(fd);
		usleep(100000);
	}
	die("nobody listens");
}

static inline void net_told(struct net_sender *s)
{
	uint64_t goal = atomic_load(&s->goal);

	if (goal && atomic_load(&s->sent) >= goal) {
		atomic_store(&s->goal, 0);
		must(write(s->pipe[1], "", 1), "telling the receiver");
	}
}

static inline void net_send(struct net_sender *s)
{
	int ns = must(open("/run/netns/peer", O_RDONLY), "the namespace of the peer");
	int file = must(memfd_create("payload", 0), "memfd"), fd;
	char *payload;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	net_pin(0, NET_SENDER_CPU);
	must(setns(ns, CLONE_NEWNET), "setns");
	must(ftruncate(file, NET_FILE), "ftruncate");
	payload = mmap(NULL, NET_FILE, PROT_WRITE, MAP_SHARED, file, 0);
	memset(payload, 0x5a, NET_FILE);
	fd = net_connect();
	for (;;) {
		off_t at = 0;

		while (at < NET_FILE) {
			ssize_t n = sendfile(fd, file, &at, NET_FILE - at);

			if (n <= 0)
				exit(0);
			atomic_fetch_add(&s->sent, n);
			net_told(s);
		}
	}
}

static inline void net_start_sender(void)
{
	net_sender = mmap(NULL, sizeof(*net_sender), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(pipe(net_sender->pipe), "pipe");
	net_sender_pid = must(fork(), "fork");
	if (!net_sender_pid)
		net_send(net_sender);
	close(net_sender->pipe[1]);
}

/* Sleeps until that much more has been sent. */
static inline void net_wait_sent(uint64_t bytes)
{
	char byte;

	atomic_store(&net_sender->goal, atomic_load(&net_sender->sent) + bytes);
	if (read(net_sender->pipe[0], &byte, 1) != 1)
		die("the sender is gone");
}

/* --- the receiver ------------------------------------------------------------------ */

/* First of all: the NIC's MTU, for packets of that payload. */
static inline void net_setup(struct bench *b)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "ip link set testnic0 mtu %u up && ip -n peer link set testnic1 mtu %u up",
		 b->mss + 52, b->mss + 52);
	if (system(command))
		die("cannot set the MTU");
}

/* A stream from a sender. */
static inline int net_accept(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket"), one = 1, size = NET_BUFFER,
	    stream;
	struct sockaddr_in address = net_address();

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(listen(fd, 1), "listen");
	net_start_sender();
	stream = must(accept(fd, NULL, NULL), "accept");
	close(fd);
	net_pin_napi();
	return stream;
}

static inline void net_ethtool(int fd, void *command)
{
	struct ifreq request = { .ifr_name = NET_DEVICE, .ifr_data = command };

	must(ioctl(fd, SIOCETHTOOL, &request), "ethtool");
}

/* Of all queues. Allocated once: it is called where it is to cost little. */
static inline void net_look(struct bench *b, struct arrivals *so_far)
{
	enum {
		MAX = 256
	};
	static struct {
		struct ethtool_gstrings head;
		char name[MAX][ETH_GSTRING_LEN];
	} names = { .head = { .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_STATS } };
	static struct {
		struct ethtool_stats head;
		uint64_t value[MAX];
	} stats = { .head.cmd = ETHTOOL_GSTATS };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	unsigned int i;

	(void)b;
	net_ethtool(fd, &names);
	net_ethtool(fd, &stats);
	close(fd);
	*so_far = (struct arrivals){};
	for (i = 0; i < stats.head.n_stats; i++) {
		const char *name = strchr(names.name[i], '_');

		if (!name || strncmp(names.name[i], "rx", 2))
			continue;
		if (!strcmp(name, "_polls"))
			so_far->polls += stats.value[i];
		else if (!strcmp(name, "_packets"))
			so_far->packets += stats.value[i];
		else if (!strcmp(name, "_bytes"))
			so_far->bytes += stats.value[i];
	}
}

#endif
