/*
 * exchange: one request's answer on its way. A connection has one at a time,
 * and holds none while it is idle.
 */
#ifndef MTASYNC_LOOP_EXCHANGE_H
#define MTASYNC_LOOP_EXCHANGE_H

#include "http/body.h"
#include "http/combined.h"
#include "loop/context.h"

struct exchange {
	struct answer answer;
	union {                        /* one after the other */
		struct http_body body; /* the request's, while it comes in */
		struct piece piece;    /* LENT or FILE, the rest of it */
	};
	bool sending;            /* `piece` is there, and not all sent yet */
	bool asked_close;        /* the client will send no other request */
	bool cut;                /* the stop of the server ends it */
	bool asleep;             /* it has one of the places for sleepers */
	struct alarm alarm;      /* when the answer may go on */
	struct combined *record; /* the request's part of the log line */
};

/*
 * Begins the answer to context->request, or its refusal. `peer` is the
 * client's address for the log. Returns NULL where memory is short.
 */
struct exchange *exchange_open(struct context *context, const char *peer);
struct exchange *exchange_open_refusal(struct context *context,
    const char *peer, const struct http_request *request, unsigned status,
    const char *fault);

/*
 * Takes a place among the sleepers, if it has none. Returns false where all are
 * taken: the answer, which has not begun, is a 503 now.
 */
bool exchange_sleep(struct exchange *exchange, struct context *context);

/* Gives the place back, if it has one. */
void exchange_wake(struct exchange *exchange, struct context *context);

/* Logs it, as far as it went, and lets go of all that it holds. */
void exchange_close(struct exchange *exchange, struct context *context);

/* Frees a spare one; NULL is allowed. */
void exchange_free(struct exchange *exchange);

#endif
