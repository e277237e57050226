/* Serves a client; the thread that calls blocking_serve(), whichever it is. */
#include "config.h"

#include "models/blocking.h"

#include <poll.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/wire.h"
#include "http/parser.h"
#include "models/blocking_wait.h"

/* How many bytes that lie there are still received when the limit has passed: as
 * many as a turn of an event loop may have. */
#define BLOCKING_LATE_MAX ((size_t)1024 * 1024)

/* ---- receiving ---- */

/* Takes down for whom a trusted peer asks. */
static void
blocking_note_client(struct blocking *b)
{
	const struct forwarded *forwarded = &b->host.config->forwarded;
	struct sockaddr_storage client;

	if (forwarded->field != NULL && forwarded_trusts(forwarded, b->peer) &&
	    forwarded_client(forwarded, &b->request, &client))
		visitor_init(&b->visitor, b->visitor.connection, &client);
}

/* Begins the answer to the request that is there. */
static void
blocking_begin(struct blocking *b)
{
	b->io.used = b->request.head_size;
	b->answering = true;
	blocking_note_client(b);
	(void)crew_take_app(b->io.crew);
	exchange_begin(&b->exchange, &b->host, b->entrance, &b->request);
	crew_give_app(b->io.crew);
}

/* Begins the refusal of a request that can't be read; or, with NULL, of one that
 * did not come whole. */
static void
blocking_refuse(struct blocking *b, const struct http_request *request,
    unsigned status, const char *sentence)
{
	b->answering = true;
	exchange_refuse(&b->exchange, &b->host, b->visitor.peer, request,
	    &(struct exchange_fault){ status, sentence });
}

/* Receives the head, and begins its answer. */
static enum blocking_result
blocking_hear(struct blocking *b)
{
	const struct server_limits *limits = &b->io.crew->config->limits;
	int64_t until = clock_now() + limits->idle;
	size_t seen = 0;

	for (;;) {
		enum blocking_result result = blocking_io_receive(&b->io,
		    until);

		moment_renew(&b->moment);
		if (result == BLOCKING_LATE && b->io.size > 0) {
			blocking_refuse(b, NULL, 408, "the head took too long");
			return BLOCKING_DONE;
		}
		if (result != BLOCKING_DONE)
			return result;
		if (seen == 0)
			until = b->moment.now + limits->head;
		switch (http_request_parse(&b->request,
		    (struct span){ b->io.input, b->io.size }, seen)) {
		case HTTP_OK:
			blocking_begin(b);
			return BLOCKING_DONE;
		case HTTP_BAD:
			blocking_refuse(b, &b->request, b->request.status,
			    b->request.fault);
			return BLOCKING_DONE;
		case HTTP_MORE:
			seen = b->io.size;
			break;
		}
	}
}

/* Takes what is there of the body off the input; true: the answer is next. */
static bool
blocking_skip(struct blocking *b)
{
	struct span input = { b->io.input + b->io.used,
		b->io.size - b->io.used };
	size_t used = 0;
	bool answer;

	(void)crew_take_app(b->io.crew);
	answer = exchange_take_body(&b->exchange, input, &used);
	crew_give_app(b->io.crew);
	b->io.used += used;
	if (!answer)
		b->io.used = b->io.size = 0;
	return answer;
}

/* Looks for the body of the request whose answer has begun. */
static enum exchange_body
blocking_begin_body(struct blocking *b)
{
	enum exchange_body body;

	(void)crew_take_app(b->io.crew);
	body = exchange_begin_body(&b->exchange, &b->host, &b->request,
	    b->io.size > b->io.used);
	crew_give_app(b->io.crew);
	return body;
}

/* Receives the body of a request whose answer has begun. */
static enum blocking_result
blocking_hear_body(struct blocking *b)
{
	int64_t until = clock_now() + b->io.crew->config->limits.body;
	struct span interim = exchange_continue;
	enum blocking_result result = BLOCKING_DONE;

	switch (blocking_begin_body(b)) {
	case EXCHANGE_ANSWER:
		return BLOCKING_DONE;
	case EXCHANGE_CONTINUE:
		result = blocking_io_send(&b->io, &interim, false);
		break;
	case EXCHANGE_RECEIVE:
		break;
	}
	while (result == BLOCKING_DONE && !blocking_skip(b))
		result = blocking_io_receive(&b->io, until);
	if (result != BLOCKING_LATE)
		return result;
	(void)crew_take_app(b->io.crew);
	exchange_refuse_body(&b->exchange, 408, "the body took too long");
	crew_give_app(b->io.crew);
	return BLOCKING_DONE;
}

/* ---- answering ---- */

/* Sends a piece, or waits for its time. */
static enum blocking_result
blocking_carry_out(struct blocking *b, struct piece *piece)
{
	const struct exchange *exchange = &b->exchange;

	switch (piece->kind) {
	case PIECE_HEAD: /* has been written, in bytes */
	case PIECE_BYTES:
	case PIECE_LENT: /* what follows, or our FIN, sends the rest */
		return blocking_io_send(&b->io, &piece->bytes,
		    !exchange_waits_next(exchange));
	case PIECE_FILE:
		return blocking_io_send_file(&b->io, &exchange->answer.message,
		    piece);
	case PIECE_UNTIL:
		return blocking_sleep(b, piece->until);
	case PIECE_QUEUED:
		return blocking_queue(b, piece->until);
	case PIECE_HANG:
		return blocking_hang(b, piece->until);
	case PIECE_RESET:
		return blocking_reset(b);
	case PIECE_TURN: /* each thread serves one */
	case PIECE_END:
		break;
	}
	return BLOCKING_DONE;
}

/* Takes the answer's pieces, and carries each out. */
static enum blocking_result
blocking_answer(struct blocking *b)
{
	struct crew *crew = b->io.crew;
	struct exchange *exchange = &b->exchange;
	enum blocking_result result = BLOCKING_DONE;

	exchange->piece.kind = PIECE_UNTIL; /* any but the end */
	while (result == BLOCKING_DONE && exchange->piece.kind != PIECE_END &&
	       exchange->piece.kind != PIECE_RESET) {
		(void)crew_take_app(crew);
		moment_renew(&b->moment);
		exchange_next(exchange, &b->host, b->room, &exchange->piece);
		crew_give_app(crew);
		exchange->sending = piece_has_bytes(&exchange->piece);
		result = blocking_carry_out(b, &exchange->piece);
	}
	return result;
}

/* ---- closing ---- */

/* Whether the client has sent more than its request. Only a wait leaves time for
 * that, and nothing is received meanwhile: the socket is looked at then. */
static bool
blocking_has_unread(const struct blocking *b)
{
	return b->io.size > b->io.used ||
	       (b->waited && !wire_is_silent(b->io.fd));
}

/*
 * Receives and forgets what the client sends behind our FIN. The limit begins anew
 * with each bytes, up to the time *renewable; and for the last time, as for an
 * idle connection, where the server drains, by which *renewable becomes 0. What
 * lies there when it has passed is still received. Returns BLOCKING_LATE then.
 */
static enum blocking_result
blocking_drop(struct blocking *b, int64_t *renewable)
{
	const struct server_limits *limits = &b->io.crew->config->limits;
	int64_t now = clock_now(), until = now + limits->linger;
	size_t late = 0;

	while (late < BLOCKING_LATE_MAX) {
		enum blocking_result result = blocking_io_await(&b->io, POLLIN,
		    until);
		enum wire_result received;
		size_t size = 0;

		now = clock_now();
		if (result == BLOCKING_DRAIN) {
			b->io.silent = false;
			*renewable = 0;
			until = now + limits->grace;
			continue;
		}
		if (result != BLOCKING_DONE)
			return result;
		received = wire_recv(b->io.fd, b->io.input, sizeof b->io.input,
		    &size);
		if (received == WIRE_ENDED || received == WIRE_BROKEN)
			return BLOCKING_LOST;
		b->io.received += size;
		if (now <= *renewable)
			until = now + limits->linger;
		else if (now >= until)
			late += size;
	}
	return BLOCKING_LATE;
}

/* Waits for the client's FIN behind ours. */
static void
blocking_linger(struct blocking *b)
{
	const struct server_limits *limits = &b->io.crew->config->limits;
	struct wire_pace pace;
	enum wire_pace_state view = WIRE_PENDING;
	int64_t now = clock_now();
	int64_t renewable = now + limits->linger_most - limits->linger;

	b->io.lingering = b->io.silent = true;
	wire_begin_pace(&pace, now);
	while (view == WIRE_PENDING &&
	       blocking_drop(b, &renewable) == BLOCKING_LATE) {
		view = wire_check_pace(b->io.fd, &pace, clock_now(),
		    limits->write);
		if (renewable == 0)
			break;
	}
	b->io.reset = view == WIRE_SLOW;
}

/* Ends the exchange, and counts its answer as served or cut. */
static void
blocking_end(struct blocking *b, enum blocking_result result)
{
	struct crew *crew = b->io.crew;

	b->io.cut |= result == BLOCKING_CUT;
	b->io.reset |= result == BLOCKING_CUT;
	b->exchange.cut = b->io.cut;
	b->visitor.broken = b->io.reset;
	(void)crew_take_app(crew);
	exchange_end(&b->exchange, &b->host, &b->visitor);
	stats_add(&crew->stats.served, result == BLOCKING_DONE && !b->io.cut);
	stats_add(&crew->stats.cut, b->io.cut);
	crew_give_app(crew);
}

/*
 * Sends our FIN behind the answer, in one segment with its last bytes, and then
 * closes. The FIN comes first, since close(2) makes a reset where anything is
 * unread, and throws away what has not gone out by then.
 */
static void
blocking_close(struct blocking *b, enum blocking_result result)
{
	bool whole = b->answering && result == BLOCKING_DONE;

	if (b->io.reset)
		whole = false;
	if (whole || result == BLOCKING_LATE) /* not a byte has come */
		wire_finish(b->io.fd);
	if (result == BLOCKING_LATE ||
	    (whole && exchange_must_linger(&b->exchange, blocking_has_unread(b),
			  b->io.blocked, b->io.sent)))
		blocking_linger(b);
	if (b->io.reset)
		wire_reset(b->io.fd);
	else
		wire_close(b->io.fd);
}

/* Tells of the client: the callback for moment.who. Each has one request. */
static void
blocking_tell(const void *client, struct asker *asker)
{
	const struct blocking *b = client;

	asker->connection = b->visitor.connection;
	asker->request = 1;
	asker->worker = 0;
	asker->secured = false;
	memcpy(asker->peer, b->visitor.peer, sizeof(b->visitor.peer));
}

static void
blocking_init(struct blocking *b, struct crew *crew,
    const struct client *client)
{
	/* all but the big arrays, which need not be */
	memset(b, 0, offsetof(struct blocking, io.input));
	memset(&b->request, 0, offsetof(struct http_request, fields));
	b->host = (struct exchange_host){ crew->config, crew->host->totals,
		&crew->app, &b->moment, 0, &crew->stats };
	b->entrance = client->entrance;
	b->peer = &client->peer;
	b->io.crew = crew;
	b->io.fd = client->fd;
	b->io.wake = -1;
	b->io.silent = true;
	b->moment.leaving = true; /* one request for each connection */
	b->moment.since = MOMENT_LOOK_ANEW;
	b->moment.who = blocking_tell;
	b->moment.client = b;
	b->moment.waker = &b->waker;
	pool_waker_init(&b->waker, blocking_ring);
	visitor_init(&b->visitor, client->number, &client->peer);
}

void
blocking_serve(struct crew *crew, const struct client *client)
{
	struct blocking b;
	enum blocking_result result;

	blocking_init(&b, crew, client);
	result = blocking_hear(&b);
	if (result == BLOCKING_DONE && b.io.used > 0) /* it is no refusal */
		result = blocking_hear_body(&b);
	if (result == BLOCKING_DONE)
		result = blocking_answer(&b);
	if (b.answering)
		blocking_end(&b, result);
	blocking_close(&b, result);
	pool_waker_fini(&b.waker);
	crew_forget(crew, b.io.received, b.io.sent);
}
