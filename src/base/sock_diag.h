/*
 * sock_diag: what the kernel knows of TCP sockets, this process's and others'
 * in the same network namespace; see sock_diag(7). No privilege is needed.
 */
#ifndef MTASYNC_BASE_SOCK_DIAG_H
#define MTASYNC_BASE_SOCK_DIAG_H

#include "base/listener.h"

/*
 * How many sockets listen on just this address, whoever has them. Returns -1
 * with errno: EOPNOTSUPP where the kernel does not tell, since inet_diag is not
 * there or may not be asked; EMFILE, ENOMEM and the like where it could have.
 * Some microseconds; any thread.
 */
int sock_diag_count_listening(const struct listener_address *address);

/*
 * How many handshakes are under way on the address's port, at any address of
 * the same family: a SYN has come, and the ACK that makes a connection of it
 * has not. Otherwise like the above; some milliseconds, since the kernel looks
 * through all connections for them.
 */
int sock_diag_count_handshakes(const struct listener_address *address);

#endif
