/* Serves a client; whichever thread calls, and it alone. */
#include "config.h"

#include "models/blocking.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wire.h"
#include "http/body.h"
#include "http/combined.h"
#include "http/date.h"
#include "http/parser.h"
#include "models/talk.h"

/* What may be left to the kernel, to deliver when we have closed. */
#define BLOCKING_LEAVE_MAX ((uint64_t)16 * 1024)

/* The status that the log shows where the client left before its answer. */
#define BLOCKING_LEFT 499

/* A client that is served. It lies on the stack of its thread. */
struct blocking {
	struct moment moment;
	char date[HTTP_DATE_SIZE];
	char peer[INET6_ADDRSTRLEN];
	struct http_body body;
	struct answer answer;
	struct combined *record; /* of the log line; or NULL */
	bool answering;          /* there is an answer, to be ended */
	bool asked_close;        /* the client will send no other request */
	bool asleep;             /* it has one of the places for sleepers */
	struct talk talk;
	struct http_request request;
	char room[ANSWER_ROOM];
};

static void
blocking_renew(struct blocking *b)
{
	time_t wall = time(NULL);

	b->moment.now = clock_now();
	if (wall != b->moment.wall)
		http_date_format(b->date, wall);
	b->moment.wall = wall;
}

/* ---- receiving ---- */

/* Begins the answer; with a fault, which may be of an unreadable request, it
 * is a refusal. */
static void
blocking_begin(struct blocking *b, const struct http_request *request,
    unsigned status, const char *fault)
{
	struct crew *crew = b->talk.crew;
	struct app *app;

	if (fault != NULL)
		log_debug("%s: refused with %u: %s", b->peer, status, fault);
	if (crew->config->log != NULL)
		b->record = combined_take(b->peer, b->moment.wall, request);
	b->answering = true;
	app = crew_take_app(crew);
	if (fault != NULL)
		app_refuse(app, request, status, fault, &b->answer);
	else
		app_answer(app, request, &b->moment, &b->answer);
	crew_give_app(crew);
}

static void
blocking_refuse_body(struct blocking *b, unsigned status, const char *fault)
{
	b->asked_close = false; /* nor has it sent all of this */
	(void)crew_take_app(b->talk.crew);
	answer_refuse(&b->answer, status, fault);
	crew_give_app(b->talk.crew);
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

		blocking_renew(b);
		if (result == TALK_LATE && b->talk.size > 0) {
			blocking_begin(b, NULL, 408, "the head took too long");
			return TALK_DONE;
		}
		if (result != TALK_DONE)
			return result;
		if (seen == 0)
			until = b->moment.now + limits->head;
		switch (http_request_parse(&b->request,
		    (struct span){ b->talk.input, b->talk.size }, seen)) {
		case HTTP_OK:
			b->talk.used = b->request.head_size;
			b->asked_close = !b->request.keep_alive;
			blocking_begin(b, &b->request, 0, NULL);
			return TALK_DONE;
		case HTTP_BAD:
			blocking_begin(b, &b->request, b->request.status,
			    b->request.fault);
			return TALK_DONE;
		case HTTP_MORE:
			seen = b->talk.size;
			break;
		}
	}
}

/* RFC 9110 10.1.1: the client waits for our word before it sends the body. */
static enum talk_result
blocking_expect(struct blocking *b, bool *refused)
{
	*refused = b->answer.status >= 400;
	if (*refused)
		b->asked_close = false;
	if (*refused || b->talk.size > b->talk.used)
		return TALK_DONE;
	return talk_send(&b->talk, SPAN("HTTP/1.1 100 Continue\r\n\r\n"),
	    false);
}

/* Takes what is there of the body off the input; what is HTTP_BAD is refused. */
static enum http_parse
blocking_skip(struct blocking *b)
{
	struct span input = { b->talk.input + b->talk.used,
		b->talk.size - b->talk.used };
	size_t used = 0;
	enum http_parse result = http_body_skip(&b->body, input, &used);

	b->talk.used += used;
	if (result == HTTP_MORE)
		b->talk.used = b->talk.size = 0;
	if (result == HTTP_BAD)
		blocking_refuse_body(b, b->body.status, b->body.fault);
	return result;
}

/* Receives and forgets the body of a request whose answer has begun. */
static enum talk_result
blocking_hear_body(struct blocking *b)
{
	const struct server_config *config = b->talk.crew->config;
	int64_t until = clock_now() + config->limits.body;
	enum talk_result result = TALK_DONE;
	bool refused = false;

	switch (http_body_begin(&b->body, &b->request, config->max_body)) {
	case HTTP_OK:
		return TALK_DONE;
	case HTTP_BAD:
		blocking_refuse_body(b, b->body.status, b->body.fault);
		return TALK_DONE;
	case HTTP_MORE:
		break;
	}
	if (b->request.expects_continue)
		result = blocking_expect(b, &refused);
	while (!refused && result == TALK_DONE && blocking_skip(b) == HTTP_MORE)
		result = talk_receive(&b->talk, until);
	if (result != TALK_LATE)
		return result;
	blocking_refuse_body(b, 408, "the body took too long");
	return TALK_DONE;
}

/* ---- answering ---- */

static void
blocking_wake(struct blocking *b)
{
	if (b->asleep)
		totals_give_place(b->talk.crew->host->totals);
	b->asleep = false;
}

/* Waits for a time, while the client does. */
static enum talk_result
blocking_sleep(struct blocking *b, int64_t until)
{
	struct totals *totals = b->talk.crew->host->totals;
	enum talk_result result = TALK_DONE;

	if (!b->asleep)
		b->asleep = totals_take_place(totals);
	if (!b->asleep) {
		answer_replace(&b->answer, 503, totals->crowded);
		return TALK_DONE;
	}
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
	answer_refuse(&b->answer, 503,
	    "the server stops before this sleep has ended");
	return TALK_DONE;
}

static enum talk_result
blocking_carry_out(struct blocking *b, const struct piece *piece, bool *ended)
{
	switch (piece->kind) {
	case PIECE_BYTES:
	case PIECE_LENT: /* what follows, or the close, sends the rest */
		return talk_send(&b->talk, piece->bytes, true);
	case PIECE_FILE:
		return talk_send_file(&b->talk, &b->answer, piece);
	case PIECE_UNTIL:
		return blocking_sleep(b, piece->until);
	case PIECE_KEEP:
	case PIECE_CLOSE:
		*ended = true;
		return TALK_DONE;
	}
	return TALK_LOST;
}

/* Answers piece by piece. */
static enum talk_result
blocking_answer(struct blocking *b)
{
	struct crew *crew = b->talk.crew;
	enum talk_result result = TALK_DONE;
	bool ended = false;

	while (result == TALK_DONE && !ended) {
		struct piece piece = { .kind = PIECE_CLOSE };

		(void)crew_take_app(crew);
		blocking_renew(b);
		answer_next(&b->answer, &b->moment, b->room, &piece);
		crew_give_app(crew);
		if (piece.kind != PIECE_UNTIL)
			blocking_wake(b);
		result = blocking_carry_out(b, &piece, &ended);
	}
	return result;
}

/* ---- closing ---- */

/*
 * RFC 9112 9.6: what is unread at a close makes it a reset, which may destroy
 * the answer on its way; and what the client has yet to take would be left to
 * the kernel. Only a client that asked for the close itself, has sent nothing
 * more and was sent little needs no staged one.
 */
static bool
blocking_must_linger(const struct blocking *b)
{
	return !b->asked_close || b->talk.size > b->talk.used ||
	       b->talk.blocked || b->talk.sent > BLOCKING_LEAVE_MAX;
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

/* Says that nothing more comes, and waits for the client's close. */
static void
blocking_linger(struct blocking *b)
{
	const struct server_limits *limits = &b->talk.crew->config->limits;
	struct wire_pace pace;
	enum wire_view view = WIRE_PENDING;
	int64_t now = clock_now();

	b->talk.lingering = true;
	wire_finish(b->talk.fd);
	wire_begin_pace(&pace, now);
	while (view == WIRE_PENDING &&
	       blocking_drop(b, now + limits->linger) == TALK_LATE) {
		now = clock_now();
		view = wire_look(b->talk.fd, &pace, now, limits->write);
	}
	b->talk.reset = view == WIRE_SLOW;
}

static void
blocking_log(struct blocking *b)
{
	struct crew *crew = b->talk.crew;
	struct access_log *log = crew->config->log;
	unsigned status = b->answer.status;

	if (!answer_has_begun(&b->answer))
		status = b->talk.cut ? 503 : BLOCKING_LEFT;
	if (b->record == NULL)
		access_log_drop(log, 0);
	else
		(void)access_log_append(log, 0,
		    combined_line(b->record, status,
			b->answer.content > b->talk.unsent
			    ? b->answer.content - b->talk.unsent
			    : 0));
	free(b->record);
}

/* Ends the answer, as far as it went. */
static void
blocking_end(struct blocking *b, enum talk_result result)
{
	struct crew *crew = b->talk.crew;

	b->talk.cut |= result == TALK_CUT;
	b->talk.reset |= result == TALK_CUT;
	blocking_wake(b);
	(void)crew_take_app(crew);
	if (crew->config->log != NULL)
		blocking_log(b);
	answer_fini(&b->answer);
	stats_add(&crew->stats.served, result == TALK_DONE && !b->talk.cut);
	stats_add(&crew->stats.cut, b->talk.cut);
	crew_give_app(crew);
}

static void
blocking_name_peer(struct blocking *b, const struct sockaddr_storage *peer)
{
	const void *address =
	    peer->ss_family == AF_INET6
		? (const void *)&((const struct sockaddr_in6 *)peer)->sin6_addr
		: (const void *)&((const struct sockaddr_in *)peer)->sin_addr;

	if (inet_ntop(peer->ss_family, address, b->peer, sizeof(b->peer)) ==
	    NULL)
		b->peer[0] = '\0';
}

void
blocking_serve(struct crew *crew, const struct client *client)
{
	struct blocking b;
	enum talk_result result;

	/* all but the big arrays, which need not be */
	memset(&b, 0, offsetof(struct blocking, talk.input));
	memset(&b.request, 0, offsetof(struct http_request, fields));
	b.talk.crew = crew;
	b.talk.fd = client->fd;
	b.talk.silent = true;
	b.moment.date = b.date;
	b.moment.closing = true; /* one request for each connection */
	blocking_name_peer(&b, &client->peer);
	result = blocking_hear(&b);
	if (result == TALK_DONE && b.talk.used > 0) /* it is no refusal */
		result = blocking_hear_body(&b);
	if (result == TALK_DONE)
		result = blocking_answer(&b);
	if (b.answering)
		blocking_end(&b, result);
	if ((result == TALK_DONE && blocking_must_linger(&b)) ||
	    result == TALK_LATE) /* not a byte has come */
		blocking_linger(&b);
	if (b.talk.reset)
		wire_reset(b.talk.fd);
	else
		wire_close(b.talk.fd);
	crew_forget(crew);
}
