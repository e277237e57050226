/*
 * sock_diag: what the kernel knows of TCP sockets, this process's and others'
 * in the same network namespace; see sock_diag(7). No privilege is needed.
 */
#ifndef MTASYNC_BASE_SOCK_DIAG_H
#define MTASYNC_BASE_SOCK_DIAG_H

#include "base/listener.h"

/*
 * Counts the sockets that listen on just this address, whoever has them.
 * Returns -1 with errno: EOPNOTSUPP where the kernel does not tell, since
 * inet_diag is not there or may not be asked; EMFILE, ENOMEM and the like where
 * it could have. Some microseconds; any thread.
 */
int sock_diag_count_listening(const struct listener_address *address);

/*
 * Counts those of them that still take new connections: all but those that
 * listener_shut() has bound to no device. These are in no group of SO_REUSEPORT
 * that a new socket can join. Returns -1 with errno as the function above does.
 */
int sock_diag_count_open(const struct listener_address *address);

/*
 * Counts the handshakes that are under way on the address's port, at any
 * address of the same family: a SYN has come, and the ACK that makes a
 * connection of it has not. Returns -1 with errno as the function above does.
 * Some milliseconds, since the kernel looks through all connections for them;
 * any thread.
 */
int sock_diag_count_handshakes(const struct listener_address *address);

#endif
