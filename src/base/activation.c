/* The service manager's environment variables and its socket; main thread. */
#include "config.h"

#include "base/activation.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
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

/* Where the service manager waits to be told; NULL: nobody does. */
static const char *
activation_manager(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables */
	return getenv("NOTIFY_SOCKET");
}

/*
 * The address of a socket that is named by an absolute path, or by `@` and a
 * name that is in no file system. Returns its size; or 0, with errno.
 */
static socklen_t
activation_address(const char *name, struct sockaddr_un *address)
{
	size_t size = strlen(name);

	errno = EAFNOSUPPORT;
	if (name[0] != '/' && name[0] != '@')
		return 0;
	errno = ENAMETOOLONG;
	if (size > sizeof address->sun_path)
		return 0;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, name, size);
	if (name[0] == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

/* Sends a text to the socket of that name. Returns 0, or -1 with errno. */
static int
activation_send(const char *name, const char *text)
{
	struct sockaddr_un address;
	socklen_t size = activation_address(name, &address);
	int fd, saved;
	ssize_t sent;

	if (size == 0)
		return -1;
	/* who does not read must not keep us from the operator's signals */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (struct sockaddr *)&address, size);
	saved = errno;
	close(fd);
	errno = saved;
	return sent == -1 ? -1 : 0;
}

/* Sends the state with the time of now: a manager that waits for the end of a
 * reload has to tell its messages from earlier ones. */
void
activation_tell(enum activation_state state)
{
	static const char *const names[] = { "READY", "RELOADING", "STOPPING" };
	const char *manager = activation_manager();
	char text[64];

	if (manager == NULL)
		return;
	snprintf(text, sizeof text, "%s=1\nMONOTONIC_USEC=%" PRId64,
	    names[state], clock_now() / CLOCK_US);
	if (activation_send(manager, text) == -1)
		log_error("NOTIFY_SOCKET=%.200s can't be told %s: %m", manager,
		    names[state]);
}

bool
activation_waits_at_path(void)
{
	const char *path = activation_manager();

	return path != NULL && path[0] == '/';
}
