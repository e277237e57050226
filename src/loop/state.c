/* The steps of a connection, a function for each state; the worker's thread. */
#include "config.h"

#include "loop/state.h"

#include "base/log.h"
#include "http/parser.h"

static enum conn_state
state_idle(struct conn *conn)
{
	struct context *context = conn->context;

	if (context_input(context).size > 0) {
		context_hear_next(context);
		return context_turn_is_over(context) ? CONN_IDLE : CONN_HEAD;
	}
	switch (channel_receive(&conn->channel, context, CONTEXT_AHEAD_MAX)) {
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
    unsigned status, const char *sentence)
{
	conn->loop_exchange = loop_exchange_new(conn->context);
	if (conn->loop_exchange == NULL)
		return CONN_CLOSED;
	exchange_refuse(&conn->loop_exchange->exchange, &conn->context->host,
	    conn->peer, request, status, sentence);
	return CONN_ANSWERING;
}

/* Refuses a request because of its body. */
enum conn_state
state_refuse_body(struct conn *conn, unsigned status, const char *sentence)
{
	exchange_refuse_body(&conn->loop_exchange->exchange, status, sentence);
	return CONN_ANSWERING;
}

/* Looks for the body of a request whose answer has begun. */
static enum conn_state
state_begin_body(struct conn *conn)
{
	struct context *context = conn->context;
	bool ahead = context_input(context).size > 0;

	switch (exchange_begin_body(&conn->loop_exchange->exchange,
	    &context->host, &context->request, ahead)) {
	case EXCHANGE_ANSWER:
		return CONN_ANSWERING;
	case EXCHANGE_CONTINUE:
		memcpy(context->output + context->output_size,
		    exchange_continue.data, exchange_continue.size);
		context->output_size += exchange_continue.size;
		break;
	case EXCHANGE_RECEIVE:
		break;
	}
	return CONN_BODY;
}

/* A whole head is there: begins its answer, and looks for its body. */
static enum conn_state
state_begin(struct conn *conn)
{
	struct context *context = conn->context;
	struct loop_exchange *loop_exchange = loop_exchange_new(context);

	if (loop_exchange == NULL)
		return CONN_CLOSED;
	conn->loop_exchange = loop_exchange;
	conn->seen = 0;
	context->turn_requests++;
	context->input_start += context->request.head_size;
	exchange_begin(&loop_exchange->exchange, &context->host, conn->entrance,
	    conn->peer, &context->request);
	return state_begin_body(conn);
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
			conn->seen = (uint16_t)input.size;
			break;
		}
		switch (channel_receive(&conn->channel, context,
		    CONTEXT_AHEAD_MAX)) {
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

	for (;;) {
		size_t used;
		bool answer = exchange_skip_body(&conn->loop_exchange->exchange,
		    context_input(context), &used);

		context->input_start += used;
		if (answer)
			return CONN_ANSWERING;
		switch (channel_receive(&conn->channel, context,
		    CONTEXT_INPUT_MAX)) {
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

/* The answer has been given whole. */
static enum conn_state
state_end(struct conn *conn)
{
	struct context *context = conn->context;
	const struct exchange *exchange = &conn->loop_exchange->exchange;
	const struct channel *channel = &conn->channel;
	bool keep = exchange->keep;

	if (!exchange->cut)
		conn->unsent++;
	conn->lingers = !keep && exchange_must_linger(exchange,
				     channel->readable ||
					 context_input(context).size > 0,
				     channel->has_blocked, context->turn_sent);
	loop_exchange_end(conn->loop_exchange, context);
	conn->loop_exchange = NULL;
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
	struct exchange *exchange = &conn->loop_exchange->exchange;
	struct piece *piece = &exchange->piece;
	enum wire_result result;

	if (piece->kind == PIECE_LENT)
		result = channel_send(&conn->channel, conn->context,
		    &piece->bytes);
	else if (message_file_is_unchanged(&exchange->answer.message))
		result = channel_send_file(&conn->channel, conn->context,
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
	struct loop_exchange *loop_exchange = conn->loop_exchange;
	struct piece piece;

	exchange_next(&loop_exchange->exchange, &context->host,
	    context->output + context->output_size, &piece);
	switch (piece.kind) {
	case PIECE_HEAD: /* has been written, in bytes */
	case PIECE_BYTES:
		context->output_size += piece.bytes.size;
		return CONN_ANSWERING;
	case PIECE_LENT:
	case PIECE_FILE:
		loop_exchange->exchange.piece = piece;
		loop_exchange->exchange.sending = true;
		return CONN_ANSWERING;
	case PIECE_UNTIL:
		alarms_unset(&context->alarms, &loop_exchange->alarm);
		loop_exchange->alarm.due = piece.until;
		moment_renew(&context->moment); /* it may be due already */
		return CONN_WAITING;
	case PIECE_END:
		return state_end(conn);
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

		if (conn->loop_exchange->exchange.sending)
			result = state_send_piece(conn);
		else if (context->output_size + EXCHANGE_ROOM >
			 CONTEXT_OUTPUT_MAX)
			result = channel_flush(&conn->channel, context);
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
 * a half-close are the same. Whose answer is due gets it all the same. Answers
 * before this one may still be on their way, and what lies unread before the
 * FIN would make a reset of our close: it is read first.
 */
static enum conn_state
state_waiting(struct conn *conn)
{
	if (conn->context->moment.now >= conn->loop_exchange->alarm.due)
		return CONN_ANSWERING;
	if (!conn->channel.peer_closed)
		return CONN_WAITING;
	conn->lingers = true;
	return CONN_LINGERING;
}

/*
 * Sends the last bytes, and then our FIN, in one segment where they fit, and
 * before any close: of what lies unread a close makes a reset, and throws away
 * what has not gone out by then.
 */
static enum wire_result
state_finish(struct conn *conn)
{
	bool last = conn->context->output_size > 0;
	enum wire_result result = channel_flush_last(&conn->channel,
	    conn->context);

	if (result != WIRE_DONE || conn->finished || !(last || conn->lingers))
		return result;
	wire_finish(conn->channel.fd);
	conn->finished = true;
	return result;
}

static enum conn_state
state_lingering(struct conn *conn)
{
	struct context *context = conn->context;
	enum wire_result result;

	channel_drop_input(context);
	result = state_finish(conn);
	if (result == WIRE_DONE && !conn->lingers)
		return CONN_CLOSED;
	while (result == WIRE_DONE) {
		result = channel_receive(&conn->channel, context,
		    CONTEXT_INPUT_MAX);
		channel_drop_input(context);
	}
	return result == WIRE_BLOCKED ? CONN_LINGERING : CONN_CLOSED;
}

const struct state states[CONN_CLOSED] = {
	[CONN_IDLE] = { DEADLINE_IDLE, state_idle },
	[CONN_HEAD] = { DEADLINE_HEAD, state_head },
	[CONN_BODY] = { DEADLINE_BODY, state_body },
	[CONN_ANSWERING] = { DEADLINE_WRITE, state_answering },
	[CONN_WAITING] = { DEADLINE_NEVER, state_waiting },
	[CONN_LINGERING] = { DEADLINE_LINGER, state_lingering },
};
