/* What becomes of connections whose limit has passed, or which the end of the server
 * ends; the worker's thread. */
#include "config.h"

#include <stddef.h>

#include "base/log.h"
#include "loop/conn.h"
#include "loop/conn_turn.h"
#include "loop/secure.h"
#include "loop/state.h"

static struct conn *
conn_of_deadline(struct deadline *deadline)
{
	return (
	    struct conn *)((char *)deadline - offsetof(struct conn, deadline));
}

/*
 * Looks whether the client keeps up with what it is sent, and sets the limit
 * anew while it does. A client that is too slow is reset. A connection that has
 * lingered closes once the client has acknowledged all: a close before would
 * leave the rest to the kernel, which may hold it for minutes. Only when the
 * server ends is it left so.
 */
static void
conn_check_pace(struct conn *conn)
{
	struct context *context = conn->context;
	enum deadline_kind kind = conn->deadline.kind;
	enum wire_pace_state view = wire_check_pace(conn->channel.fd,
	    &conn->pace, context->moment.now, context->config->limits.write);

	if (view == WIRE_SLOW) {
		log_debug("a client takes its answer too slowly");
		conn->reset = true; /* what it did not take is freed too */
		conn_close(conn);
	} else if (kind == DEADLINE_PART ||
		   (kind == DEADLINE_LINGER && view == WIRE_TAKEN)) {
		conn_close(conn);
	} else {
		deadlines_move(&context->deadlines, &conn->deadline, kind,
		    context->moment.now);
	}
}

/* Ends a connection that is idle, or has not begun, unless bytes have come since the loop
 * last looked at its socket. */
static void
conn_on_idle(struct conn *conn)
{
	struct context *context = conn->context;

	if (wire_is_silent(conn->channel.fd)) {
		conn->lingers = true;
		conn_run_from(conn, CONN_LINGERING);
		return;
	}
	conn->channel.readable = true;
	deadlines_renew(&context->deadlines, &conn->deadline,
	    context->moment.now);
	conn_run(conn);
}

/*
 * Ends the wait for the client's FIN, unless more has come since the loop last
 * looked. What lies there is received in any case, or the close would be a reset.
 */
static void
conn_on_parted(struct conn *conn)
{
	struct context *context = conn->context;

	conn->channel.readable = true;
	if (!conn_has_lingered(conn) && !wire_is_silent(conn->channel.fd)) {
		conn_run(conn);
		return;
	}
	conn_begin_turn(context, false);
	channel_restore(&conn->channel, context);
	if (states[CONN_LINGERING].step(conn) == CONN_CLOSED ||
	    channel_save(&conn->channel, context) == -1)
		conn_close(conn);
	else
		conn_check_pace(conn);
}

/*
 * Looks once more at the socket of a request whose limit has passed: what came in
 * time may lie there, where the process was stopped or the loop was held up.
 * state_await_more() refuses the request once all that is received. A client that
 * sends faster than it is received has no more than the limit once again.
 */
static void
conn_on_late(struct conn *conn)
{
	struct context *context = conn->context;

	if (conn->late) {
		conn_run_from(conn, state_refuse_late(conn));
		return;
	}
	conn->late = true;
	conn->channel.readable = true;
	deadlines_move(&context->deadlines, &conn->deadline,
	    conn->deadline.kind, context->moment.now);
	conn_run(conn);
}

/* Whether more handshakes are under way than the crowd's part of this worker's
 * connections. */
static bool
conn_shakes_in_a_crowd(const struct context *context)
{
	const struct server_config *config = context->config;

	return stats_read(&context->stats.waiting[DEADLINE_SHAKE]) >
	       config->max_conns / config->workers / SECURE_CROWD_PART;
}

/* Ends a handshake that has taken too long; in a crowd, or a drain, one that waits for its
 * client after the first part of that. */
static void
conn_on_shaking(struct conn *conn)
{
	struct context *context = conn->context;
	int64_t now = context->moment.now;
	bool silent = !ready_is_queued(&conn->ready) &&
		      wire_is_silent(conn->channel.fd);

	if (now - conn->channel.secure->since < context->config->limits.shake &&
	    !(silent &&
		(context->moment.closing || conn_shakes_in_a_crowd(context)))) {
		deadlines_renew(&context->deadlines, &conn->deadline, now);
		return;
	}
	log_debug("a handshake took too long");
	secure_count(conn->channel.secure, context, SECURE_LATE);
	conn_close(conn);
}

void
conn_on_due(struct deadline *deadline)
{
	struct conn *conn = conn_of_deadline(deadline);
	struct context *context = conn->context;

	moment_renew(&context->moment);
	switch (deadline->kind) {
	case DEADLINE_IDLE:
	case DEADLINE_GRACE:
		conn_on_idle(conn);
		return;
	case DEADLINE_SHAKE:
		conn_on_shaking(conn);
		return;
	case DEADLINE_PROXY:
	case DEADLINE_HEAD:
	case DEADLINE_BODY:
		conn_on_late(conn);
		return;
	case DEADLINE_WRITE:
		conn_check_pace(conn);
		return;
	case DEADLINE_LINGER:
	case DEADLINE_PART:
		conn_on_parted(conn);
		return;
	case DEADLINE_NEVER:
	case DEADLINE_HANG:
	case DEADLINE_DOZE:
	case DEADLINE_KINDS:
		return;
	}
}

/* Counts the requests whose answers the stop of the server cuts: the one of the
 * exchange, and those whose answers are not all sent. */
static void
conn_count_cut(struct conn *conn)
{
	struct loop_exchange *loop_exchange = conn->loop_exchange;
	unsigned count = 0;

	if (loop_exchange != NULL && !loop_exchange->exchange.cut) {
		loop_exchange->exchange.cut = true;
		count++;
	}
	if (conn->channel.output != NULL) {
		count += conn->unsent;
		conn->unsent = 0;
	}
	stats_add(&conn->context->stats.cut, count);
}

void
conn_refuse_sleep(struct deadline *deadline)
{
	struct conn *conn = conn_of_deadline(deadline);

	stats_add(&conn->context->stats.cut, 1);
	moment_renew(&conn->context->moment);
	if (exchange_cut(&conn->loop_exchange->exchange))
		conn_run_from(conn, CONN_ANSWERING);
	else
		conn_abort(deadline);
}

void
conn_end_hang(struct deadline *deadline)
{
	struct conn *conn = conn_of_deadline(deadline);

	conn->reset = true;
	conn_close(conn);
}

bool
conn_is_stalled(const struct deadline *deadline)
{
	const struct conn *conn = LIST_OWNER(deadline, struct conn, deadline);

	return conn->channel.secure->alarm.due == INT64_MAX;
}

void
conn_abort(struct deadline *deadline)
{
	struct conn *conn = conn_of_deadline(deadline);

	conn->reset = conn->loop_exchange != NULL ||
		      conn->channel.output != NULL;
	conn_count_cut(conn);
	conn_close(conn);
}

bool
conn_shed(struct context *context)
{
	static const enum deadline_kind kinds[] = { DEADLINE_IDLE,
		DEADLINE_GRACE, DEADLINE_SHAKE, DEADLINE_LINGER, DEADLINE_PART,
		DEADLINE_HEAD, DEADLINE_BODY, DEADLINE_WRITE };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct deadline *oldest = deadlines_first(&context->deadlines,
		    kinds[i]);

		if (oldest == NULL)
			continue;
		conn_abort(oldest);
		return true;
	}
	return false;
}
