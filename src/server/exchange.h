/*
 * exchange: one request and its answer as HTTP/1.1 has them, for an event loop
 * and for a thread that blocks. It decides what clients are told, when a place
 * among the sleepers is taken, and what the log says; the caller receives, waits
 * and sends.
 *
 * All functions are for the thread that serves the request; where several share
 * one application (exchange_host.app), under its lock.
 */
#ifndef MTASYNC_SERVER_EXCHANGE_H
#define MTASYNC_SERVER_EXCHANGE_H

#include "app/head.h"
#include "http/body.h"
#include "http/record.h"
#include "server/entrance.h"
#include "server/server_config.h"
#include "server/totals.h"
#include "server/visitor.h"

/* Bytes of room that exchange_next() is given. */
#define EXCHANGE_ROOM HEAD_ROOM

/* What the exchanges of one thread share; constant but for what it points to. */
struct exchange_host {
	const struct server_config *config;
	struct totals *totals;
	struct app *app;
	const struct moment *moment;
	unsigned worker;     /* its index; also that of its ring of the log */
	struct stats *stats; /* where it counts */
};

struct exchange {
	struct answer answer;
	union {                        /* one after the other */
		struct http_body body; /* the request's, while it comes in */
		struct piece piece;    /* the rest of it, with `sending` */
	};
	struct record *record; /* what the log line says of the request */
	bool sending;          /* `piece` is there, and not all sent yet */
	bool begun;            /* the answer's head has been yielded */
	bool asleep;           /* it has one of the places for sleepers */
	bool cut;              /* the stop of the server ends it */
	bool keep;             /* the connection may go on behind it */
	bool old_version;      /* asked in HTTP/1.0 */
	bool asked_close;      /* the client will send no other request */
	bool probed;           /* exchange_on_fin() has had it probed */
};

/* Returns the fault that words have decided on; -1: none. */
static inline int
exchange_fault(const struct exchange *exchange)
{
	const struct decision *decision = exchange->answer.message.decision;

	return decision != NULL ? decision_fault(decision) : -1;
}

/* Why a request is refused. */
struct exchange_fault {
	unsigned status;
	const char *sentence; /* constant */
};

/* What the caller does about the body of a request. */
enum exchange_body {
	EXCHANGE_ANSWER,   /* nothing: the answer is next */
	EXCHANGE_RECEIVE,  /* receive it, and exchange_take_body() */
	EXCHANGE_CONTINUE, /* the same; send exchange_continue first */
};

/* The interim response of EXCHANGE_CONTINUE (RFC 9110 10.1.1), and of
 * EXCHANGE_PROBE. */
extern const struct span exchange_continue;

/* What the caller does about a FIN that comes while the answer waits. */
enum exchange_fin {
	EXCHANGE_STAY,  /* nothing: the answer comes in its time */
	EXCHANGE_PROBE, /* the same, but send exchange_continue now */
	EXCHANGE_LEAVE, /* the client has left: close */
};

/*
 * Begins the answer to a request that http_request_parse() has accepted. Where
 * the answer is to wait, it takes a place among the sleepers until its last wait
 * is over; where no place is free, the answer is a 503. `entrance` is where the
 * client came in, which says what application answers. May wait for the disk.
 * End it with exchange_end().
 */
void exchange_begin(struct exchange *exchange, const struct exchange_host *host,
    const struct entrance *entrance, const struct http_request *request);

/*
 * Begins the refusal of a request that was malformed or did not come whole,
 * behind which the connection closes. `request` is as http_request_parse() left
 * it, or NULL. `peer` is the client's address for a
 * message, or NULL.
 */
void exchange_refuse(struct exchange *exchange,
    const struct exchange_host *host, const char *peer,
    const struct http_request *request, const struct exchange_fault *fault);

/* Begins the request's body, behind exchange_begin(). `ahead` says that something
 * has come behind the head already. */
enum exchange_body exchange_begin_body(struct exchange *exchange,
    const struct exchange_host *host, const struct http_request *request,
    bool ahead);

/*
 * Takes what `input` has of the body; *used is how many bytes of it that was.
 * Returns true where the answer is next, maybe a refusal.
 */
bool exchange_take_body(struct exchange *exchange, struct span input,
    size_t *used);

/* Makes a refusal of the answer, which has not begun, because of the body. */
void exchange_refuse_body(struct exchange *exchange, unsigned status,
    const char *sentence);

/*
 * Yields what comes next, but never PIECE_HEAD: the head is written, in bytes.
 * `room` has EXCHANGE_ROOM bytes for PIECE_BYTES. Behind PIECE_END, the
 * connection goes on if `keep`; behind PIECE_RESET it is reset, once what has been
 * sent is acknowledged. See answer_next().
 */
void exchange_next(struct exchange *exchange, const struct exchange_host *host,
    char *room, struct piece *piece);

/* Whether the next piece may be PIECE_UNTIL, so that what has been yielded is to
 * be sent first. */
static inline bool
exchange_waits_next(const struct exchange *exchange)
{
	return exchange->answer.message.decision != NULL ||
	       plan_is_at(&exchange->answer.plan, ACT_WAIT);
}

/* Whether the next piece is PIECE_END for sure, so that it need not be asked for:
 * each request for a small file saves that. */
static inline bool
exchange_ends_next(const struct exchange *exchange)
{
	return plan_is_at(&exchange->answer.plan, ACT_END) &&
	       !exchange->answer.message.owns;
}

/*
 * Takes note that the client's FIN is there while the answer waits. RFC 9112 9.6:
 * it may be a half-close, whose client still reads, or the end of a client that
 * is gone. An interim response, for which any HTTP/1.1 client has to be ready
 * (RFC 9110 15.2), tells them apart: where nobody has the socket any more, the
 * client's kernel answers with a reset. It is sent once; never to HTTP/1.0, nor
 * behind a part of the answer, nor in a hang, behind which no answer comes: there
 * the FIN is taken for a leave.
 */
enum exchange_fin exchange_on_fin(struct exchange *exchange);

/*
 * Ends a wait because the server stops. Returns true where the answer becomes a
 * 503, behind which the connection closes; false where it has begun, and can only
 * be broken off.
 */
bool exchange_cut(struct exchange *exchange);

/*
 * Whether the close behind the answer has to wait for the client's FIN. RFC 9112
 * 9.6: what is unread at a close makes a reset of it, which may destroy the
 * answer on its way; and what the client has yet to take would be left to the
 * kernel. The close waits unless the client asked for it, nothing more is
 * `unread`, no send was `slow`, and few bytes were `sent` in all.
 */
bool exchange_must_linger(const struct exchange *exchange, bool unread,
    bool slow, uint64_t sent);

/* Writes the line of the log, as far as the answer went, and frees all that the
 * exchange holds. `visitor` is the client, whose requests it counts; or NULL where it
 * has none, or memory was short. */
void exchange_end(struct exchange *exchange, const struct exchange_host *host,
    struct visitor *visitor);

#endif
