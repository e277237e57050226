/* Asks another process, which serves; the main thread. */
#include "config.h"

#include "healthcheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cidr.h"
#include "base/log.h"

/* The seconds for each thing that the server does. */
#define HEALTHCHECK_PATIENCE 3

/* What is read of an answer: `HTTP/1.1 204`. */
#define HEALTHCHECK_STATUS_MAX sizeof("HTTP/1.1 204")

/* How the PROXY protocol, version 2, begins what its proxy asks for itself (LOCAL). */
static const char healthcheck_local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/* Returns a connection, or -1 with errno; to make it, and each call on it, take
 * HEALTHCHECK_PATIENCE at most. To 0.0.0.0 and [::], the kernel connects by loopback. */
static int
healthcheck_connect(const struct listener_address *address)
{
	const struct timeval patience = { .tv_sec = HEALTHCHECK_PATIENCE };
	int saved, fd = socket(address->socket.ss_family,
		       SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience)) == 0 &&
	    connect(fd, (const struct sockaddr *)&address->socket,
		address->size) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Asks on a connection. Returns 0 with the beginning of the answer, or -1 with errno:
 * EPROTO of what is none. */
static int
healthcheck_ask(int fd, bool proxied, const char *request,
    char status[HEALTHCHECK_STATUS_MAX])
{
	const size_t wanted = HEALTHCHECK_STATUS_MAX - 1;
	ssize_t got;

	if (proxied && send(fd, healthcheck_local,
			   sizeof(healthcheck_local) - 1, MSG_MORE) == -1)
		return -1;
	if (send(fd, request, strlen(request), 0) == -1)
		return -1;
	got = recv(fd, status, wanted, MSG_WAITALL);
	if (got == -1)
		return -1;
	status[got] = '\0';
	if ((size_t)got == wanted && strncmp(status, "HTTP/1.1 ", 9) == 0 &&
	    strspn(status + 9, "0123456789") == 3)
		return 0;
	errno = EPROTO;
	return -1;
}

/* Says why there is no answer, by errno; EAGAIN and EINPROGRESS are how the kernel tells of a
 * time that is over. */
static void
healthcheck_refuse(const char *where)
{
	if (errno == EAGAIN || errno == EINPROGRESS || errno == ETIMEDOUT)
		log_error("not ready: %s: no answer within %d s", where,
		    HEALTHCHECK_PATIENCE);
	else if (errno == EPROTO)
		log_error("not ready: %s: no answer of HTTP/1.1", where);
	else
		log_error("not ready: %s: %m", where);
}

/* Where it asks, and for what. */
static const struct listeners_place *
healthcheck_choose(const struct options *options, const char **request)
{
	if (options->admin != NULL) {
		*request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
		return &options->admin_place;
	}
	*request = "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n";
	return &options->listen[0];
}

/* Whether a request is to be made on a connection. Where the server speaks TLS, or trusts
 * proxies of which this process is none, it is enough that it takes connections. */
static bool
healthcheck_is_heard(const struct options *options,
    const struct listeners_place *place, int fd)
{
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof(own);

	if (place->tls)
		return false;
	if (!place->proxied || options->trusted_count == 0)
		return true;
	return getsockname(fd, (struct sockaddr *)&own, &size) == 0 &&
	       (own.ss_family == AF_UNIX || cidr_any_has(options->trusted,
						options->trusted_count, &own));
}

int
healthcheck_run(const struct options *options)
{
	const char *request;
	const struct listeners_place *place = healthcheck_choose(options,
	    &request);
	const struct listener_address *address = &place->addresses.list[0];
	char where[LISTENER_TEXT_MAX];
	char status[HEALTHCHECK_STATUS_MAX] = "connected";
	int result = -1, fd;

	listener_format(where, address);
	fd = healthcheck_connect(address);
	if (fd == -1 ||
	    (healthcheck_is_heard(options, place, fd) &&
		healthcheck_ask(fd, place->proxied, request, status) == -1)) {
		healthcheck_refuse(where);
	} else if (status[0] == 'H' && status[9] != '2') {
		log_error("not ready: %s: %s", where, status);
	} else {
		if (options->log_level >= LOG_LEVEL_INFO)
			printf("mtasync: ready: %s: %s\n", where, status);
		result = 0;
	}
	if (fd != -1)
		close(fd);
	return result;
}
