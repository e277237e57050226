/* Waits for name servers, and for the end of the program. Main thread. */
#include "config.h"

#include "names.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static void
names_on_end(int number)
{
	(void)number;
	_exit(EXIT_SUCCESS);
}

/* Which signals are to end the program. */
static sigset_t
names_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

/* Lets the signals in. They may have been ignored by who started the program,
 * as the shell does in scripts. */
static void
names_release_signals(bool check)
{
	const struct sigaction action = { .sa_handler = check ? SIG_DFL
							      : names_on_end };
	const sigset_t set = names_signals();

	/* none of these fails for signals that there are */
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

enum options_result
names_look_up(struct options *options, struct privileges *privileges)
{
	const sigset_t set = names_signals();
	enum options_result result;

	names_release_signals(options->check);
	result = options_resolve(options);
	if (result == OPTIONS_RUN &&
	    privileges_find(privileges, options->user) == -1)
		result = OPTIONS_FAILED;
	(void)pthread_sigmask(SIG_BLOCK, &set,
	    NULL); /* they are held as before */
	return result;
}
