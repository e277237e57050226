/*
 * shards: the sockets that listen on one address. Most of the time there is
 * one for each worker, in a group by SO_REUSEPORT, among which the kernel deals
 * new connections out.
 *
 * A successor, started to take the place of a server that still runs, joins
 * that server's group and has a program of its own (classic BPF) choose by
 * index. When a socket leaves the group, the last one moves to its index. So
 * that no index it uses ever changes, the successor brings as many sockets more
 * as its predecessor has, and chooses none of those: they are the ones that
 * move. Once the predecessor is gone, the last sockets of the group, one of
 * each worker, are surplus. To close the last of a group changes no index, and
 * it leaves each worker equally many.
 *
 * A unix socket has no group: one is shared by all workers. A successor puts its
 * own in the place of its predecessor's file (base/unix_socket), and steers
 * nothing: the predecessor accepts who has been queued at its own.
 *
 * Only the main thread calls these; other threads accept from `fds`.
 */
#ifndef MTASYNC_BASE_SHARDS_H
#define MTASYNC_BASE_SHARDS_H

#include <stdbool.h>

#include "base/listener.h"

struct shards {
	struct listener_address address;
	int *fds;                /* by their index when they were bound */
	unsigned count;          /* 0: not bound, or closed */
	unsigned workers;        /* shard i is for worker i modulo this */
	unsigned before;         /* the predecessor's sockets in the group */
	bool shared;             /* there is one socket, for all workers */
	bool inherited;          /* it is shared, and others have it, too */
	struct unix_socket file; /* of a unix socket that is our own */
};

/* What is so for the sockets of all addresses. */
struct shards_terms {
	unsigned workers;
	bool take_over; /* also where a server that takes part listens */
	bool freebind;  /* also where the machine has not got the address yet */
};

/*
 * Binds sockets for the workers. With `take_over`, whoever listens on the
 * address already may go on, if SO_REUSEPORT lets us join. Without, or where
 * nobody does, the address must be free; port 0 is given a free port. All
 * addresses are bound before any of them listens. Returns 0, or -1 with errno
 * (EADDRINUSE, EACCES, EADDRNOTAVAIL, ...; EOPNOTSUPP: `take_over`, and the
 * kernel does not tell who listens; those of unix_socket_bind()).
 */
int shards_bind(struct shards *shards, const struct listener_address *address,
    const struct shards_terms *terms);

/* Takes over a socket that listens and that others have too; see
 * listener_inherit(). Returns 0, or -1 with errno. */
int shards_inherit(struct shards *shards, int fd, unsigned workers);

/* Has all shards listen, and steers new connections to them, away from a
 * predecessor. Only from now on does shards_is_surplus() tell what stays so.
 * Returns 0, or -1 with errno. */
int shards_listen(struct shards *shards, int backlog);

/* Whether shard `number` is for this worker. Any thread. */
bool shards_are_for(const struct shards *shards, unsigned number,
    unsigned worker);

/* Whether shard `number` is surplus: needed while the predecessor has sockets
 * in the group, and closed when it is gone. Any thread. */
bool shards_is_surplus(const struct shards *shards, unsigned number);

/* Whether the group holds our sockets alone: the predecessor's are gone, and no
 * successor has come. */
bool shards_are_alone(const struct shards *shards);

/* Steers new connections to all shards but the surplus. Returns 0; or -1 with
 * errno: then it is to be called again. */
int shards_retire_surplus(struct shards *shards);

/* Closes the surplus shards, after the workers have accepted what was queued
 * there, and lets the kernel deal connections out by itself again. */
void shards_close_surplus(struct shards *shards);

/*
 * Lets no connection begin any more on any shard; what is queued can still be
 * accepted. Gives new connections back to a predecessor that has not gone,
 * unless a successor has come. Removes a unix socket's file, if that is still
 * ours; from now on poll(2) says that somebody is queued there. Leaves inherited
 * sockets as they are, since whoever has them too goes on. Returns 0; or -1 with
 * errno where connections may still begin on some: see listener_shut().
 */
int shards_shut(struct shards *shards);

/* Whether handshakes are still under way; true also where the kernel does not
 * tell, so the caller bounds its wait. */
bool shards_are_shaking_hands(const struct shards *shards);

/* Closes all shards, which resets clients that are queued, but for those of an
 * inherited socket. */
void shards_close(struct shards *shards);

#endif
