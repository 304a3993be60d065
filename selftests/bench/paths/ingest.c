// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl ingest itself, with the default policy: "bpf" from the NIC's queue,
 * "recv" from sockets. All of its threads run on the receiver's vCPU.
 *
 * This program only starts it, sleeps until the sender has sent enough, and wakes
 * on that vCPU to look at the NIC's counters and to set the markers.
 *
 * VM: --cpus 2 --nic 0 --nvme 1G,null=200000
 * Before: ./nic up
 * Before: test -e /sys/module/unified_io_region || insmod /unified/unified_io_region.ko
 * After: ./nic down
 *
 * Run: --op ingest --with bpf --bytes 1448
 * Run: --op ingest --with bpf --bytes 4096
 * Run: --op ingest --with bpf --bytes 8948
 * Run: --op ingest --with recv --bytes 1448
 * Run: --op ingest --with recv --bytes 4096
 * Run: --op ingest --with recv --bytes 8948
 */
#include <sys/wait.h>

#include "net.h"

#define REPORT "/tmp/ingest.json"

#define COMMON                                                                                     \
	"unifiedctl", "ingest", "--listen", "10.9.0.1:8000", "--cpu", "1", "--streams", "1",       \
		"--target", DRIVE, "--nvme", "--count", "1", "--stats-json"

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
	execvp("unifiedctl", strcmp(b->with, "bpf") ? recv : bpf);
	die("cannot run unifiedctl: %s", strerror(errno));
}

static void setup(struct bench *b)
{
	net_setup(b);
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

/* The last line of the report: nothing was copied that need not be, all was stored. */
static void finish(struct bench *b)
{
	int status;

	kill(net_sender_pid, SIGTERM);
	must(waitpid(child, &status, 0), "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("unifiedctl ended with status %#x", status);
	if (!strcmp(b->with, "bpf") &&
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
	.syscalls_unknown = true,
	.finish = finish,
};
