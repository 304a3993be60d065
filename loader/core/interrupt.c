// SPDX-License-Identifier: GPL-2.0
/*
 * Ctrl-C, see interrupt.h.
 *
 * A signal between the look at interrupted and the call that waits would be
 * lost on that call. So the first one starts an alarm, which comes again every
 * second and ends the call after all.
 */
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "interrupt.h"

volatile sig_atomic_t interrupted, insisted;

static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

static bool undoes;			 /* there is something to undo */
static volatile sig_atomic_t may_insist; /* the next signal is the second one */
static sigset_t ignored;		 /* what the caller had us ignore, and is not now */

static bool is_ignored(int sig)
{
	struct sigaction old;

	return !sigaction(sig, NULL, &old) && old.sa_handler == SIG_IGN;
}

/* No SA_RESTART. */
static void set(int sig, void (*handler)(int sig))
{
	struct sigaction act = { .sa_handler = handler };

	sigaction(sig, &act, NULL);
}

/* What the caller has us ignore, as nohup does, stays ignored. */
static void handle(void (*handler)(int sig))
{
	size_t i;

	for (i = 0; i < sizeof(stops) / sizeof(*stops); i++)
		if (!is_ignored(stops[i]))
			set(stops[i], handler);
}

/* Who insists need not wait for a device. timeout(1) sends each signal twice at once. */
static void on_alarm(int sig)
{
	(void)sig;
	if (undoes && !insisted)
		may_insist = 1;
	else
		handle(SIG_DFL);
	alarm(1);
}

static void on_signal(int sig)
{
	if (!interrupted)
		interrupted = sig;
	else if (may_insist && !insisted)
		insisted = sig;
	else
		return;
	alarm(1);
}

void interrupt_setup(void)
{
	set(SIGALRM, on_alarm);
	handle(on_signal);
}

static void take_from_ignored(int sig)
{
	if (!is_ignored(sig))
		return;
	sigaddset(&ignored, sig);
	set(sig, SIG_DFL);
}

void interrupt_setup_undo(void)
{
	undoes = true;
	take_from_ignored(SIGINT);
	take_from_ignored(SIGCHLD);
	interrupt_setup();
	if (is_ignored(SIGPIPE))
		sigaddset(&ignored, SIGPIPE);
	set(SIGPIPE, SIG_IGN);
}

void interrupt_undo(void)
{
	static const int changed[] = { SIGINT, SIGCHLD, SIGPIPE };
	size_t i;

	for (i = 0; undoes && i < sizeof(changed) / sizeof(*changed); i++)
		set(changed[i], sigismember(&ignored, changed[i]) ? SIG_IGN : SIG_DFL);
}
