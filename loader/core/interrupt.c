// SPDX-License-Identifier: GPL-2.0
/*
 * Ctrl-C, see interrupt.h.
 *
 * A signal between the look at interrupted and the call that waits would be
 * lost on that call. So the first one starts an alarm, which comes again every
 * second and ends the call after all.
 */
#include <stddef.h>
#include <unistd.h>

#include "interrupt.h"

volatile sig_atomic_t interrupted;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

/* No SA_RESTART. What the caller has us ignore, as nohup does, stays ignored. */
static void handle(void (*handler)(int sig))
{
	struct sigaction act = { .sa_handler = handler }, old;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
}

/* Who insists need not wait for a device. timeout(1) sends each signal twice at once. */
static void on_alarm(int sig)
{
	(void)sig;
	handle(SIG_DFL);
	alarm(1);
}

static void on_signal(int sig)
{
	interrupted = sig;
	alarm(1);
}

void interrupt_setup(void)
{
	struct sigaction act = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &act, NULL);
	handle(on_signal);
}
