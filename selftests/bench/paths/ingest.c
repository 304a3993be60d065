// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl ingest itself, with the default policy: "bpf" from the NIC's queue,
 * "packed" from one that puts several payloads into a buffer, "recv" from sockets.
 * All of its threads run on the receiver's vCPU.
 *
 * This program only starts it, sleeps until the sender has sent enough, and wakes
 * on that vCPU to look at the NIC's counters and to set the markers.
 *
 * VM: --cpus 2 --nic 0 --nvme 16G,null=200000
 * Before: ./nic up
 * Before: test -e /sys/module/unified_io_region || insmod /unified/unified_io_region.ko
 * After: ./nic down
 *
 * Run: --op ingest --with bpf --bytes 1448
 * Run: --op ingest --with bpf --bytes 4096
 * Run: --op ingest --with bpf --bytes 8948
 * Run: --op ingest --with packed --bytes 1448
 * Run: --op ingest --with packed --bytes 4096
 * Run: --op ingest --with recv --bytes 1448
 * Run: --op ingest --with recv --bytes 4096
 * Run: --op ingest --with recv --bytes 8948
 */
#include <sys/wait.h>

#include "net.h"

#define REPORT "/tmp/ingest.json"

#define COMMON                                                                                     \
	"unifiedctl", "ingest", "run", "--listen", "10.9.0.1:8000", "--cpu", "1", "--streams",     \
		"1", "--target", DRIVE, "--nvme", "--count", "1", "--stats-json"

#define CALLS "/sys/kernel/tracing/events/raw_syscalls/sys_enter/"

static pid_t child;

static void start(const struct bench *b)
{
	static char *const bpf[] = { COMMON,	 "--dev", NET_DEVICE,
				     "--queues", "3",	  "--require-zero-copy",
				     NULL };
	static char *const recv[] = { COMMON, "--recv", NULL };

	child = must(fork(), "fork");
	if (child)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(dup2(must(open(REPORT, O_WRONLY | O_CREAT | O_TRUNC, 0600), REPORT), 1), "dup2");
	execvp("unifiedctl", strcmp(b->with, "recv") ? bpf : recv);
	die("cannot run unifiedctl: %s", strerror(errno));
}

static void setup(struct bench *b)
{
	net_setup(b);
	if (!strcmp(b->with, "packed") &&
	    system("ethtool --set-priv-flags " NET_DEVICE " pack-payloads on"))
		die("payloads cannot be packed");
	start(b);
	net_start_sender();
	/* It has accepted the stream, and all that it sets up is up. */
	net_wait_sent(NET_BUFFER * 4);
	net_pin_napi();
}

static void run(struct bench *b, uint64_t ops)
{
	(void)b;
	net_wait_sent(ops * INGEST_OP);
}

/* --- system calls: the kernel counts those of the loop's thread, and that costs ------ */

static pid_t loop_thread(void)
{
	char pattern[64];
	glob_t found;
	pid_t thread;

	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*", child);
	if (glob(pattern, 0, NULL, &found) || found.gl_pathc != 2)
		die("unifiedctl has not two threads");
	thread = atoi(strrchr(found.gl_pathv[1], '/') + 1);
	globfree(&found);
	return thread;
}

static void trigger(const char *how, pid_t thread)
{
	FILE *file = fopen(CALLS "trigger", "w");

	if (!file ||
	    fprintf(file, "%shist:keys=common_pid if common_pid == %d\n", how, thread) < 0 ||
	    fclose(file))
		die("system calls cannot be traced: %s", strerror(errno));
}

static uint64_t calls(pid_t thread)
{
	FILE *file = fopen(CALLS "hist", "r");
	uint64_t n, sum = 0;
	char line[128];
	int pid;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "{ common_pid: %d } hitcount: %lu", &pid, &n) == 2 &&
		    pid == thread)
			sum += n;
	if (!file || ferror(file) || fclose(file))
		die("traced system calls cannot be read");
	return sum;
}

/* Afterwards, so that it is in no other figure. */
static void count_calls(struct bench *b)
{
	pid_t thread = loop_thread();

	trigger("", thread);
	run(b, b->ops);
	b->syscalls = calls(thread);
	trigger("!", thread);
}

/* The last line of the report: nothing was copied that need not be, all was stored. */
static void finish(struct bench *b)
{
	int status;

	count_calls(b);
	kill(net_sender_pid, SIGTERM);
	must(waitpid(child, &status, 0), "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("unifiedctl ended with status %#x", status);
	if (strcmp(b->with, "recv") &&
	    system("tail -n 1 " REPORT
		   " | jq -e '.bytes > 0 and ([.bytes_copied[]] | add) == 0' >/dev/null"))
		die("unifiedctl says that it copied");
}

const struct path path = {
	.name = "ingest",
	.vcpu = NET_RECEIVER_CPU,
	.setup = setup,
	.run = run,
	.look = net_look,
	.finish = finish,
};
