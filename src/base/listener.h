/* listener: TCP listening sockets, sharded by SO_REUSEPORT. */
#ifndef MTASYNC_BASE_LISTENER_H
#define MTASYNC_BASE_LISTENER_H

#include <sys/socket.h>

#include "base/span.h"

/* Room for `[IPv6 address%scope]:port`, NUL included. */
#define LISTENER_TEXT_MAX 80

struct listener_address {
	struct sockaddr_storage socket;
	socklen_t size; /* bytes of `socket` in use */
};

/*
 * HOST:PORT, [V6]:PORT or PORT (which means 127.0.0.1:PORT). HOST is an IPv4
 * address or a name, which is resolved to its first address. PORT is 0 to
 * 65535. Returns 0, or -1 with *why set to a constant text that says what is
 * wrong. May wait for a name server. Main thread.
 */
int listener_parse(const char *text, struct listener_address *address,
    const char **why);

/*
 * Finds out whether the address can be listened on, and by nobody else:
 * SO_REUSEPORT would quietly let us in beside another server of the same
 * user. Connections left in TIME_WAIT are no obstacle. Port 0 is given a free
 * port, written into *address. Nothing is held: bind the address's shards
 * before the next claim (which else might be given the same free port), and
 * let none of them listen before the last claim, or it finds our own. Returns
 * 0, or -1 with errno (EADDRINUSE, EACCES, EADDRNOTAVAIL, ...). Main thread.
 */
int listener_claim(struct listener_address *address);

/*
 * One shard: a socket that is bound (SO_REUSEADDR, SO_REUSEPORT, V6ONLY),
 * non-blocking, close-on-exec, not listening yet. Returns a descriptor that
 * the caller owns, or -1 with errno. Main thread.
 */
int listener_bind(const struct listener_address *address);

/*
 * Sets what accepted sockets inherit, so that it costs no system call for each:
 * TCP_NODELAY, and a bound to what waits in the kernel unsent. Returns 0, or
 * -1 with errno. Main thread.
 */
int listener_tune(int fd);

/*
 * Before a close, which resets who is queued: no connection begins on this
 * shard any more, and what is queued can still be accepted. A client that
 * asks for one hears nothing, asks again after a second, and is refused by
 * then. Does what it can; the thread that owns the descriptor.
 */
void listener_shut(int fd);

/* `127.0.0.1:7878` or `[::1]:7878`. Any thread. */
void listener_format(char text[LISTENER_TEXT_MAX],
    const struct listener_address *address);

#endif
