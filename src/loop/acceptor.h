/*
 * acceptor: the listeners of one worker: it accepts from them while there is
 * room, and leaves them when it is told to. That worker's thread; before the
 * start, and after the end, the main thread.
 */
#ifndef MTASYNC_LOOP_ACCEPTOR_H
#define MTASYNC_LOOP_ACCEPTOR_H

#include "loop/context.h"
#include "server/balance.h"
#include "server/listeners.h"
#include "server/worker.h"

/* Which listeners are to be left. */
enum acceptor_part {
	ACCEPTOR_NONE,
	ACCEPTOR_SURPLUS, /* see shards_is_surplus() */
	ACCEPTOR_SHARED,  /* inherited, or of unix: left when a drain begins */
	ACCEPTOR_ALL,
};

/* The worker, and what the acceptor tells it. */
struct acceptor_host {
	void *worker;
	void (*on_left)(void *worker); /* acceptor_leave() is carried out */
};

/* A socket to accept from; the main thread closes it. */
struct acceptor_listener {
	struct acceptor *acceptor;
	const struct shards *shards;
	const struct entrance *entrance;
	unsigned number; /* of the shard */
	int fd;          /* -1: left */
	enum acceptor_part part;
	struct event event;
};

struct acceptor {
	struct context *context;
	struct balance *balance; /* by which it may hand them over; or NULL */
	struct acceptor_host host;
	struct acceptor_listener *listeners;
	unsigned count;
	enum acceptor_part leaving; /* not all of these have been left yet */
	bool paused;                /* no room: the listeners are not watched */
	struct event room_timer; /* looks for room for those who are queued */
};

/* Collects the sockets from which worker number `worker` accepts; the server, whose
 * they are, outlives the acceptor. Returns 0, or -1 with errno; acceptor_close() is right
 * in both cases. */
int acceptor_open(struct acceptor *acceptor, struct context *context,
    const struct acceptor_host *host, const struct worker_host *server,
    unsigned worker);
void acceptor_close(struct acceptor *acceptor);

/* Takes down how many wait to be accepted or opened, and how many were turned away. Costs two
 * system calls for each listener. The worker's thread. */
void acceptor_look(struct acceptor *acceptor, struct stats *stats);

/* Begins to watch the sockets, which listen by now. Returns 0, or -1 where
 * memory is short. */
int acceptor_start(struct acceptor *acceptor);

/* Has an acceptor that has paused accept again, since a connection has closed. */
void acceptor_on_room(struct acceptor *acceptor);

/*
 * Leaves the listeners of one part, each when what is queued there has been
 * accepted; but an inherited one at once, since others accept what is queued.
 * When it has left all of them, which may be before it returns, it calls the
 * host's on_left().
 */
void acceptor_leave(struct acceptor *acceptor, enum acceptor_part part);

/* Leaves all listeners at once, whoever is queued there. */
void acceptor_drop(struct acceptor *acceptor);

/* Whether it has left all listeners. */
bool acceptor_has_left(const struct acceptor *acceptor);

#endif
