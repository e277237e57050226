/* The service manager's environment variables and its socket; main thread. */
#include "config.h"

#include "base/activation.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef HAVE_LIBSYSTEMD
# include <systemd/sd-daemon.h>
#endif

#include "base/clock.h"
#include "base/units.h"

/* Returns the number in an environment variable; -1: none, or not a number. */
static int64_t
activation_number(const char *name)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	const char *text = getenv(name);
	int64_t number;

	if (text == NULL ||
	    units_parse_count(span_of(text), &number) != UNITS_OK)
		return -1;
	return number;
}

int
activation_count(void)
{
	int64_t count = activation_number("LISTEN_FDS");

	if (activation_number("LISTEN_PID") != getpid())
		return 0;
	return count > 0 && count < INT_MAX - ACTIVATION_FIRST ? (int)count
							       : -1;
}

#ifdef HAVE_LIBSYSTEMD

/* Sends the state with the time of now: a manager that waits for the end of a
 * reload has to tell its messages from earlier ones. */
void
activation_tell(enum activation_state state)
{
	static const char *const names[] = { "READY", "RELOADING", "STOPPING" };

	(void)sd_notifyf(0, "%s=1\nMONOTONIC_USEC=%" PRId64, names[state],
	    clock_now() / CLOCK_US);
}

#else

void
activation_tell(enum activation_state state)
{
	(void)state;
}

#endif

bool
activation_waits_at_path(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	const char *path = getenv("NOTIFY_SOCKET");

	return path != NULL && path[0] == '/';
}
