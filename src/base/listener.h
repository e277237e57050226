/* listener: TCP listening sockets, sharded by SO_REUSEPORT. */
#ifndef MTASYNC_BASE_LISTENER_H
#define MTASYNC_BASE_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/span.h"

/* Room for `[IPv6 address%scope]:port`, NUL included. */
#define LISTENER_TEXT_MAX 80

struct listener_address {
	struct sockaddr_storage socket;
	socklen_t size; /* bytes of `socket` in use */
};

/*
 * Parses HOST:PORT, [V6]:PORT or PORT (which means 127.0.0.1:PORT). HOST is an
 * IPv4 address or a name, which is resolved to its first address. PORT is 0 to
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
 * Binds one shard: a socket with SO_REUSEADDR, SO_REUSEPORT and V6ONLY,
 * non-blocking, close-on-exec, not listening yet. Returns a descriptor that
 * the caller owns, or -1 with errno. Main thread.
 */
int listener_bind(const struct listener_address *address);

/* The longest queue that the kernel grants, from proc(5). Main thread. */
int64_t listener_queue_max(void);

/* Whether the port is 0, which means any free one. */
bool listener_has_any_port(const struct listener_address *address);

/*
 * Makes a socket that somebody else has bound, and listens on, fit for use:
 * non-blocking, close-on-exec; *address is where it listens.
 * Returns 0, or -1 with errno: EINVAL where it is no TCP socket that listens,
 * EBADF where there is none. Main thread.
 */
int listener_inherit(int fd, struct listener_address *address);

/*
 * Has the kernel deal new connections out, at random, among `count` shards of
 * the group that `fd` is in, from index `first` on. Shards have their indices
 * by the order in which they began to listen. Where the index that is drawn
 * belongs to nobody, the kernel chooses among all. Returns 0, or -1 with errno.
 * Main thread.
 */
int listener_steer(int fd, unsigned first, unsigned count);

/* Ends listener_steer(): the kernel chooses among all shards. Main thread. */
void listener_stop_steering(int fd);

/*
 * Sets what accepted sockets inherit, so that it costs no system call for each:
 * TCP_NODELAY, and a bound to what waits in the kernel unsent. Returns 0, or
 * -1 with errno. Main thread.
 */
int listener_tune(int fd);

/*
 * Lets no connection begin any more on this shard; what is queued can still be
 * accepted. For the time before a close, which resets who is queued. A client
 * that asks for a connection hears nothing, asks again after a second, and is
 * refused by then. Does nothing where the kernel is short of memory. Main
 * thread.
 */
void listener_shut(int fd);

/* Writes the address as `127.0.0.1:7878` or `[::1]:7878`. Any thread. */
void listener_format(char text[LISTENER_TEXT_MAX],
    const struct listener_address *address);

#endif
