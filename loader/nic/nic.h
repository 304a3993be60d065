/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a network interface is and can do, and what it lacks for zero-copy
 * receive. Nothing here changes anything. Functions return 0 or -errno.
 */
#ifndef NIC_H
#define NIC_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where the buffers of a receive queue come from. */
enum nic_memory {
	NIC_MEMORY_DRIVER,
	NIC_MEMORY_IO_URING,
	NIC_MEMORY_DMABUF,
	NIC_MEMORY_XSK,
};

struct nic_queue {
	unsigned int id;
	unsigned int napi; /* 0: the driver does not tell */
	enum nic_memory memory;
	uint64_t page_size; /* of io_uring's memory; 0: the kernel does not tell */
};

struct nic {
	char name[IF_NAMESIZE];
	unsigned int ifindex;
	char driver[32];
	bool up;
	bool xdp; /* a program is attached, which excludes zero-copy receive */

	bool has_split; /* the driver can tell headers from data */
	uint8_t split;	/* ETHTOOL_TCP_DATA_SPLIT_*; UNKNOWN: as the driver likes */
	bool has_threshold;
	uint32_t threshold, threshold_max;

	bool has_channels;
	uint32_t rx, rx_max, combined, combined_max;

	bool ntuple, ntuple_fixed;
	int rules; /* how many there are; -1: the driver takes none */

	uint32_t *rss; /* the main table: a queue for each value of the hash */
	unsigned int nr_rss;
	unsigned int contexts;

	struct nic_queue *queues; /* those that receive; none while it is down */
	unsigned int nr_queues;
};

/* -ENODEV: there is none of that name. What the driver cannot tell is left empty. */
int nic_get(const char *name, struct nic *nic);
void nic_free(struct nic *nic);

/* Call seen for every interface that has rings; stop where it returns not 0. */
int nic_for_each(int (*seen)(const struct nic *nic, void *arg), void *arg);

/*
 * How many queues receive, and could. Where a driver has both those that only receive
 * and combined ones, they are the same queues: each maximum is that of both together.
 */
unsigned int nic_rx_queues(const struct nic *nic);
unsigned int nic_rx_queues_max(const struct nic *nic);

/* As ethtool calls it. */
const char *nic_split_name(uint8_t split);

/* Is its RSS table the one that drivers begin with: queue after queue? */
bool nic_rss_is_default(const struct nic *nic);

/* Call say for each thing that it lacks for zero-copy receive, with what to do. */
void nic_lacks(const struct nic *nic, void (*say)(const char *sentence, void *arg), void *arg);

/* The receive queue itself: -ENOENT: the interface is down; -EINVAL: no such queue. */
int nic_queue(unsigned int ifindex, unsigned int id, struct nic_queue *queue);

/* What SO_INCOMING_NAPI_ID says of a socket whose packets come through this queue. */
int nic_queue_napi(unsigned int ifindex, unsigned int queue, unsigned int *napi);

/*
 * The kernel thread that polls a NAPI, 0 where none does. It is another one after
 * its queue was bound to a ring or unbound.
 */
int nic_napi_pid(unsigned int napi, pid_t *pid);
int nic_napi_set_threaded(unsigned int napi, bool threaded);

#endif
