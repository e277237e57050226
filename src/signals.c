/* Interrupts what the main thread waits for; the main thread. */
#include "config.h"

#include "signals.h"

#include <signal.h>
#include <stddef.h>

/* The last one that has come; 0: none. The one way that a handler has to tell. */
static volatile sig_atomic_t signals_come;

static void
signals_on_end(int number)
{
	signals_come = number;
}

static sigset_t
signals_of_end(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

void
signals_let_in(void)
{
	/* without SA_RESTART */
	const struct sigaction action = { .sa_handler = signals_on_end };
	const sigset_t set = signals_of_end();

	signals_come = 0;
	/* none of these fails for signals that there are */
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int
signals_hold(void)
{
	const sigset_t set = signals_of_end();

	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signals_come;
}
