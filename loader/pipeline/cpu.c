// SPDX-License-Identifier: GPL-2.0
/*
 * Where the threads of a queue run, see pipeline.h: its loop's, and, with
 * --poll-threads, the kernel's that polls it. They are pinned to one CPU. When that
 * goes offline, the kernel has them run anywhere, and leaves it at that; so the main
 * thread looks from time to time, and pins them again when the CPU is back.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "files.h"
#include "pipeline.h"

unsigned int pipeline_cpu_of(const struct pipeline_queue *q)
{
	const struct pipeline_options *opt = &q->pipeline->opt;
	unsigned int n, cpu;
	cpu_set_t allowed;

	if (opt->nr_cpus)
		return opt->cpus[q->index % opt->nr_cpus];
	sched_getaffinity(0, sizeof(allowed), &allowed);
	n = q->index % CPU_COUNT(&allowed);
	for (cpu = 0; !CPU_ISSET(cpu, &allowed) || n--; cpu++)
		;
	return cpu;
}

static int pin(pid_t thread, unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(thread, sizeof(set), &set) ? -errno : 0;
}

int pipeline_cpu_pin(struct pipeline_queue *q, pid_t thread)
{
	int ret = pin(thread, q->cpu);

	if (!ret)
		q->pinned[q->nr_pinned++] = thread;
	return ret;
}

/* One that cannot go offline has no such file. */
static bool is_online(unsigned int cpu)
{
	char path[64], line[8] = "1";

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	file_line(path, line, sizeof(line));
	return line[0] != '0';
}

/* While the CPU is there, what it is no part of is somebody's wish, and not the kernel's. */
static bool was_freed(pid_t thread, unsigned int cpu, bool online)
{
	cpu_set_t set;

	if (sched_getaffinity(thread, sizeof(set), &set))
		return false;
	if (CPU_ISSET(cpu, &set))
		return CPU_COUNT(&set) > 1;
	return !online;
}

static void look(struct pipeline_queue *q)
{
	bool freed = q->displaced, online = is_online(q->cpu);
	unsigned int i;
	int ret = 0;

	for (i = 0; i < q->nr_pinned && !freed; i++)
		freed = was_freed(q->pinned[i], q->cpu, online);
	if (!freed || (!online && q->displaced))
		return;
	for (i = 0; i < q->nr_pinned && online && !ret; i++)
		ret = pin(q->pinned[i], q->cpu);
	/* It may have gone again. */
	q->displaced = !online || ret;
	pipeline_report_displaced(q);
}

void pipeline_cpu_look(struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->opt.nr_queues; i++)
		if (p->queue[i].started)
			look(&p->queue[i]);
}
