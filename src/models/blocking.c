/* Serves a client; whichever thread calls, and it alone. */
#include "config.h"

#include "models/blocking.h"

#include <poll.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/wire.h"
#include "http/parser.h"
#include "models/talk.h"
#include "server/exchange.h"

/* A client that is served. It lies on the stack of its thread. */
struct blocking {
	struct moment moment;
	struct exchange_host host;
	const struct entrance *entrance;
	char peer[WIRE_NAME_MAX];
	bool answering; /* the exchange has begun, and is to be ended */
	bool waited;    /* the answer had to wait for its time */
	struct talk talk;
	struct exchange exchange;
	struct http_request request;
	char room[EXCHANGE_ROOM];
};

/* ---- receiving ---- */

/* Begins the answer to the request that is there. */
static void
blocking_begin(struct blocking *b)
{
	b->talk.used = b->request.head_size;
	b->answering = true;
	(void)crew_take_app(b->talk.crew);
	exchange_begin(&b->exchange, &b->host, b->entrance, b->peer,
	    &b->request);
	crew_give_app(b->talk.crew);
}

/* Begins the refusal of a request that can't be read, or of none (NULL). */
static void
blocking_refuse(struct blocking *b, const struct http_request *request,
    unsigned status, const char *sentence)
{
	b->answering = true;
	exchange_refuse(&b->exchange, &b->host, b->peer, request, status,
	    sentence);
}

/* Receives the head, and begins its answer. */
static enum talk_result
blocking_hear(struct blocking *b)
{
	const struct server_limits *limits = &b->talk.crew->config->limits;
	int64_t until = clock_now() + limits->idle;
	size_t seen = 0;

	for (;;) {
		enum talk_result result = talk_receive(&b->talk, until);

		moment_renew(&b->moment);
		if (result == TALK_LATE && b->talk.size > 0) {
			blocking_refuse(b, NULL, 408, "the head took too long");
			return TALK_DONE;
		}
		if (result != TALK_DONE)
			return result;
		if (seen == 0)
			until = b->moment.now + limits->head;
		switch (http_request_parse(&b->request,
		    (struct span){ b->talk.input, b->talk.size }, seen)) {
		case HTTP_OK:
			blocking_begin(b);
			return TALK_DONE;
		case HTTP_BAD:
			blocking_refuse(b, &b->request, b->request.status,
			    b->request.fault);
			return TALK_DONE;
		case HTTP_MORE:
			seen = b->talk.size;
			break;
		}
	}
}

/* Takes what is there of the body off the input; true: the answer is next. */
static bool
blocking_skip(struct blocking *b)
{
	struct span input = { b->talk.input + b->talk.used,
		b->talk.size - b->talk.used };
	size_t used = 0;
	bool answer;

	(void)crew_take_app(b->talk.crew);
	answer = exchange_skip_body(&b->exchange, input, &used);
	crew_give_app(b->talk.crew);
	b->talk.used += used;
	if (!answer)
		b->talk.used = b->talk.size = 0;
	return answer;
}

/* Looks for the body of the request whose answer has begun. */
static enum exchange_body
blocking_begin_body(struct blocking *b)
{
	enum exchange_body body;

	(void)crew_take_app(b->talk.crew);
	body = exchange_begin_body(&b->exchange, &b->host, &b->request,
	    b->talk.size > b->talk.used);
	crew_give_app(b->talk.crew);
	return body;
}

/* Receives and forgets the body of a request whose answer has begun. */
static enum talk_result
blocking_hear_body(struct blocking *b)
{
	int64_t until = clock_now() + b->talk.crew->config->limits.body;
	struct span interim = exchange_continue;
	enum talk_result result = TALK_DONE;

	switch (blocking_begin_body(b)) {
	case EXCHANGE_ANSWER:
		return TALK_DONE;
	case EXCHANGE_CONTINUE:
		result = talk_send(&b->talk, &interim, false);
		break;
	case EXCHANGE_RECEIVE:
		break;
	}
	while (result == TALK_DONE && !blocking_skip(b))
		result = talk_receive(&b->talk, until);
	if (result != TALK_LATE)
		return result;
	(void)crew_take_app(b->talk.crew);
	exchange_refuse_body(&b->exchange, 408, "the body took too long");
	crew_give_app(b->talk.crew);
	return TALK_DONE;
}

/* ---- answering ---- */

/* Waits for a time, while the client does. */
static enum talk_result
blocking_sleep(struct blocking *b, int64_t until)
{
	enum talk_result result = TALK_DONE;

	b->waited = true;
	while (result == TALK_DONE && clock_now() < until) {
		/* the kernel may be late by a thousandth of a wait */
		int64_t early = (until - clock_now()) / 512;

		result = talk_await(&b->talk, POLLRDHUP, until - early);
		if (result == TALK_DONE)
			result = TALK_LOST;
		else if (result == TALK_LATE)
			result = TALK_DONE;
	}
	if (result != TALK_CUT)
		return result;
	b->talk.cut = true;
	(void)crew_take_app(b->talk.crew);
	if (exchange_cut(&b->exchange))
		result = TALK_DONE;
	crew_give_app(b->talk.crew);
	return result;
}

/* Sends or awaits what comes next. */
static enum talk_result
blocking_carry_out(struct blocking *b, struct piece *piece)
{
	const struct exchange *exchange = &b->exchange;

	switch (piece->kind) {
	case PIECE_HEAD: /* has been written, in bytes */
	case PIECE_BYTES:
	case PIECE_LENT: /* what follows, or our FIN, sends the rest */
		return talk_send(&b->talk, &piece->bytes,
		    !exchange_waits_next(exchange));
	case PIECE_FILE:
		return talk_send_file(&b->talk, &exchange->answer.message,
		    piece);
	case PIECE_UNTIL:
		return blocking_sleep(b, piece->until);
	case PIECE_END:
		break;
	}
	return TALK_DONE;
}

/* Answers piece by piece. */
static enum talk_result
blocking_answer(struct blocking *b)
{
	struct crew *crew = b->talk.crew;
	struct exchange *exchange = &b->exchange;
	enum talk_result result = TALK_DONE;

	exchange->piece.kind = PIECE_UNTIL; /* any but the end */
	while (result == TALK_DONE && exchange->piece.kind != PIECE_END) {
		(void)crew_take_app(crew);
		moment_renew(&b->moment);
		exchange_next(exchange, &b->host, b->room, &exchange->piece);
		crew_give_app(crew);
		exchange->sending = exchange->piece.kind != PIECE_UNTIL &&
				    exchange->piece.kind != PIECE_END;
		result = blocking_carry_out(b, &exchange->piece);
	}
	return result;
}

/* ---- closing ---- */

/* Whether the client has sent what nobody has looked at; while an answer waits
 * for its time, nothing is received. */
static bool
blocking_has_unread(const struct blocking *b)
{
	return b->talk.size > b->talk.used ||
	       (b->waited && !wire_is_silent(b->talk.fd));
}

/* Receives what still comes until a time, and forgets it. */
static enum talk_result
blocking_drop(struct blocking *b, int64_t until)
{
	enum talk_result result = TALK_DONE;

	while (result == TALK_DONE && clock_now() < until) {
		b->talk.size = b->talk.used = 0;
		result = talk_await(&b->talk, POLLIN, until);
		if (result == TALK_DONE)
			result = talk_receive(&b->talk, until);
	}
	return result == TALK_DONE ? TALK_LATE : result;
}

/* Waits for the client's close, when our FIN is out. */
static void
blocking_linger(struct blocking *b)
{
	const struct server_limits *limits = &b->talk.crew->config->limits;
	struct wire_pace pace;
	enum wire_view view = WIRE_PENDING;
	int64_t now = clock_now();

	b->talk.lingering = true;
	wire_begin_pace(&pace, now);
	while (view == WIRE_PENDING &&
	       blocking_drop(b, now + limits->linger) == TALK_LATE) {
		now = clock_now();
		view = wire_look(b->talk.fd, &pace, now, limits->write);
	}
	b->talk.reset = view == WIRE_SLOW;
}

/* Ends the answer, as far as it went. */
static void
blocking_end(struct blocking *b, enum talk_result result)
{
	struct crew *crew = b->talk.crew;

	b->talk.cut |= result == TALK_CUT;
	b->talk.reset |= result == TALK_CUT;
	b->exchange.cut = b->talk.cut;
	(void)crew_take_app(crew);
	exchange_end(&b->exchange, &b->host);
	stats_add(&crew->stats.served, result == TALK_DONE && !b->talk.cut);
	stats_add(&crew->stats.cut, b->talk.cut);
	crew_give_app(crew);
}

/*
 * Sends our FIN behind the answer, in one segment with its last bytes, and
 * before any close: of what lies unread a close makes a reset, and throws away
 * what has not gone out by then.
 */
static void
blocking_close(struct blocking *b, enum talk_result result)
{
	bool whole = b->answering && result == TALK_DONE;

	if (whole || result == TALK_LATE) /* not a byte has come */
		wire_finish(b->talk.fd);
	if (result == TALK_LATE ||
	    (whole && exchange_must_linger(&b->exchange, blocking_has_unread(b),
			  b->talk.blocked, b->talk.sent)))
		blocking_linger(b);
	if (b->talk.reset)
		wire_reset(b->talk.fd);
	else
		wire_close(b->talk.fd);
}

static void
blocking_init(struct blocking *b, struct crew *crew,
    const struct client *client)
{
	/* all but the big arrays, which need not be */
	memset(b, 0, offsetof(struct blocking, talk.input));
	memset(&b->request, 0, offsetof(struct http_request, fields));
	b->host = (struct exchange_host){ crew->config, crew->host->totals,
		&crew->app, &b->moment, 0 };
	b->entrance = client->entrance;
	b->talk.crew = crew;
	b->talk.fd = client->fd;
	b->talk.silent = true;
	b->moment.closing = true; /* one request for each connection */
	wire_name_peer(&client->peer, b->peer);
}

void
blocking_serve(struct crew *crew, const struct client *client)
{
	struct blocking b;
	enum talk_result result;

	blocking_init(&b, crew, client);
	result = blocking_hear(&b);
	if (result == TALK_DONE && b.talk.used > 0) /* it is no refusal */
		result = blocking_hear_body(&b);
	if (result == TALK_DONE)
		result = blocking_answer(&b);
	if (b.answering)
		blocking_end(&b, result);
	blocking_close(&b, result);
	crew_forget(crew);
}
