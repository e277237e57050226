/* What HTTP/1.1 asks of an answer, for all models; the thread that serves. */
#include "config.h"

#include "server/exchange.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/account.h"
#include "server/staged.h"

/* How many bytes a close may leave to the kernel to deliver. */
#define EXCHANGE_LEAVE_MAX ((uint64_t)16 * 1024)

const struct span exchange_continue = SPAN("HTTP/1.1 100 Continue\r\n\r\n");

/* Takes the request down for the log; NULL where memory is short. For JSON it is
 * known to the us when it came, for which the moment is too coarse. It is not
 * inlined, like account_tell(). */
static __attribute__((noinline)) struct record *
exchange_take_down(const struct exchange_host *host,
    const struct http_request *request)
{
	const struct server_config *config = host->config;
	const char *fields = config->shown_fields;
	char text[RECORD_FIELDS_TEXT_MAX];
	struct span shown = fields != NULL
				? record_fields_write(request, fields, text)
				: SPAN("");
	struct record *record = malloc(record_size(request) + shown.size);

	if (record == NULL)
		return NULL;
	if (config->log_format == RECORD_JSON || config->watched)
		record_take(record, clock_wall(), clock_now(), request);
	else
		record_take(record, host->moment->wall * CLOCK_S,
		    host->moment->now, request);
	record_take_shown(record, shown);
	return record;
}

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
	if (host->config->recorded)
		exchange->record = exchange_take_down(host, request);
}

/* Takes a place among the sleepers for an answer that is to wait. */
static __attribute__((noinline, cold)) void
exchange_begin_wait(struct exchange *exchange, const struct exchange_host *host,
    const struct http_request *request)
{
	struct answer *answer = &exchange->answer;

	message_note_start(&answer->message, host->moment->now);
	if (host->config->watched && exchange->record == NULL)
		exchange->record = exchange_take_down(host, request);
	exchange->asleep = totals_admit_sleeper(host->totals);
	if (exchange->asleep)
		stats_add(&host->stats->asleep, 1);
	else
		answer_replace(answer, 503, host->totals->crowded);
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
	if (answer->plan.waits > 0)
		exchange_begin_wait(exchange, host, request);
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
	exchange->answer.message.handler = HANDLER_NONE;
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
		message_note_start(&exchange->answer.message,
		    host->moment->now);
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

/* Takes what the input, which moves on, has of the body; the content goes to the
 * message. */
static enum http_parse
exchange_read_body(struct exchange *exchange, struct span *input)
{
	enum http_parse result = HTTP_MORE;

	while (result == HTTP_MORE && input->size > 0) {
		struct span content;
		size_t used;

		result = http_body_next(&exchange->body, *input, &used,
		    &content);
		message_hear(&exchange->answer.message, content);
		span_skip(input, used);
	}
	return result;
}

bool
exchange_take_body(struct exchange *exchange, struct span input, size_t *used)
{
	size_t size = input.size;
	enum http_parse result = exchange_read_body(exchange, &input);

	*used = size - input.size;
	switch (result) {
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
	exchange->answer.message.handler = HANDLER_NONE;
}

/* What is sent in place of an answer that is no HTTP, on purpose. */
static const char exchange_garbage[] =
    "\x7f\x00garbage, on purpose\xff\r\n\r\n";

/* Whether words have decided about the answer. `owns` is looked at first: it lies
 * beside what is looked at anyway. */
static inline bool
exchange_is_decided(const struct exchange *exchange)
{
	const struct message *message = &exchange->answer.message;

	return message->owns && message->decision != NULL;
}

/* Says how it is told whether the connection goes on. */
static inline enum head_connection
exchange_connection(const struct exchange *exchange)
{
	if (!exchange->keep)
		return HEAD_CLOSE;
	return exchange->old_version ? HEAD_KEEP_OLD : HEAD_KEEP;
}

/* Writes the head of the answer into `room`; returns its size. */
static inline size_t
exchange_write_head(struct exchange *exchange, const struct exchange_host *host,
    char *room)
{
	if (host->moment->leaving)
		exchange->keep = false;
	exchange->begun = true;
	return head_write(&exchange->answer, &host->config->app.site,
	    host->moment, exchange_connection(exchange), room);
}

/* The same of an answer about which words have decided. A fault ends the connection
 * and says nothing. */
static size_t
exchange_write_decided(struct exchange *exchange,
    const struct exchange_host *host, char *room)
{
	struct answer *answer = &exchange->answer;
	const struct decision *decision = answer->message.decision;

	if (decision == NULL) /* there is no page to decide about any more */
		return exchange_write_head(exchange, host, room);
	if (drawn_has(&decision->drawn, WORD_CLOSE) ||
	    decision->framing == FRAMING_CLOSE)
		exchange->keep = false;
	if (decision_fault(decision) == FAULT_GARBAGE) {
		exchange->begun = true;
		memcpy(room, exchange_garbage, sizeof(exchange_garbage) - 1);
		return sizeof(exchange_garbage) - 1;
	}
	return staged_head(answer, host->moment, room,
	    exchange_write_head(exchange, host, room));
}

/* Gives the place among the sleepers back. */
static void
exchange_wake(struct exchange *exchange, const struct exchange_host *host)
{
	totals_release_sleeper(host->totals);
	stats_take(&host->stats->asleep);
	exchange->asleep = false;
}

/* Takes down for the log how late the first wait has ended, once it has. */
static void
exchange_note_late(const struct exchange *exchange,
    const struct exchange_host *host)
{
	const struct plan *plan = &exchange->answer.plan;

	if (exchange->record != NULL && plan->due != 0 &&
	    host->moment->now >= plan->due &&
	    exchange->record->late == RECORD_NOT_AWAKE)
		record_note_late(exchange->record,
		    host->moment->now - exchange->answer.plan.due);
}

/* Gives the place among the sleepers back, since the last wait is over, and counts how
 * late that was. */
static __attribute__((noinline, cold)) void
exchange_end_sleep(struct exchange *exchange, const struct exchange_host *host)
{
	int64_t due = exchange->answer.plan.due;

	exchange_wake(exchange, host);
	exchange_note_late(exchange, host);
	if (due != 0)
		histogram_add(&host->stats->late, host->moment->now - due);
}

/* Returns the next piece of an answer about which words have decided. `noinline`,
 * and by value: most have none, and need no piece in memory. */
static __attribute__((noinline, cold)) struct piece
exchange_next_decided(struct exchange *exchange,
    const struct exchange_host *host, char *room)
{
	struct answer *answer = &exchange->answer;
	struct piece piece;

	if (staged_before(answer, host->moment, room, &piece))
		return piece;
	answer_next(answer, &host->app->site, host->moment, room, &piece);
	exchange_note_late(exchange, host);
	if (piece.kind == PIECE_HEAD) {
		piece.kind = PIECE_BYTES;
		piece.bytes = (struct span){ room,
			exchange_write_decided(exchange, host, room) };
	} else if (answer->message.decision != NULL &&
		   answer->message.decision->framing == FRAMING_CHUNKED) {
		staged_chunk(answer, room, &piece);
	}
	if (piece.kind == PIECE_END && exchange_fault(exchange) != -1)
		exchange->keep = false;
	return piece;
}

void
exchange_next(struct exchange *exchange, const struct exchange_host *host,
    char *room, struct piece *piece)
{
	if (exchange_is_decided(exchange)) {
		*piece = exchange_next_decided(exchange, host, room);
	} else {
		answer_next(&exchange->answer, &host->app->site, host->moment,
		    room, piece);
		if (piece->kind == PIECE_HEAD) {
			piece->kind = PIECE_BYTES;
			piece->bytes.data = room;
			piece->bytes.size = exchange_write_head(exchange, host,
			    room);
		} else if (piece->kind != PIECE_END) {
			message_note_start(&exchange->answer.message,
			    host->moment->now);
		}
	}
	if (exchange->asleep && exchange->answer.plan.waits == 0)
		exchange_end_sleep(exchange, host);
}

enum exchange_fin
exchange_on_fin(struct exchange *exchange)
{
	if (exchange->begun || plan_is_at(&exchange->answer.plan, ACT_HANG))
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

void
exchange_end(struct exchange *exchange, const struct exchange_host *host,
    struct visitor *visitor)
{
	if (visitor != NULL)
		visitor->requests++;
	if (host->config->recorded)
		account_tell(exchange, host, visitor);
	account_count(exchange, host);
	if (exchange->asleep)
		exchange_wake(exchange, host);
	answer_fini(&exchange->answer);
}
