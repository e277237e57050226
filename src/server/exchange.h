/*
 * exchange: one request and its answer, as HTTP/1.1 has them, whoever waits for
 * it: an event loop or a thread that blocks. What is said to clients, when a
 * place among the sleepers is taken, and what the log tells, is decided here;
 * receiving, waiting and sending are the caller's.
 *
 * All of it is for the thread that serves the request; where several share one
 * application (see exchange_host.app), under its lock.
 */
#ifndef MTASYNC_SERVER_EXCHANGE_H
#define MTASYNC_SERVER_EXCHANGE_H

#include "app/head.h"
#include "http/body.h"
#include "http/combined.h"
#include "server/entrance.h"
#include "server/server_config.h"
#include "server/totals.h"

/* What is to be there for exchange_next(). */
#define EXCHANGE_ROOM HEAD_ROOM

/* Whom the exchanges of one thread belong to; constant but for what it points
 * to. */
struct exchange_host {
	const struct server_config *config;
	struct totals *totals;
	struct app *app;
	const struct moment *moment;
	unsigned ring; /* of the access log, where config has one */
};

struct exchange {
	struct answer answer;
	union {                        /* one after the other */
		struct http_body body; /* the request's, while it comes in */
		struct piece piece;    /* the rest of it, with `sending` */
	};
	struct combined *record; /* the request's part of the log line */
	bool sending;            /* `piece` is there, and not all sent yet */
	bool begun;              /* the answer's head has been yielded */
	bool asleep;             /* it has one of the places for sleepers */
	bool cut;                /* the stop of the server ends it */
	bool keep;               /* the connection may go on behind it */
	bool old_version;        /* asked in HTTP/1.0 */
	bool asked_close;        /* the client will send no other request */
};

/* What is to be done about the body of a request. */
enum exchange_body {
	EXCHANGE_ANSWER,   /* nothing: the answer is next */
	EXCHANGE_RECEIVE,  /* receive it, and exchange_skip_body() */
	EXCHANGE_CONTINUE, /* the same; send exchange_continue first */
};

/* The interim response to Expect: 100-continue (RFC 9110 10.1.1). */
extern const struct span exchange_continue;

/*
 * Begins the answer to a request that http_request_parse() has accepted, and
 * takes a place among the sleepers where it is to wait, until its last wait is
 * over: where there is none, the answer is a 503. `entrance` is where the client
 * came in, which says what application answers. May wait for the disk. End it with exchange_end().
 */
void exchange_begin(struct exchange *exchange, const struct exchange_host *host,
    const struct entrance *entrance, const struct http_request *request);

/*
 * Begins the refusal of one that was malformed or did not come whole, behind
 * which the connection closes. `peer` is the client's address for a message, or
 * NULL; `request` is as http_request_parse() left it;
 * or NULL. `sentence` is constant.
 */
void exchange_refuse(struct exchange *exchange,
    const struct exchange_host *host, const char *peer,
    const struct http_request *request, unsigned status, const char *sentence);

/* Looks for the request's body, behind exchange_begin(). `ahead`: something of
 * it has come already. */
enum exchange_body exchange_begin_body(struct exchange *exchange,
    const struct exchange_host *host, const struct http_request *request,
    bool ahead);

/*
 * Takes what is there of the body, of which *used says how many bytes are not
 * needed any more. Returns true where the answer is next, maybe a refusal.
 */
bool exchange_skip_body(struct exchange *exchange, struct span input,
    size_t *used);

/* Makes a refusal of an answer that has not begun, because of the body. */
void exchange_refuse_body(struct exchange *exchange, unsigned status,
    const char *sentence);

/*
 * Yields what comes next, but never PIECE_HEAD: the head is written, in bytes.
 * `room` has EXCHANGE_ROOM bytes for PIECE_BYTES. Behind PIECE_END, the
 * connection goes on if `keep`. See answer_next().
 */
void exchange_next(struct exchange *exchange, const struct exchange_host *host,
    char *room, struct piece *piece);

/* Whether the next piece is PIECE_UNTIL, so that what is there has to go. */
static inline bool
exchange_waits_next(const struct exchange *exchange)
{
	return plan_is_at(&exchange->answer.plan, ACT_WAIT);
}

/*
 * Ends a wait because the server stops: with a 503, which closes, and true;
 * false where the answer has begun, and can only be broken off.
 */
bool exchange_cut(struct exchange *exchange);

/*
 * Whether the close behind the answer has to wait for the client's. RFC 9112
 * 9.6: what is unread at a close makes it a reset, which may destroy the answer
 * on its way; and what the client has yet to take would be left to the kernel.
 * Only a client that asked for the close itself, has sent nothing more
 * (`unread`), and took at once (not `slow`) the little that it was `sent`, in
 * bytes, needs no staged one.
 */
bool exchange_must_linger(const struct exchange *exchange, bool unread,
    bool slow, uint64_t sent);

/* Writes its line of the log, as far as it went, by the client's address `peer`
 * or NULL, and lets go of all that it holds. */
void exchange_end(struct exchange *exchange, const struct exchange_host *host,
    const char *peer);

#endif
