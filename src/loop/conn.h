/*
 * conn: one client's connection, as a state machine.
 *
 * A connection frees itself. The event base, the deadlines and the ready queue
 * refer to it until then; it takes itself out of all three first.
 */
#ifndef MTASYNC_LOOP_CONN_H
#define MTASYNC_LOOP_CONN_H

#include "loop/context.h"
#include "server/entrance.h"

struct conn;

/*
 * Takes over a descriptor that was accepted at an entrance, which outlives the
 * connection, and reads from it at once. Where memory is short, the connection
 * is closed. `peer` is its address.
 */
void conn_open(struct context *context, int fd,
    const struct sockaddr_storage *peer, const struct entrance *entrance);

/* Tells of the client of a connection: the callback for moment.who. */
void conn_tell(const void *client, struct asker *asker);

/* Goes on with a connection whose ticket has been given a slot: `owner` of
 * pool_next_woken(). */
void conn_on_slot(void *owner);

/* Ends what a connection waits for, whose limit has passed: the callback for
 * deadlines_init(). */
void conn_on_due(struct deadline *deadline);

/* Goes on with a connection whose last turn ended at its bound: the callback for
 * ready_queue_init(). */
void conn_on_ready(struct ready *ready);

/*
 * Answers a sleeper with 503, because the drain deadline has passed, and closes
 * its connection then. Its deadline leaves the queue of DEADLINE_NEVER.
 */
void conn_refuse_sleep(struct deadline *deadline);

/* Resets a connection that hangs on purpose, which counts as nothing that is
 * cut. */
void conn_end_hang(struct deadline *deadline);

/* Whether a connection in DEADLINE_DOZE never goes on. */
bool conn_is_stalled(const struct deadline *deadline);

/* Closes the connection that has waited the longest for its client: for a request, or
 * for more of it, or to take an answer. Returns false where none does. */
bool conn_shed(struct context *context);

/* Closes a connection at once, with a reset where a request is not answered
 * whole, which counts as cut. */
void conn_abort(struct deadline *deadline);

#endif
