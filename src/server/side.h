/*
 * side: one kind of clients, and all that is for them: the sockets on which they come,
 * the limits to them, and the workers that serve them. A server has one for the
 * public, and maybe one for the operator. Main thread.
 */
#ifndef MTASYNC_SERVER_SIDE_H
#define MTASYNC_SERVER_SIDE_H

#include "server/publisher.h"
#include "server/stages.h"
#include "server/worker.h"

struct side {
	struct server_config *config; /* NULL: the server has no such side */
	struct listeners listeners;
	struct publisher publisher; /* until the server is certain to start */
	struct totals totals;
	struct worker_host host;
	struct worker **workers;
	unsigned worker_count;
	struct stages stages;
	enum worker_order order; /* the last one */
};

/*
 * Binds the sockets of a zeroed side, whose `config` and `host` are set, and makes
 * room for its workers. Returns 0; or -1, and has said why. side_close() is right in
 * both cases, and of a side without a config.
 */
int side_open(struct side *side);

/* Makes the workers, once config->max_conns is known. Returns as side_open(). */
int side_make_workers(struct side *side);

/* See server_prepare(). */
int side_prepare(struct side *side, bool chrooted);

/* Puts a generation into all workers' mailboxes. */
void side_use_root(struct side *side, struct generation *generation);

/* Whether all workers have taken the generation that they were sent. */
bool side_has_reloaded(const struct side *side);

/* Listens, and starts the workers. Returns 0; or -1, and has said why: then all
 * that have been started are to be ordered to stop, and joined. */
int side_start(struct side *side);

/* Gives all workers an order, unless it has been given or passed over. */
void side_order(struct side *side, enum worker_order order);

/* Goes through all stages of the listeners that are over, and gives the orders of
 * the next. */
void side_advance(struct side *side, int64_t now);

/* Begins a drain. Returns false where it has begun before. */
bool side_drain(struct side *side, int64_t now);

/* Waits for the end of all workers' threads. */
void side_join(struct side *side);

/* Has the workers tell their parts of a census that have not been asked to. Those whose
 * mailboxes hold another one are to be asked again, and keep nobody else from it.
 * Any thread, while the workers run. */
void side_ask(const struct side *side, struct census *census);

void side_close(struct side *side);

#endif
