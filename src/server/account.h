/*
 * account: what is told of an exchange that ends: by the counters, and by the lines of
 * the log and the journal. Known to exchange alone. The thread that serves the
 * request.
 */
#ifndef MTASYNC_SERVER_ACCOUNT_H
#define MTASYNC_SERVER_ACCOUNT_H

#include "server/exchange.h"

/* Appends the lines of the log and the journal. `visitor`: see exchange_end(). It is not
 * inlined: without these, a request needs no room for a line on the stack. */
void account_tell(const struct exchange *exchange,
    const struct exchange_host *host, const struct visitor *visitor)
    __attribute__((noinline));

/* Counts a request that is not one of the many: see account_count(). */
void account_count_other(const struct exchange *exchange,
    const struct exchange_host *host);

/* Counts the request among those that have ended. The many are those for a file that
 * end as soon as they begin. */
static inline void
account_count(const struct exchange *exchange, const struct exchange_host *host)
{
	const struct message *message = &exchange->answer.message;

	if (message_is_ordinary(message))
		stats_add(&host->stats->ordinary, 1);
	else
		account_count_other(exchange, host);
}

#endif
