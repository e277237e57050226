/* What HTTP/1.1 asks of an answer, for all models; the thread that serves. */
#include "config.h"

#include "server/exchange.h"

#include <stdlib.h>

#include "base/log.h"

/* How many bytes a close may leave to the kernel to deliver. */
#define EXCHANGE_LEAVE_MAX ((uint64_t)16 * 1024)

/* The status in the log of a client that left before its answer. */
#define EXCHANGE_LEFT 499

const struct span exchange_continue = SPAN("HTTP/1.1 100 Continue\r\n\r\n");

/* Sets all members but `answer`, the union, `keep` and `asked_close`. */
static void
exchange_init(struct exchange *exchange, const struct exchange_host *host,
    const struct http_request *request)
{
	exchange->sending = false;
	exchange->begun = false;
	exchange->asleep = false;
	exchange->cut = false;
	exchange->probed = false;
	exchange->old_version = request != NULL && request->minor == 0;
	exchange->record = NULL;
	if (host->config->log != NULL)
		exchange->record = malloc(combined_size(request));
	if (exchange->record != NULL)
		combined_take(exchange->record, host->moment->wall, request);
}

void
exchange_begin(struct exchange *exchange, const struct exchange_host *host,
    const struct entrance *entrance, const struct http_request *request)
{
	struct answer *answer = &exchange->answer;

	exchange_init(exchange, host, request);
	exchange->asked_close = !request->keep_alive;
	exchange->keep = app_answer(host->app, entrance->routes, request,
			     host->moment, answer) &&
			 request->keep_alive;
	if (answer->plan.waits == 0)
		return;
	exchange->asleep = totals_admit_sleeper(host->totals);
	if (!exchange->asleep)
		answer_replace(answer, 503, host->totals->crowded);
}

void
exchange_refuse(struct exchange *exchange, const struct exchange_host *host,
    const char *peer, const struct http_request *request,
    const struct exchange_fault *fault)
{
	bool content = request == NULL || request->method != HTTP_HEAD;

	log_debug("%s: refused with %u: %s", peer != NULL ? peer : "a client",
	    fault->status, fault->sentence);
	exchange_init(exchange, host, request);
	exchange->asked_close = false;
	exchange->keep = false;
	message_init(&exchange->answer.message);
	message_set(&exchange->answer.message, fault->status, fault->sentence);
	plan_at_once(&exchange->answer.plan, content);
}

enum exchange_body
exchange_begin_body(struct exchange *exchange, const struct exchange_host *host,
    const struct http_request *request, bool ahead)
{
	switch (
	    http_body_begin(&exchange->body, request, host->config->max_body)) {
	case HTTP_OK:
		return EXCHANGE_ANSWER;
	case HTTP_MORE:
		break;
	case HTTP_BAD:
		exchange_refuse_body(exchange, exchange->body.status,
		    exchange->body.fault);
		return EXCHANGE_ANSWER;
	}
	if (!request->expects_continue)
		return EXCHANGE_RECEIVE;
	if (exchange->answer.message.status < 400)
		return ahead ? EXCHANGE_RECEIVE : EXCHANGE_CONTINUE;
	/* close: the client may send the body all the same, or another request,
	 * and nobody could tell which */
	exchange->asked_close = false;
	exchange->keep = false;
	return EXCHANGE_ANSWER;
}

bool
exchange_skip_body(struct exchange *exchange, struct span input, size_t *used)
{
	switch (http_body_skip(&exchange->body, input, used)) {
	case HTTP_OK:
		return true;
	case HTTP_MORE:
		return false;
	case HTTP_BAD:
		break;
	}
	exchange_refuse_body(exchange, exchange->body.status,
	    exchange->body.fault);
	return true;
}

void
exchange_refuse_body(struct exchange *exchange, unsigned status,
    const char *sentence)
{
	exchange->asked_close = false; /* it has not sent all of this one */
	exchange->keep = false;
	answer_replace(&exchange->answer, status, sentence);
}

/* Writes the head of the answer into `room`, and makes it the piece. */
static void
exchange_write_head(struct exchange *exchange, const struct exchange_host *host,
    char *room, struct piece *piece)
{
	enum head_connection connection = HEAD_KEEP;

	if (host->moment->closing)
		exchange->keep = false;
	if (!exchange->keep)
		connection = HEAD_CLOSE;
	else if (exchange->old_version)
		connection = HEAD_KEEP_OLD;
	exchange->begun = true;
	piece->kind = PIECE_BYTES;
	piece->bytes.data = room;
	piece->bytes.size = head_write(&exchange->answer,
	    &host->config->app.site, host->moment, connection, room);
}

/* Gives the place among the sleepers back. */
static void
exchange_wake(struct exchange *exchange, const struct exchange_host *host)
{
	totals_release_sleeper(host->totals);
	exchange->asleep = false;
}

void
exchange_next(struct exchange *exchange, const struct exchange_host *host,
    char *room, struct piece *piece)
{
	answer_next(&exchange->answer, &host->app->site, host->moment, room,
	    piece);
	if (exchange->asleep && exchange->answer.plan.waits == 0)
		exchange_wake(exchange, host);
	if (piece->kind == PIECE_HEAD)
		exchange_write_head(exchange, host, room, piece);
}

enum exchange_fin
exchange_on_fin(struct exchange *exchange)
{
	if (exchange->begun)
		return EXCHANGE_LEAVE;
	if (exchange->old_version || exchange->probed)
		return EXCHANGE_STAY;
	exchange->probed = true;
	return EXCHANGE_PROBE;
}

bool
exchange_cut(struct exchange *exchange)
{
	exchange->cut = true;
	if (exchange->begun)
		return false;
	exchange->keep = false;
	answer_replace(&exchange->answer, 503,
	    "the server stops before this sleep has ended");
	return true;
}

bool
exchange_must_linger(const struct exchange *exchange, bool unread, bool slow,
    uint64_t sent)
{
	return !exchange->asked_close || unread || slow ||
	       sent > EXCHANGE_LEAVE_MAX;
}

/* Returns how many bytes of the content have been sent, or are to be with the
 * next send. */
static uint64_t
exchange_content(const struct exchange *exchange)
{
	uint64_t content = exchange->answer.message.yielded, left;

	if (!exchange->sending)
		return content;
	left = exchange->piece.kind == PIECE_FILE ? exchange->piece.file.size
						  : exchange->piece.bytes.size;
	return content > left ? content - left : 0;
}

/* Returns the status for the log: the answer's, or why it never began. */
static unsigned
exchange_status(const struct exchange *exchange)
{
	if (exchange->begun)
		return exchange->answer.message.status;
	return exchange->cut ? 503 : EXCHANGE_LEFT;
}

/* Appends the line of the log, or counts it as dropped where memory is short. It
 * is not inlined: without a log, a request needs no room for a line on the
 * stack. */
static void __attribute__((noinline)) exchange_log(struct exchange *exchange,
    const struct exchange_host *host, const char *peer)
{
	struct access_log *log = host->config->log;
	char line[COMBINED_LINE_MAX];

	if (exchange->record == NULL) {
		access_log_drop(log, host->ring);
		return;
	}
	(void)access_log_append(log, host->ring,
	    combined_write(exchange->record, peer, exchange_status(exchange),
		exchange_content(exchange), line));
	free(exchange->record);
}

void
exchange_end(struct exchange *exchange, const struct exchange_host *host,
    const char *peer)
{
	if (host->config->log != NULL)
		exchange_log(exchange, host, peer);
	if (exchange->asleep)
		exchange_wake(exchange, host);
	answer_fini(&exchange->answer);
}
