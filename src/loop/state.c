/* The steps of a connection, a function for each state; the worker's thread. */
#include "config.h"

#include "loop/state.h"

#include "base/log.h"
#include "http/parser.h"
#include "loop/secure.h"

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

enum conn_state
state_refuse(struct conn *conn, const struct http_request *request,
    unsigned status, const char *sentence)
{
	if (conn->believed && state_note_client(conn, NULL) == -1)
		return CONN_CLOSED;
	conn->loop_exchange = loop_exchange_new(conn->context);
	if (conn->loop_exchange == NULL)
		return CONN_CLOSED;
	exchange_refuse(&conn->loop_exchange->exchange, &conn->context->host,
	    visitor_peer(conn_visitor(conn)), request,
	    &(struct exchange_fault){ status, sentence });
	return CONN_ANSWERING;
}

enum conn_state
state_refuse_late(struct conn *conn)
{
	if (conn->state == CONN_PROXIED)
		return state_turn_away(conn, STATE_LATE);
	if (conn->state == CONN_HEAD)
		return state_refuse(conn, NULL, 408, "the head took too long");
	exchange_refuse_body(&conn->loop_exchange->exchange, 408,
	    "the body took too long");
	return CONN_ANSWERING;
}

/* It is not on the way of each request, and not to be inlined there. */
__attribute__((noinline)) enum conn_state
state_await_more(struct conn *conn)
{
	if (conn->late && !conn->channel.readable)
		return state_refuse_late(conn);
	return (enum conn_state)conn->state;
}

/* Puts an interim response into the output, for which there is always room. */
static void
state_put_interim(struct context *context)
{
	memcpy(context->output + context->output_size, exchange_continue.data,
	    exchange_continue.size);
	context->output_size += exchange_continue.size;
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
		state_put_interim(context);
		break;
	case EXCHANGE_RECEIVE:
		break;
	}
	return CONN_BODY;
}

/* Whether a connection that may not live for ever, or for any number of requests, closes
 * behind the answer to this one. */
static __attribute__((noinline)) bool
state_is_last(const struct conn *conn)
{
	const struct visitor *visitor = conn->visitor;
	const struct server_limits *limits = &conn->context->config->limits;

	return visitor != NULL &&
	       (visitor_is_old(visitor, conn->context->moment.now) ||
		   (limits->requests > 0 &&
		       visitor->requests + 1 >= limits->requests));
}

/* Begins the answer to the request whose head is there, and looks for its
 * body. */
static enum conn_state
state_begin(struct conn *conn)
{
	struct context *context = conn->context;
	struct loop_exchange *loop_exchange;

	if (conn->believed && state_note_client(conn, &context->request) == -1)
		return CONN_CLOSED;
	loop_exchange = loop_exchange_new(context);
	if (loop_exchange == NULL)
		return CONN_CLOSED;
	conn->loop_exchange = loop_exchange;
	conn->seen = 0;
	conn->late = false;
	context->turn_requests++;
	context->input_start += context->request.head_size;
	exchange_begin(&loop_exchange->exchange, &context->host, conn->entrance,
	    &context->request);
	if (conn->visited && state_is_last(conn))
		loop_exchange->exchange.keep = false;
	return state_begin_body(conn);
}

/* Parses a head as far as it is there. All that it calls is inlined
 * (`flatten`), as in state_answering(), since each request takes these two steps;
 * see src/README.md. */
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
			return state_await_more(conn);
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
		bool answer = exchange_take_body(&conn->loop_exchange->exchange,
		    context_input(context), &used);

		context->input_start += used;
		if (answer) {
			conn->late = false;
			return CONN_ANSWERING;
		}
		switch (channel_receive(&conn->channel, context,
		    CONTEXT_INPUT_MAX)) {
		case WIRE_DONE:
			break;
		case WIRE_BLOCKED:
			return state_await_more(conn);
		case WIRE_ENDED:
			return CONN_LINGERING; /* for what is still to be sent */
		case WIRE_BROKEN:
			return CONN_CLOSED;
		}
	}
}

/* Whether the close behind the last answer has to wait; and notes whether the end is one
 * that is meant. */
static __attribute__((noinline)) bool
state_must_linger(struct conn *conn)
{
	const struct context *context = conn->context;
	const struct exchange *exchange = &conn->loop_exchange->exchange;
	const struct channel *channel = &conn->channel;

	if (channel->secured)
		channel->secure->quiet = exchange_fault(exchange) != -1;
	return exchange_must_linger(exchange,
	    channel_has_unread(channel, context),
	    channel->has_blocked || conn->has_sent,
	    context->turn_sent + context->output_size);
}

/* Ends the exchange, whose answer has been yielded whole, and decides whether
 * the connection goes on. What was sent in an earlier turn counts as slow: nobody
 * has looked whether the client has taken it. */
static enum conn_state
state_end(struct conn *conn)
{
	struct context *context = conn->context;
	const struct exchange *exchange = &conn->loop_exchange->exchange;
	struct visitor *visitor = NULL;
	bool keep = exchange->keep;

	if (!exchange->cut)
		conn->unsent++;
	conn->lingers = !keep && state_must_linger(conn);
	if (conn->visited)
		visitor = conn->visitor;
	else
		conn->unvisited.requests++;
	loop_exchange_end(conn->loop_exchange, context, visitor);
	conn->loop_exchange = NULL;
	return keep ? CONN_IDLE : CONN_LINGERING;
}

/*
 * Sends what it can of a piece that is not in the output: PIECE_LENT or
 * PIECE_FILE. WIRE_ENDED says that the file has been written to. The file is
 * looked at in each turn before anything of it is sent, so that a change before
 * the last look never makes an answer that seems whole.
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

/* Has the connection wait in `state` until a time, as clock_now(). */
static __attribute__((noinline, cold)) enum conn_state
state_wait_until(struct conn *conn, int64_t due, enum conn_state state)
{
	struct context *context = conn->context;
	struct alarm *alarm = &conn->loop_exchange->alarm;

	alarms_unset(&context->alarms, alarm);
	alarm->due = due;
	moment_renew(&context->moment); /* it may be due already */
	return state;
}

/* Takes the answer's next piece: puts bytes into the output, and keeps what has
 * to be sent from elsewhere. */
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
		return exchange_ends_next(&loop_exchange->exchange)
			   ? state_end(conn)
			   : CONN_ANSWERING;
	case PIECE_LENT:
	case PIECE_FILE:
		loop_exchange->exchange.piece = piece;
		loop_exchange->exchange.sending = true;
		return CONN_ANSWERING;
	case PIECE_TURN:
		context_end_turn(context);
		return CONN_ANSWERING;
	case PIECE_UNTIL:
	case PIECE_QUEUED: /* conn_on_slot() may make the time now */
		return state_wait_until(conn, piece.until, CONN_WAITING);
	case PIECE_HANG:
		conn->reset = context->moment.closing;
		return conn->reset
			   ? CONN_CLOSED
			   : state_wait_until(conn, piece.until, CONN_HANGING);
	case PIECE_RESET:
		return state_wait_until(conn, 0, CONN_RESETTING);
	case PIECE_END:
		return state_end(conn);
	}
	return CONN_CLOSED;
}

/* Whether the connection has had its bytes of this turn, in an answer that may go on
 * as long as the client takes it: one that is made while it is sent. */
static inline bool
state_has_had_its_share(const struct conn *conn)
{
	return conn->loop_exchange->exchange.answer.message.owns &&
	       context_turn_is_over(conn->context);
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
			if (state_has_had_its_share(conn))
				return CONN_ANSWERING;
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

/* Ends the wait of a client that has left, or is not understood any more. */
static enum conn_state
state_leave(struct conn *conn)
{
	conn->lingers = true;
	return CONN_LINGERING;
}

/*
 * Waits for the time of the answer, or for the end of a hang. A FIN meanwhile may be a half-close:
 * exchange_on_fin() tells. The reset that answers a probe makes an event, and
 * conn_wait() finds it, whatever lies unread. Of a client that has left, what lies
 * unread is received first, since it would make a reset of our close, which may
 * destroy earlier answers on their way.
 */
static enum conn_state
state_waiting(struct conn *conn)
{
	struct channel *channel = &conn->channel;

	if (conn->context->moment.now >= conn->loop_exchange->alarm.due)
		return CONN_ANSWERING;
	if (channel->secured && !channel->peer_closed) {
		if (secure_look(channel, conn->context) == WIRE_BROKEN)
			return CONN_CLOSED;
		if (channel->secure->failed)
			return state_leave(conn);
	}
	if (!channel->peer_closed)
		return (enum conn_state)conn->state;
	switch (exchange_on_fin(&conn->loop_exchange->exchange)) {
	case EXCHANGE_STAY:
		break;
	case EXCHANGE_PROBE:
		state_put_interim(conn->context);
		break;
	case EXCHANGE_LEAVE:
		return state_leave(conn);
	}
	return (enum conn_state)conn->state;
}

const struct state states[CONN_CLOSED] = {
	[CONN_PROXIED] = { DEADLINE_PROXY, DEADLINE_GRACE, state_proxied },
	[CONN_SHAKING] = { DEADLINE_SHAKE, DEADLINE_SHAKE, state_shaking },
	[CONN_IDLE] = { DEADLINE_IDLE, DEADLINE_GRACE, state_idle },
	[CONN_HEAD] = { DEADLINE_HEAD, DEADLINE_HEAD, state_head },
	[CONN_BODY] = { DEADLINE_BODY, DEADLINE_BODY, state_body },
	[CONN_ANSWERING] = { DEADLINE_WRITE, DEADLINE_WRITE, state_answering },
	[CONN_WAITING] = { DEADLINE_NEVER, DEADLINE_NEVER, state_waiting },
	[CONN_HANGING] = { DEADLINE_HANG, DEADLINE_HANG, state_waiting },
	[CONN_DOZING] = { DEADLINE_DOZE, DEADLINE_DOZE, state_dozing },
	[CONN_RESETTING] = { DEADLINE_WRITE, DEADLINE_WRITE, state_resetting },
	[CONN_LINGERING] = { DEADLINE_LINGER, DEADLINE_PART, state_lingering },
};
