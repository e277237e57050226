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

/* Holds the longest head. */
#define BLOCKING_INPUT_MAX ((size_t)HTTP_HEAD_MAX)

/* What one send or sendfile(2) may take: see loop/stream. */
#define BLOCKING_SEND_MAX ((size_t)64 * 1024)

/* The status that the log shows where the client left before its answer. */
#define BLOCKING_LEFT 499

/* How a step, or a wait, went. */
enum blocking_result {
	BLOCKING_DONE,
	BLOCKING_LATE,  /* its time is over */
	BLOCKING_DRAIN, /* the server drains, and nothing has come yet */
	BLOCKING_CUT,   /* its time for that is over */
	BLOCKING_LOST,  /* the client has left, or the answer can't be ended */
};

/* A client that is served. It lies on the stack of its thread. */
struct blocking {
	struct crew *crew;
	int fd;
	struct moment moment;
	char date[HTTP_DATE_SIZE];
	char peer[INET6_ADDRSTRLEN];
	struct http_body body;
	struct answer answer;
	struct combined *record; /* of the log line; or NULL */
	uint64_t unsent;         /* bytes of the piece that is being sent */
	bool silent;      /* not a byte has come, nor was there a drain */
	bool answering;   /* there is an answer, to be ended */
	bool asked_close; /* the client will send no other request */
	bool asleep;      /* it has one of the places for sleepers */
	bool cut;         /* the end of the drain has ended its sleep */
	bool reset;       /* the close says that something went wrong */
	size_t used;      /* bytes of the input that are not needed */
	size_t size;      /* bytes of input */
	struct http_request request;
	char input[BLOCKING_INPUT_MAX];
	char room[ANSWER_ROOM];
};

/* ---- waiting ---- */

static void
blocking_renew(struct blocking *b)
{
	time_t wall = time(NULL);

	b->moment.now = clock_now();
	if (wall != b->moment.wall)
		http_date_format(b->date, wall);
	b->moment.wall = wall;
}

/* Waits until the client is ready for `events`, or until a time. */
static enum blocking_result
blocking_await(struct blocking *b, short events, int64_t until)
{
	/* who has been cut may say so, until all is stopped */
	int end = b->cut ? b->crew->stop : b->crew->cut;
	struct pollfd fds[3] = { { b->fd, events, 0 }, { end, POLLIN, 0 },
		{ b->silent ? b->crew->drain : -1, POLLIN, 0 } };
	int64_t left = until - clock_now();
	struct timespec wait;

	if (left < 0)
		left = 0;
	wait.tv_sec = left / CLOCK_S;
	wait.tv_nsec = left % CLOCK_S;
	if (ppoll(fds, 3, &wait, NULL) <= 0)
		return BLOCKING_LATE;
	if (fds[1].revents != 0)
		return BLOCKING_CUT;
	return fds[0].revents != 0 ? BLOCKING_DONE : BLOCKING_DRAIN;
}

/* ---- receiving ---- */

/* Waits for the next bytes, and puts them behind those that are there. */
static enum blocking_result
blocking_receive(struct blocking *b, int64_t until)
{
	for (;;) {
		enum blocking_result result;
		size_t size;

		switch (wire_recv(b->fd, b->input + b->size,
		    sizeof(b->input) - b->size, &size)) {
		case WIRE_DONE:
			b->size += size;
			b->silent = false;
			return BLOCKING_DONE;
		case WIRE_BLOCKED:
			break;
		case WIRE_ENDED:
		case WIRE_BROKEN:
			return BLOCKING_LOST;
		}
		result = blocking_await(b, POLLIN, until);
		if (result == BLOCKING_DRAIN) {
			b->silent = false;
			until = clock_now() + b->crew->config->limits.grace;
		} else if (result != BLOCKING_DONE) {
			return result;
		}
	}
}

/* Begins the answer; with a fault, which may be of an unreadable request, it
 * is a refusal. */
static void
blocking_begin(struct blocking *b, const struct http_request *request,
    unsigned status, const char *fault)
{
	struct crew *crew = b->crew;

	if (crew->config->log != NULL)
		b->record = combined_take(b->peer, b->moment.wall, request);
	b->answering = true;
	pthread_mutex_lock(&crew->lock);
	if (fault != NULL)
		app_refuse(&crew->app, request, status, fault, &b->answer);
	else
		app_answer(&crew->app, request, &b->moment, &b->answer);
	pthread_mutex_unlock(&crew->lock);
}

static void
blocking_refuse_body(struct blocking *b, unsigned status, const char *fault)
{
	struct crew *crew = b->crew;

	b->asked_close = false; /* nor has it sent all of this */
	pthread_mutex_lock(&crew->lock);
	answer_refuse(&b->answer, status, fault);
	pthread_mutex_unlock(&crew->lock);
}

/* Receives the head, and begins its answer. */
static enum blocking_result
blocking_hear(struct blocking *b)
{
	const struct server_limits *limits = &b->crew->config->limits;
	int64_t until = clock_now() + limits->idle;
	size_t seen = 0;

	for (;;) {
		enum blocking_result result = blocking_receive(b, until);

		blocking_renew(b);
		if (result == BLOCKING_LATE && b->size > 0) {
			blocking_begin(b, NULL, 408, "the head took too long");
			return BLOCKING_DONE;
		}
		if (result != BLOCKING_DONE)
			return result;
		if (seen == 0)
			until = b->moment.now + limits->head;
		switch (http_request_parse(&b->request,
		    (struct span){ b->input, b->size }, seen)) {
		case HTTP_OK:
			b->used = b->request.head_size;
			b->asked_close = !b->request.keep_alive;
			blocking_begin(b, &b->request, 0, NULL);
			return BLOCKING_DONE;
		case HTTP_BAD:
			blocking_begin(b, &b->request, b->request.status,
			    b->request.fault);
			return BLOCKING_DONE;
		case HTTP_MORE:
			seen = b->size;
			break;
		}
	}
}

/* Sends all of these bytes. `more` says that others follow. */
static enum blocking_result blocking_send(struct blocking *b, struct span bytes,
    bool more);

/* RFC 9110 10.1.1: the client waits for our word before it sends the body. */
static enum blocking_result
blocking_expect(struct blocking *b, bool *refused)
{
	*refused = b->answer.status >= 400;
	if (*refused)
		b->asked_close = false;
	if (*refused || b->size > b->used)
		return BLOCKING_DONE;
	return blocking_send(b, SPAN("HTTP/1.1 100 Continue\r\n\r\n"), false);
}

/* Takes what is there of the body off the input; what is HTTP_BAD is refused. */
static enum http_parse
blocking_skip(struct blocking *b)
{
	struct span input = { b->input + b->used, b->size - b->used };
	size_t used = 0;
	enum http_parse result = http_body_skip(&b->body, input, &used);

	b->used += used;
	if (result == HTTP_MORE)
		b->used = b->size = 0;
	if (result == HTTP_BAD)
		blocking_refuse_body(b, b->body.status, b->body.fault);
	return result;
}

/* Receives and forgets the body of a request whose answer has begun. */
static enum blocking_result
blocking_hear_body(struct blocking *b)
{
	const struct server_config *config = b->crew->config;
	int64_t until = clock_now() + config->limits.body;
	enum blocking_result result = BLOCKING_DONE;
	bool refused = false;

	switch (http_body_begin(&b->body, &b->request, config->max_body)) {
	case HTTP_OK:
		return BLOCKING_DONE;
	case HTTP_BAD:
		blocking_refuse_body(b, b->body.status, b->body.fault);
		return BLOCKING_DONE;
	case HTTP_MORE:
		break;
	}
	if (b->request.expects_continue)
		result = blocking_expect(b, &refused);
	while (!refused && result == BLOCKING_DONE &&
	       blocking_skip(b) == HTTP_MORE)
		result = blocking_receive(b, until);
	if (result != BLOCKING_LATE)
		return result;
	blocking_refuse_body(b, 408, "the body took too long");
	return BLOCKING_DONE;
}

/* ---- answering ---- */

/* Waits until the client takes more. Who takes too little is let go. */
static enum blocking_result
blocking_await_room(struct blocking *b)
{
	const struct server_limits *limits = &b->crew->config->limits;
	struct wire_pace pace;
	int64_t now = clock_now();
	enum blocking_result result;

	wire_begin_pace(&pace, now);
	do {
		result = blocking_await(b, POLLOUT, now + limits->write_look);
		now = clock_now();
	} while (result == BLOCKING_LATE &&
		 wire_look(b->fd, &pace, now, limits->write) != WIRE_SLOW);
	if (result != BLOCKING_LATE)
		return result;
	log_debug("a client takes its answer too slowly");
	return BLOCKING_LOST;
}

/* What comes of a send. */
static enum blocking_result
blocking_on_sent(struct blocking *b, enum wire_result result)
{
	switch (result) {
	case WIRE_DONE:
		return BLOCKING_DONE;
	case WIRE_BLOCKED:
		return blocking_await_room(b);
	case WIRE_ENDED:
		log_debug("a file changed while it was sent");
		return BLOCKING_LOST;
	case WIRE_BROKEN:
		break;
	}
	return BLOCKING_LOST;
}

static size_t
blocking_portion(size_t size)
{
	return size < BLOCKING_SEND_MAX ? size : BLOCKING_SEND_MAX;
}

static enum blocking_result
blocking_send(struct blocking *b, struct span bytes, bool more)
{
	static const struct span none = { NULL, 0 };
	enum blocking_result result = BLOCKING_DONE;

	b->unsent = bytes.size;
	while (result == BLOCKING_DONE && bytes.size > 0) {
		struct span next = { bytes.data, blocking_portion(bytes.size) };
		size_t sent = 0;

		result = blocking_on_sent(b,
		    wire_send(b->fd, next, none, more, &sent));
		bytes.data += sent;
		bytes.size -= sent;
		b->unsent = bytes.size;
	}
	return result;
}

/* Looked at before each part, so that no change before the last one makes an
 * answer that seems whole. */
static enum blocking_result
blocking_send_file(struct blocking *b, const struct piece *piece)
{
	enum blocking_result result = BLOCKING_DONE;
	off_t offset = piece->file.offset;

	b->unsent = piece->file.size;
	while (result == BLOCKING_DONE && b->unsent > 0) {
		enum wire_result sent = WIRE_ENDED;
		off_t before = offset;

		if (answer_is_true(&b->answer))
			sent = wire_sendfile(b->fd, piece->file.fd, &offset,
			    blocking_portion(b->unsent));
		b->unsent -= (uint64_t)(offset - before);
		result = blocking_on_sent(b, sent);
	}
	return result;
}

static void
blocking_wake(struct blocking *b)
{
	if (b->asleep)
		totals_give_place(b->crew->host->totals);
	b->asleep = false;
}

/* Waits for a time, while the client does. */
static enum blocking_result
blocking_sleep(struct blocking *b, int64_t until)
{
	struct totals *totals = b->crew->host->totals;
	enum blocking_result result = BLOCKING_DONE;

	if (!b->asleep)
		b->asleep = totals_take_place(totals);
	if (!b->asleep) {
		answer_replace(&b->answer, 503, totals->crowded);
		return BLOCKING_DONE;
	}
	while (clock_now() < until && result == BLOCKING_DONE) {
		result = blocking_await(b, POLLRDHUP, until);
		if (result == BLOCKING_DONE)
			result = BLOCKING_LOST;
		else if (result == BLOCKING_LATE)
			result = BLOCKING_DONE;
	}
	if (result != BLOCKING_CUT)
		return result;
	b->cut = true;
	answer_refuse(&b->answer, 503,
	    "the server stops before this sleep has ended");
	return BLOCKING_DONE;
}

static enum blocking_result
blocking_carry_out(struct blocking *b, const struct piece *piece, bool *ended)
{
	switch (piece->kind) {
	case PIECE_BYTES:
	case PIECE_LENT: /* what follows, or the close, sends the rest */
		return blocking_send(b, piece->bytes, true);
	case PIECE_FILE:
		return blocking_send_file(b, piece);
	case PIECE_UNTIL:
		return blocking_sleep(b, piece->until);
	case PIECE_KEEP:
	case PIECE_CLOSE:
		*ended = true;
		return BLOCKING_DONE;
	}
	return BLOCKING_LOST;
}

/* Answers piece by piece. */
static enum blocking_result
blocking_answer(struct blocking *b)
{
	struct crew *crew = b->crew;
	enum blocking_result result = BLOCKING_DONE;
	bool ended = false;

	while (result == BLOCKING_DONE && !ended) {
		struct piece piece;

		blocking_renew(b);
		pthread_mutex_lock(&crew->lock);
		answer_next(&b->answer, &b->moment, b->room, &piece);
		pthread_mutex_unlock(&crew->lock);
		if (piece.kind != PIECE_UNTIL)
			blocking_wake(b);
		result = blocking_carry_out(b, &piece, &ended);
	}
	return result;
}

/* ---- closing ---- */

/*
 * RFC 9112 9.6: what is unread at a close makes it a reset, which may destroy
 * the answer on its way: says that nothing more comes, and waits for the
 * client's close.
 */
static void
blocking_linger(struct blocking *b)
{
	const struct server_limits *limits = &b->crew->config->limits;
	struct wire_pace pace;
	enum blocking_result result;
	enum wire_view view = WIRE_PENDING;
	int64_t now = clock_now();

	wire_finish(b->fd);
	wire_begin_pace(&pace, now);
	do {
		b->size = 0;
		result = blocking_receive(b, now + limits->linger);
		if (result == BLOCKING_LATE) {
			now = clock_now();
			view = wire_look(b->fd, &pace, now, limits->write);
		}
	} while (result == BLOCKING_DONE ||
		 (result == BLOCKING_LATE && view == WIRE_PENDING));
	b->reset = view == WIRE_SLOW;
}

static void
blocking_log(struct blocking *b)
{
	struct crew *crew = b->crew;
	struct access_log *log = crew->config->log;
	unsigned status = b->answer.status;

	if (!answer_has_begun(&b->answer))
		status = b->cut ? 503 : BLOCKING_LEFT;
	if (b->record == NULL)
		access_log_drop(log, 0);
	else
		(void)access_log_append(log, 0,
		    combined_line(b->record, status,
			b->answer.content > b->unsent
			    ? b->answer.content - b->unsent
			    : 0));
	free(b->record);
}

/* Ends the answer, if there is one, and the connection. */
static void
blocking_end(struct blocking *b, enum blocking_result result)
{
	struct crew *crew = b->crew;
	bool served = b->answering && result == BLOCKING_DONE && !b->cut;
	bool cut = b->answering && (b->cut || result == BLOCKING_CUT);

	blocking_wake(b);
	if (b->answering) {
		pthread_mutex_lock(&crew->lock);
		if (crew->config->log != NULL)
			blocking_log(b);
		answer_fini(&b->answer);
		pthread_mutex_unlock(&crew->lock);
	}
	if (b->reset)
		wire_reset(b->fd);
	else
		wire_close(b->fd);
	crew_count(crew, served, cut);
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
	enum blocking_result result;

	memset(&b, 0, offsetof(struct blocking, request.fields));
	b.crew = crew;
	b.fd = client->fd;
	b.silent = true;
	b.moment.date = b.date;
	b.moment.closing = true; /* one request for each connection */
	blocking_name_peer(&b, &client->peer);
	result = blocking_hear(&b);
	if (result == BLOCKING_DONE && b.answering)
		result = blocking_hear_body(&b);
	if (result == BLOCKING_DONE && b.answering)
		result = blocking_answer(&b);
	if (result == BLOCKING_DONE || result == BLOCKING_LATE) {
		if (!b.asked_close || b.size > b.used)
			blocking_linger(&b);
	} else {
		b.reset = b.answering;
	}
	blocking_end(&b, result);
}
