/* What HTTP/1.1 asks of an answer, for all models; the thread that serves. */
#include "config.h"

#include "server/exchange.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/combined.h"
#include "http/json_line.h"
#include "server/staged.h"

/* How many bytes a close may leave to the kernel to deliver. */
#define EXCHANGE_LEAVE_MAX ((uint64_t)16 * 1024)

/* The statuses in the log of a client that left before its answer, and of one that
 * gets none, on purpose. */
#define EXCHANGE_LEFT      499
#define EXCHANGE_NO_ANSWER 444

const struct span exchange_continue = SPAN("HTTP/1.1 100 Continue\r\n\r\n");

/* Takes the request down for the log; NULL where memory is short. For JSON it is
 * known to the us when it came, for which the moment is too coarse. It is not
 * inlined, like exchange_log(). */
static __attribute__((noinline)) struct record *
exchange_take_down(const struct exchange_host *host,
    const struct http_request *request)
{
	struct record *record = malloc(record_size(request));

	if (record == NULL)
		return NULL;
	if (host->config->log_format == RECORD_JSON)
		record_take(record, clock_wall(), clock_now(), request);
	else
		record_take(record, host->moment->wall * CLOCK_S,
		    host->moment->now, request);
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
	if (host->config->log != NULL)
		exchange->record = exchange_take_down(host, request);
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
}

/* What is sent in place of an answer that is no HTTP, on purpose. */
static const char exchange_garbage[] =
    "\x7f\x00garbage, on purpose\xff\r\n\r\n";

/* Returns the fault that words have decided on; -1: none. */
static int
exchange_fault(const struct exchange *exchange)
{
	const struct decision *decision = exchange->answer.message.decision;

	return decision != NULL ? decision_fault(decision) : -1;
}

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
	if (host->moment->closing)
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
		}
	}
	if (exchange->asleep && exchange->answer.plan.waits == 0) {
		exchange_wake(exchange, host);
		exchange_note_late(exchange, host);
	}
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
	const struct plan *plan = &exchange->answer.plan;

	if (exchange->begun && exchange_fault(exchange) != FAULT_GARBAGE)
		return exchange->answer.message.status;
	if (exchange_fault(exchange) != -1 && !plan_is_at(plan, ACT_WAIT) &&
	    !plan_is_at(plan, ACT_POOL))
		return EXCHANGE_NO_ANSWER;
	return exchange->cut ? 503 : EXCHANGE_LEFT;
}

/* Whether the answer is not whole because the client has left, and not because the
 * server has broken it off. */
static bool
exchange_has_left(const struct exchange *exchange,
    const struct visitor *visitor)
{
	bool whole = plan_is_at(&exchange->answer.plan, ACT_END) &&
		     !exchange->sending;

	return !whole && (visitor == NULL || !visitor->broken);
}

/* Tells how long the answer slept, or was to sleep where it has not ended, and how
 * late it was then. Nothing where no wait has begun, or the server's stop has put
 * a 503 in its place. */
static void
exchange_tell_sleep(const struct exchange *exchange, struct outcome *outcome)
{
	const struct decision *decision = exchange->answer.message.decision;
	const struct plan *plan = &exchange->answer.plan;

	if (plan->due == 0)
		return;
	outcome->sleep = plan_waited(plan);
	if (plan->waiting)
		outcome->sleep += plan_next_wait(plan);
	if (decision != NULL) /* not a hang behind the delay */
		outcome->sleep = decision->drawn.delay;
	if (exchange->record->late != RECORD_NOT_AWAKE)
		outcome->late = exchange->record->late * CLOCK_US;
}

/* Returns how long the answer queued for a slot, or RECORD_NO_TIME. */
static int64_t
exchange_queued(const struct exchange *exchange)
{
	const struct decision *decision = exchange->answer.message.decision;

	if (decision == NULL || decision->ticket == NULL)
		return RECORD_NO_TIME;
	return plan_is_at(&exchange->answer.plan, ACT_POOL)
		   ? clock_now() - decision->ticket->came
		   : decision->ticket->waited;
}

/* Writes what words had done to the answer; returns it. */
static struct span
exchange_did(const struct exchange *exchange, char did[DRAWN_TEXT_MAX])
{
	const struct decision *decision = exchange->answer.message.decision;
	struct drawn_names names;

	if (decision == NULL)
		return SPAN("");
	names = decision_names(decision);
	return (struct span){ did,
		drawn_write_json(&decision->drawn, &names, did) };
}

/* Writes the line of the log; returns it. */
static struct span
exchange_write_line(const struct exchange *exchange,
    const struct exchange_host *host, const struct visitor *visitor,
    char line[RECORD_LINE_MAX])
{
	struct outcome outcome = { .peer = visitor_peer(visitor),
		.status = exchange_status(exchange),
		.bytes = exchange_content(exchange),
		.sleep = RECORD_NO_TIME,
		.late = RECORD_NO_TIME,
		.queued = RECORD_NO_TIME };
	char did[DRAWN_TEXT_MAX];

	if (host->config->log_format != RECORD_JSON)
		return combined_write(exchange->record, &outcome, line);
	outcome.lasted = clock_now() - exchange->record->begun;
	outcome.left = exchange_has_left(exchange, visitor);
	outcome.worker = host->worker;
	if (visitor != NULL) {
		outcome.connection = visitor->connection;
		outcome.request = visitor->requests;
	}
	exchange_tell_sleep(exchange, &outcome);
	outcome.queued = exchange_queued(exchange);
	outcome.did = exchange_did(exchange, did);
	return json_line_write(exchange->record, &outcome, line);
}

/* Appends the line of the log, or counts it as dropped where memory is short. It
 * is not inlined: without a log, a request needs no room for a line on the
 * stack. */
static void __attribute__((noinline)) exchange_log(struct exchange *exchange,
    const struct exchange_host *host, struct visitor *visitor)
{
	struct access_log *log = host->config->log;
	char line[RECORD_LINE_MAX];

	if (visitor != NULL)
		visitor->requests++;
	if (exchange->record == NULL) {
		access_log_drop(log, host->worker);
		return;
	}
	(void)access_log_append(log, host->worker,
	    exchange_write_line(exchange, host, visitor, line));
	free(exchange->record);
}

void
exchange_end(struct exchange *exchange, const struct exchange_host *host,
    struct visitor *visitor)
{
	if (host->config->log != NULL)
		exchange_log(exchange, host, visitor);
	if (exchange->asleep)
		exchange_wake(exchange, host);
	answer_fini(&exchange->answer);
}
