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
 * move. Once the predecessor is gone, the last sockets of the group, a worker
 * has one of them, are given up, by which no index changes.
 *
 * Only the main thread calls these; other threads accept from `fds`.
 */
#ifndef MTASYNC_BASE_SHARDS_H
#define MTASYNC_BASE_SHARDS_H

#include <stdbool.h>

#include "base/listener.h"

struct shards {
	struct listener_address address;
	int *fds;         /* by their index when they were bound */
	unsigned count;   /* 0: not bound, or closed */
	unsigned workers; /* shard i is for worker i modulo this */
	unsigned before;  /* the predecessor's sockets in the group */
	bool inherited;   /* one socket, which others have too; for all */
};

/*
 * Binds sockets for so many workers. With `take_over`, whoever listens on the
 * address already may go on, if SO_REUSEPORT lets us join. Without, or where
 * nobody does, the address must be free; port 0 is given a free port. All
 * addresses are bound before any of them listens. Returns 0, or -1 with errno
 * (EADDRINUSE, EACCES, EADDRNOTAVAIL, ...; EOPNOTSUPP: `take_over`, and the
 * kernel does not tell who listens).
 */
int shards_bind(struct shards *shards, const struct listener_address *address,
    unsigned workers, bool take_over);

/* Takes over a socket that listens and that others have too; see
 * listener_inherit(). Returns 0, or -1 with errno. */
int shards_inherit(struct shards *shards, int fd, unsigned workers);

/* Listens; from now on a predecessor gets no new connections, and shards_pass()
 * tells what stays so. Returns 0, or -1 with errno. */
int shards_listen(struct shards *shards, int backlog);

/* Whether shard `number` is for this worker. Any thread. */
bool shards_are_for(const struct shards *shards, unsigned number,
    unsigned worker);

/* Whether shard `number` is given up when the predecessor is gone. Any
 * thread. */
bool shards_pass(const struct shards *shards, unsigned number);

/* Whether the predecessor's sockets are gone. */
bool shards_are_alone(const struct shards *shards);

/* No connections begin any more on the shards that are given up; and, after
 * what was queued there has been accepted, closes them. */
void shards_settle(struct shards *shards);
void shards_trim(struct shards *shards);

/*
 * No connections begin any more; what is queued can still be accepted. They go
 * back to a predecessor that has not gone, unless a successor has come.
 * Inherited sockets stay as they are: whoever has them too goes on.
 */
void shards_shut(struct shards *shards);

/* Whether handshakes are still under way, as far as the kernel tells. */
bool shards_are_shaking_hands(const struct shards *shards);

/* Closes all, which resets what is queued and not inherited. */
void shards_close(struct shards *shards);

#endif
