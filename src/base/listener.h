/* listener: addresses as text, and sockets that listen there: of TCP, sharded by
 * SO_REUSEPORT, or of unix(7). */
#ifndef MTASYNC_BASE_LISTENER_H
#define MTASYNC_BASE_LISTENER_H

#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/span.h"
#include "base/unix_socket.h"

/* Room for `unix:PATH`, and for `[IPv6 address%scope]:port`, NUL included. */
#define LISTENER_TEXT_MAX 128

/* How many addresses one name may have. */
#define LISTENER_ADDRESSES_MAX 8

struct listener_address {
	struct sockaddr_storage socket;
	socklen_t size;                   /* bytes of `socket` in use */
	struct unix_socket_rights rights; /* of a unix socket's file */
};

/* All addresses of one name, on the same port; the first is asked for first. */
struct listener_addresses {
	struct listener_address list[LISTENER_ADDRESSES_MAX];
	unsigned count;
};

/*
 * Parses HOST:PORT, [V6]:PORT, PORT (which means 127.0.0.1:PORT), or unix: and
 * what unix_socket_parse() takes. HOST is an IPv4 address or a name, which is
 * resolved to all of its addresses. `localhost` is 127.0.0.1 and ::1, whatever
 * the databases say (RFC 6761 6.3). PORT is 0 to 65535. Returns 0, or -1 with
 * *why set to a constant text that says what is wrong. May wait for a name
 * server. Main thread.
 */
int listener_parse(const char *text, struct listener_addresses *found,
    const char **why);

/* Whether only processes of this machine can reach an address: loopback, unix. */
bool listener_is_local(const struct listener_address *address);

/*
 * Finds out whether the address can be listened on, and by nobody else:
 * SO_REUSEPORT would quietly let us in beside another server of the same
 * user. Connections left in TIME_WAIT are no obstacle. With `freebind`, the
 * machine need not have the address yet (IP_FREEBIND). Port 0 is given a free
 * port, written into *address. Nothing is held: bind the address's shards
 * before the next claim (which else might be given the same free port), and
 * let none of them listen before the last claim, or it finds our own. Returns
 * 0, or -1 with errno (EADDRINUSE, EACCES, EADDRNOTAVAIL, ...). Main thread.
 */
int listener_claim(struct listener_address *address, bool freebind);

/*
 * Binds one shard: a socket with SO_REUSEADDR, SO_REUSEPORT and V6ONLY,
 * non-blocking, close-on-exec, not listening yet. Returns a descriptor that
 * the caller owns, or -1 with errno. Main thread.
 */
int listener_bind(const struct listener_address *address, bool freebind);

/* The longest queue that the kernel grants, from proc(5). Main thread. */
int64_t listener_queue_max(void);

/* Returns the port as the network has it; 0 for a unix socket. Any thread. */
in_port_t listener_port(const struct listener_address *address);

/* Sets the port, which is as listener_port() returns it, of a TCP address. */
void listener_set_port(struct listener_address *address, in_port_t port);

/* Whether the port is 0, which means any free one. */
bool listener_has_any_port(const struct listener_address *address);

/* Whether it is the address of a unix socket. Any thread. */
bool listener_is_unix(const struct listener_address *address);

/*
 * Makes a socket that somebody else has bound, and listens on, fit for use:
 * non-blocking, close-on-exec; *address is where it listens.
 * Returns 0, or -1 with errno: EINVAL where it is no TCP or unix stream socket
 * that listens, EBADF where there is none. Main thread.
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

/* The network device that listener_shut() binds to. There is none of this
 * number. */
#define LISTENER_NO_DEVICE INT_MAX

/*
 * Lets no connection begin any more on this shard, of TCP; what is queued can
 * still be accepted, and handshakes that are under way may end. For the time before
 * a close, which resets who is queued. A client that asks for a connection is
 * refused, or comes in at another shard of the address.
 *
 * Needs no privilege from Linux 5.7 on, unless the socket is bound to a device
 * already, as one of a link-local address is. Else, a filter drops what begins a
 * connection, for which newer kernels want CAP_NET_ADMIN: then a client asks again
 * after a second, and is refused by then. Returns 0; or -1 with errno where
 * neither can be had. Main thread.
 */
int listener_shut(int fd);

/* Writes the address as `127.0.0.1:7878`, `[::1]:7878`, or `unix:/run/x`. Any
 * thread. */
void listener_format(char text[LISTENER_TEXT_MAX],
    const struct listener_address *address);

#endif
