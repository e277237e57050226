/*
 * visitor: the client of a connection, as the access log tells of it. A connection has
 * one only where there is a log, or an end to what it may have. The thread that serves
 * it.
 */
#ifndef MTASYNC_SERVER_VISITOR_H
#define MTASYNC_SERVER_VISITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/wire.h"

struct tls;

struct visitor {
	uint64_t connection; /* its number, from visitor_number() */
	uint32_t requests;   /* whose answers have ended */
	bool broken : 1;     /* the server itself breaks the answer off */
	bool secured : 1;    /* visitor_note_tls() has been called */
	bool aged : 1;       /* it has a time to end */
	bool renamed : 1;    /* `peer` is whom the connection's peer asks for */

	/* The address as text. The last member: of one from visitor_new(), memory
	 * ends with the text, or behind what few have and follows it. */
	char peer[WIRE_NAME_MAX];
};

/*
 * Returns a number for a connection, from 1, that no other one of the process has:
 * of `workers` workers, each takes the next of every so many numbers.
 * `worker` counts from 0; `before` is how many connections it has had before.
 */
static inline uint64_t
visitor_number(uint64_t before, unsigned workers, unsigned worker)
{
	return before * workers + worker + 1;
}

/* Makes a visitor of the client at an address. */
void visitor_init(struct visitor *visitor, uint64_t connection,
    const struct sockaddr_storage *peer);

/* Returns the same, with no more memory than that takes, and room for TLS where it may be
 * `secured`; it has to end at `until`, as clock_now(), INT64_MAX: never. To be freed
 * by free(); or NULL where memory is short. */
struct visitor *visitor_new(uint64_t connection,
    const struct sockaddr_storage *peer, bool secured, int64_t until);

/* Returns the same visitor as the client at `peer`, NULL: as the connection's own peer
 * again; it takes the place of `old`, one from visitor_new(), which is freed where it is
 * another. Or NULL where memory is short. */
struct visitor *visitor_rename(struct visitor *old,
    const struct sockaddr_storage *peer);

/* Returns when a connection is to end that begins now and may be as old as `age`, a
 * tenth more or less, so that those which came together do not leave together; 0: any
 * age. Times as clock_now(). */
int64_t visitor_end(uint64_t connection, int64_t age, int64_t now);

/* Whether its time to end has come. */
bool visitor_is_old(const struct visitor *visitor, int64_t now);

/* Takes down the TLS of one that was made for it, whose handshake is done. */
void visitor_note_tls(struct visitor *visitor, const struct tls *tls);

/* Returns that; NULL: the client speaks in clear. */
const struct tls *visitor_tls(const struct visitor *visitor);

/* Returns the address as text; or NULL where there is no visitor. */
static inline const char *
visitor_peer(const struct visitor *visitor)
{
	return visitor != NULL ? visitor->peer : NULL;
}

#endif
