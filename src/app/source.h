/*
 * source: a content that comes from elsewhere, in its time: what another thread has yet
 * to find out, or a stream without an end. Who answers owns it by its message. The
 * thread that began the answer.
 */
#ifndef MTASYNC_APP_SOURCE_H
#define MTASYNC_APP_SOURCE_H

#include <stdint.h>

#include "app/piece.h"

struct message;
struct source;

struct source_kind {
	const char *type; /* the Content-Type of what next() yields */

	/* Hears the next bytes of the request's content; NULL: it does not care. */
	void (*hear)(struct source *source, struct span content);

	/*
	 * Readies the message for its head: returns 0 where it is, or when to ask
	 * again, as clock_now(). It may make something else of the message, which
	 * frees the source.
	 */
	int64_t (*settle)(struct source *source, struct message *message,
	    int64_t now);

	/* Yields PIECE_LENT, of bytes that live until the next call, PIECE_TURN,
	 * PIECE_UNTIL or PIECE_END. NULL: the message is something else by then. */
	void (*next)(struct source *source, int64_t now, struct piece *piece);

	void (*free)(struct source *source);
};

/* The first member of each kind's own. */
struct source {
	const struct source_kind *kind;
};

#endif
