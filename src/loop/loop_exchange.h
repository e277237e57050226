/*
 * loop_exchange: an exchange of a loop's connection, with the alarm by which
 * its answer goes on. A connection has at most one, and none while it is idle.
 * The worker's thread.
 */
#ifndef MTASYNC_LOOP_LOOP_EXCHANGE_H
#define MTASYNC_LOOP_LOOP_EXCHANGE_H

#include "loop/context.h"
#include "server/exchange.h"

struct loop_exchange {
	struct exchange exchange;
	struct alarm alarm; /* when the answer may go on */
};

/* Returns one for exchange_begin() or exchange_refuse(); or NULL where memory
 * is short. */
struct loop_exchange *loop_exchange_new(struct context *context);

/* Ends the exchange, with `visitor` for its line of the log (see exchange_end()),
 * and frees it, or keeps it as the context's spare one. */
void loop_exchange_end(struct loop_exchange *loop_exchange,
    struct context *context, struct visitor *visitor);

#endif
