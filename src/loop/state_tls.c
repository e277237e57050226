/* The steps of a connection until its handshake is done; the worker's thread. */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "loop/secure.h"
#include "loop/state.h"

enum conn_state
state_begin_tls(struct conn *conn)
{
	struct secure *secure = secure_new(conn->context, conn->entrance);

	if (secure == NULL)
		return CONN_CLOSED;
	secure->since = conn->context->moment.now;
	conn->channel.secure = secure;
	conn->channel.secured = true;
	secure_take_input(conn->context);
	return CONN_SHAKING;
}

/* Has a connection wait on purpose, until a time, as clock_now(), from which on its
 * handshake has its whole limit. */
static enum conn_state
state_doze(struct conn *conn, int64_t until)
{
	conn->channel.secure->alarm.due = until;
	conn->channel.secure->since = until;
	return CONN_DOZING;
}

/* Answers who speaks HTTP in clear, likewise: all that has come is forgotten. */
static enum conn_state
state_refuse_clear(struct conn *conn)
{
	struct context *context = conn->context;

	secure_free(conn->channel.secure, context);
	conn->channel.secure = NULL;
	conn->channel.secured = false;
	context_drop_records(context);
	return state_refuse(conn, NULL, 400,
	    "clients speak TLS here: ask for https:// instead of http://");
}

/* Whether what has come begins like HTTP (RFC 9110 9.1), and like no record. */
static bool
state_is_clear(const struct context *context)
{
	struct span input = tls_turn_input(&context->records);

	return ((input.data[0] | 0x20) >= 'a' && (input.data[0] | 0x20) <= 'z');
}

/* Ends the connection by FIN; what the handshake has put into the records goes
 * first. */
static enum conn_state
state_end_handshake(struct conn *conn)
{
	secure_count(conn->channel.secure, conn->context, SECURE_FAILED);
	conn->channel.secure->quiet = true;
	conn->channel.secure->failed = true;
	conn->lingers = true;
	return CONN_LINGERING;
}

/* Takes down that the handshake is done; its time is that from the accept on, without
 * the sleep that it was asked for. */
static void
state_note_shake(struct conn *conn)
{
	struct secure *secure = conn->channel.secure;
	struct visitor *visitor = conn_visitor(conn);
	struct tls_facts facts;

	secure->opens = true;
	tls_tell(secure->tls, &facts);
	secure_count(secure, conn->context,
	    facts.resumed ? SECURE_RESUMED : SECURE_FULL);
	histogram_add(&conn->context->stats.shake,
	    clock_now() - secure->began - tls_act(secure->tls)->sleep);
	if (visitor != NULL)
		visitor_note_tls(visitor, secure->tls);
}

/* Makes what comes of a step of the handshake the next state; CONN_SHAKING: more has to
 * come. */
static enum conn_state
state_judge_shake(struct conn *conn, enum tls_result result)
{
	struct secure *secure = conn->channel.secure;

	switch (result) {
	case TLS_DONE:
		state_note_shake(conn);
		return CONN_IDLE;
	case TLS_SLEEP:
		moment_renew(&conn->context->moment);
		return state_doze(conn,
		    conn->context->moment.now + tls_act(secure->tls)->sleep);
	case TLS_STALL:
		if (!conn->context->moment.closing)
			return state_doze(conn, INT64_MAX);
		__attribute__((fallthrough));
	case TLS_RESET:
		conn->reset = true;
		return CONN_CLOSED;
	case TLS_BAD:
		log_debug("a handshake failed: %s", tls_reason(secure->tls));
		return state_end_handshake(conn);
	case TLS_CLOSE:
	case TLS_ENDED:
		return state_end_handshake(conn);
	case TLS_MORE:
		break;
	}
	return CONN_SHAKING;
}

/* Goes on with the handshake, by what has been received. Returns CONN_SHAKING where more
 * has to come, or others sign before. */
static enum conn_state
state_shake(struct conn *conn)
{
	struct context *context = conn->context;
	struct tls *tls = conn->channel.secure->tls;
	enum conn_state next;

	if (tls_signs_next(tls, &context->records)) {
		if (context->signs_left == 0 ||
		    ready_queue_goes_before(&context->ready_queue)) {
			context_end_turn(context);
			return CONN_SHAKING;
		}
		context->signs_left--;
	}
	next = state_judge_shake(conn, tls_shake(tls, &context->records));
	if (next == CONN_CLOSED)
		return next;
	return secure_flush(&conn->channel, context, false) == WIRE_BROKEN
		   ? CONN_CLOSED
		   : next;
}

/* Does with what has been received what can be done; CONN_SHAKING: more has to come. */
static enum conn_state
state_take_records(struct conn *conn)
{
	const struct context *context = conn->context;
	const struct tls *tls = conn->channel.secure->tls;

	/* one that has slept has nothing there, but its ServerHello to sign */
	if (tls_turn_input(&context->records).size == 0 &&
	    !tls_signs_next(tls, &context->records))
		return CONN_SHAKING;
	if (!tls_has_begun(tls) && state_is_clear(context))
		return state_refuse_clear(conn);
	return state_shake(conn);
}

enum conn_state
state_shaking(struct conn *conn)
{
	for (;;) {
		enum conn_state next = state_take_records(conn);

		if (next != CONN_SHAKING || context_turn_is_over(conn->context))
			return next;
		switch (secure_fetch(&conn->channel, conn->context)) {
		case WIRE_DONE:
			break;
		case WIRE_BLOCKED:
			return CONN_SHAKING;
		case WIRE_ENDED:
		case WIRE_BROKEN:
			return CONN_CLOSED;
		}
	}
}

/* A client that leaves, or says something more, ends nothing but its own wait. */
enum conn_state
state_dozing(struct conn *conn)
{
	if (conn->channel.peer_closed)
		return CONN_CLOSED;
	if (conn->context->moment.now < conn->channel.secure->alarm.due)
		return CONN_DOZING;
	return state_shake(conn);
}
