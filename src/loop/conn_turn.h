/*
 * conn_turn: a connection's turns, which conn takes, and conn_due ends. Known to these
 * two alone. The worker's thread.
 */
#ifndef MTASYNC_LOOP_CONN_TURN_H
#define MTASYNC_LOOP_CONN_TURN_H

#include <stdbool.h>

#include "loop/state.h"

/* Begins a turn, in which nothing has been received or sent; see conn_run_turn()
 * for `due`. */
void conn_begin_turn(struct context *context, bool due);

/* Goes from state to state as far as the connection can now; or does so in another
 * state than the one that it waited in. May close and free it. */
void conn_run(struct conn *conn);
void conn_run_from(struct conn *conn, enum conn_state state);

/* Ends and frees a connection; nothing touches it afterwards. */
void conn_close(struct conn *conn);

/* Whether the wait for the client's FIN may not begin anew: it would last longer
 * than limits.linger_most in all; or the server drains. */
bool conn_has_lingered(const struct conn *conn);

#endif
