/*
 * conn: one client's connection, as a state machine.
 *
 * It frees itself; who may refer to it meanwhile is the base (by its events),
 * the deadlines and the ready queue, which it leaves first.
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

/* For deadlines_init(): a connection has come to one of its limits. */
void conn_on_due(struct deadline *deadline);

/* For ready_queue_init(): it goes on where its share of the last turn ended. */
void conn_on_ready(struct ready *turn);

/*
 * The drain deadline has passed: answers a sleeper with 503, and closes then.
 * It leaves DEADLINE_NEVER's queue.
 */
void conn_refuse_sleep(struct deadline *deadline);

/* Closes at once, with a reset; what had no whole answer counts as cut. */
void conn_abort(struct deadline *deadline);

#endif
