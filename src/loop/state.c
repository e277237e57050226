/* The steps of a connection, a function for each state; the worker's thread. */
#include "config.h"

#include "loop/state.h"

#include "base/log.h"
#include "http/parser.h"

static enum conn_state
state_idle(struct conn *conn)
{
	struct context *context = conn->context;

	if (context_turn_is_over(context))
		return CONN_IDLE;
	if (context_input(context).size > 0)
		return CONN_HEAD;
	switch (stream_receive(&conn->stream, context)) {
	case WIRE_DONE:
		return CONN_HEAD;
	case WIRE_BLOCKED:
		return CONN_IDLE;
	case WIRE_ENDED:
		return CONN_LINGERING; /* for what is still to be sent */
	case WIRE_BROKEN:
		break;
	}
	return CONN_CLOSED;
}

/* Refuses a request that never came to an exchange. */
enum conn_state
state_refuse(struct conn *conn, const struct http_request *request,
    unsigned status, const char *fault)
{
	struct context *context = conn->context;

	log_debug("%s: refused with %u: %s",
	    conn->peer != NULL ? conn->peer : "a client", status, fault);
	conn->exchange = exchange_open_refusal(context, conn->peer, request,
	    status, fault);
	return conn->exchange != NULL ? CONN_ANSWERING : CONN_CLOSED;
}

/* Refuses a request because of its body. */
enum conn_state
state_refuse_body(struct conn *conn, unsigned status, const char *fault)
{
	conn->exchange->asked_close = false; /* nor has it sent all of this */
	answer_refuse(&conn->exchange->answer, status, fault);
	return CONN_ANSWERING;
}

/* RFC 9110 10.1.1: the client waits for our word before it sends the body. */
static enum conn_state
state_expect(struct conn *conn)
{
	static const struct span go_on = SPAN("HTTP/1.1 100 Continue\r\n\r\n");
	struct context *context = conn->context;
	struct exchange *exchange = conn->exchange;

	if (exchange->answer.status >= 400) {
		exchange->asked_close = false;
		answer_close(&exchange->answer);
		return CONN_ANSWERING;
	}
	if (context_input(context).size > 0)
		return CONN_BODY;
	memcpy(context->output + context->output_size, go_on.data, go_on.size);
	context->output_size += go_on.size;
	return CONN_BODY;
}

/* A whole head is there: begins its answer, and looks for its body. */
static enum conn_state
state_begin(struct conn *conn)
{
	struct context *context = conn->context;
	const struct http_request *request = &context->request;
	struct exchange *exchange = exchange_open(context, conn->peer);

	if (exchange == NULL)
		return CONN_CLOSED;
	conn->exchange = exchange;
	conn->seen = 0;
	exchange->asked_close = !request->keep_alive;
	context->turn_requests++;
	context->input_start += request->head_size;

	switch (http_body_begin(&exchange->body, request,
	    context->config->max_body)) {
	case HTTP_OK:
		return CONN_ANSWERING;
	case HTTP_MORE:
		return request->expects_continue ? state_expect(conn)
						 : CONN_BODY;
	case HTTP_BAD:
		break;
	}
	return state_refuse_body(conn, exchange->body.status,
	    exchange->body.fault);
}

/* The way of each request is one function with what it calls, and so is
 * state_answering(); see src/README.md. */
static __attribute__((flatten)) enum conn_state
state_head(struct conn *conn)
{
	struct context *context = conn->context;
	struct http_request *request = &context->request;

	for (;;) {
		struct span input = context_input(context);

		switch (http_request_parse(request, input, conn->seen)) {
		case HTTP_OK:
			return state_begin(conn);
		case HTTP_BAD:
			return state_refuse(conn, request, request->status,
			    request->fault);
		case HTTP_MORE:
			conn->seen = (uint32_t)input.size;
			break;
		}
		switch (stream_receive(&conn->stream, context)) {
		case WIRE_DONE:
			break;
		case WIRE_BLOCKED:
			return CONN_HEAD;
		case WIRE_ENDED:
			return CONN_LINGERING;
		case WIRE_BROKEN:
			return CONN_CLOSED;
		}
	}
}

static enum conn_state
state_body(struct conn *conn)
{
	struct context *context = conn->context;
	struct http_body *body = &conn->exchange->body;

	for (;;) {
		size_t used;

		switch (http_body_skip(body, context_input(context), &used)) {
		case HTTP_OK:
			context->input_start += used;
			return CONN_ANSWERING;
		case HTTP_BAD:
			return state_refuse_body(conn, body->status,
			    body->fault);
		case HTTP_MORE:
			stream_drop_input(context);
			break;
		}
		switch (stream_receive(&conn->stream, context)) {
		case WIRE_DONE:
			break;
		case WIRE_BLOCKED:
			return CONN_BODY;
		case WIRE_ENDED:
			return CONN_LINGERING; /* for what is still to be sent */
		case WIRE_BROKEN:
			return CONN_CLOSED;
		}
	}
}

/* What may be left to the kernel, to deliver when we have closed. */
#define STATE_LEAVE_MAX ((size_t)16 * 1024)

/*
 * Whether the close after an answer has to wait for the client's. RFC 9112 9.6:
 * what is unread at a close makes it a reset, which may destroy the answer on
 * its way. Only a client that asked for the close itself, has sent nothing more
 * and is sent little needs no staged one.
 */
static bool
state_must_linger(const struct conn *conn)
{
	const struct context *context = conn->context;

	return !conn->exchange->asked_close || conn->stream.readable ||
	       context_input(context).size > 0 || conn->stream.blocked ||
	       context->turn_sent > STATE_LEAVE_MAX;
}

/* The answer has been given whole. */
static enum conn_state
state_end(struct conn *conn, bool keep)
{
	struct context *context = conn->context;
	struct exchange *exchange = conn->exchange;

	if (!exchange->cut)
		conn->unsent++;
	conn->lingers = !keep && state_must_linger(conn);
	exchange_close(exchange, context);
	conn->exchange = NULL;
	return keep ? CONN_IDLE : CONN_LINGERING;
}

/*
 * Sends what it can of a piece that is not bytes in the output. WIRE_ENDED: it
 * is of a file that somebody writes to. In every turn it is looked at before
 * anything is sent, so that no change before the last one makes an answer that
 * seems whole.
 */
static enum wire_result
state_send_piece(struct conn *conn)
{
	struct exchange *exchange = conn->exchange;
	struct piece *piece = &exchange->piece;
	enum wire_result result;

	if (piece->kind == PIECE_LENT)
		result = stream_send(&conn->stream, conn->context,
		    &piece->bytes);
	else if (answer_is_true(&exchange->answer))
		result = stream_send_file(&conn->stream, conn->context,
		    piece->file.fd, &piece->file.offset, &piece->file.size);
	else
		result = WIRE_ENDED;
	if (result == WIRE_DONE)
		exchange->sending = false;
	return result;
}

/* Takes the answer's next piece. */
static enum conn_state
state_take_piece(struct conn *conn)
{
	struct context *context = conn->context;
	struct exchange *exchange = conn->exchange;
	struct piece piece;

	answer_next(&exchange->answer, &context->moment,
	    context->output + context->output_size, &piece);
	if (piece.kind != PIECE_UNTIL)
		exchange_wake(exchange, context);
	switch (piece.kind) {
	case PIECE_BYTES:
		context->output_size += piece.bytes.size;
		return CONN_ANSWERING;
	case PIECE_LENT:
	case PIECE_FILE:
		exchange->piece = piece;
		exchange->sending = true;
		return CONN_ANSWERING;
	case PIECE_UNTIL:
		if (!exchange_sleep(exchange, context))
			return CONN_ANSWERING;
		alarms_unset(&context->alarms, &exchange->alarm);
		exchange->alarm.due = piece.until;
		context_renew(context); /* it may be due already */
		return CONN_WAITING;
	case PIECE_KEEP:
		return state_end(conn, true);
	case PIECE_CLOSE:
		return state_end(conn, false);
	}
	return CONN_CLOSED;
}

static __attribute__((flatten)) enum conn_state
state_answering(struct conn *conn)
{
	struct context *context = conn->context;
	enum conn_state next = CONN_ANSWERING;

	while (next == CONN_ANSWERING) {
		enum wire_result result = WIRE_DONE;

		if (conn->exchange->sending)
			result = state_send_piece(conn);
		else if (context->output_size + ANSWER_ROOM >
			 CONTEXT_OUTPUT_MAX)
			result = stream_flush(&conn->stream, context);
		switch (result) {
		case WIRE_DONE:
			next = state_take_piece(conn);
			break;
		case WIRE_BLOCKED:
			return CONN_ANSWERING;
		case WIRE_ENDED:
			log_debug("a file changed while it was sent");
			conn->reset = true;
			return CONN_CLOSED;
		case WIRE_BROKEN:
			return CONN_CLOSED;
		}
	}
	return next;
}

/*
 * A FIN during a sleep says that the client has left: on the wire, close() and
 * a half-close are the same. Whose answer is due gets it all the same.
 */
static enum conn_state
state_waiting(struct conn *conn)
{
	if (conn->context->moment.now >= conn->exchange->alarm.due)
		return CONN_ANSWERING;
	/* pipelined answers before this one may still be to be sent */
	return conn->stream.peer_closed ? CONN_LINGERING : CONN_WAITING;
}

static enum conn_state
state_lingering(struct conn *conn)
{
	struct context *context = conn->context;

	stream_drop_input(context);
	switch (stream_flush(&conn->stream, context)) {
	case WIRE_DONE:
		break;
	case WIRE_BLOCKED:
		return CONN_LINGERING;
	case WIRE_ENDED:
	case WIRE_BROKEN:
		return CONN_CLOSED;
	}
	if (!conn->lingers)
		return CONN_CLOSED;
	if (!conn->finished)
		wire_finish(conn->stream.fd);
	conn->finished = true;
	for (;;) {
		switch (stream_receive(&conn->stream, context)) {
		case WIRE_DONE:
			stream_drop_input(context);
			break;
		case WIRE_BLOCKED:
			return CONN_LINGERING;
		case WIRE_ENDED:
		case WIRE_BROKEN:
			return CONN_CLOSED;
		}
	}
}

const struct state states[CONN_CLOSED] = {
	[CONN_IDLE] = { "idle", DEADLINE_IDLE, state_idle },
	[CONN_HEAD] = { "head", DEADLINE_HEAD, state_head },
	[CONN_BODY] = { "body", DEADLINE_BODY, state_body },
	[CONN_ANSWERING] = { "answering", DEADLINE_WRITE, state_answering },
	[CONN_WAITING] = { "waiting", DEADLINE_NEVER, state_waiting },
	[CONN_LINGERING] = { "lingering", DEADLINE_LINGER, state_lingering },
};
