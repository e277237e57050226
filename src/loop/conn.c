/*
 * The life of a connection; the worker's thread.
 *
 * conn_run() is the only loop. It makes the steps of the states until one of
 * them has to wait. A connection whose client does not take what it has been
 * answered makes no step until it does.
 */
#include "config.h"

#include "loop/conn.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "loop/state.h"

static void conn_on_event(evutil_socket_t fd, short what, void *arg);
static void conn_on_alarm(void *arg);

/* The kind of limit that a connection between two requests has. */
static enum deadline_kind
conn_idle_deadline(const struct context *context)
{
	return context->moment.closing ? DEADLINE_GRACE : DEADLINE_IDLE;
}

/* All that has been answered is sent. */
static void
conn_count_served(struct conn *conn)
{
	stats_add(&conn->context->stats.served, conn->unsent);
	conn->unsent = 0;
}

/* The end of a connection; nothing touches it afterwards. */
static void
conn_close(struct conn *conn)
{
	struct context *context = conn->context;

	if (context->output_size == 0 && conn->channel.output == NULL)
		conn_count_served(conn);
	channel_drop_input(context);
	context->output_size = 0;
	if (conn->loop_exchange != NULL)
		loop_exchange_end(conn->loop_exchange, context);
	if (conn->watched != 0)
		event_del(&conn->event);
	ready_queue_remove(&conn->ready);
	deadlines_remove(&conn->deadline);
	if (conn->reset)
		wire_reset(conn->channel.fd);
	else
		wire_close(conn->channel.fd);
	channel_fini(&conn->channel);
	free(conn->peer);
	free(conn);
	stats_add(&context->stats.closed, 1);
	context->on_close(context);
}

/*
 * Has the event loop tell of bytes, of the peer's FIN and of a reset; once
 * something could not be sent, also of room for more. Edge-triggered, so that
 * it costs nothing to leave it so. Returns 0 or -1.
 */
static int
conn_watch(struct conn *conn)
{
	short what = EV_READ | EV_CLOSED | EV_ET | EV_PERSIST;

	if (conn->channel.has_blocked)
		what |= EV_WRITE;
	if (conn->watched == what)
		return 0;
	if (conn->watched != 0)
		event_del(&conn->event);
	event_assign(&conn->event, conn->context->base, conn->channel.fd, what,
	    conn_on_event, conn);
	conn->watched = event_add(&conn->event, NULL) == 0 ? what : 0;
	return conn->watched != 0 ? 0 : -1;
}

/* Sets the limit to what it waits for, unless that limit runs already. */
static void
conn_set_deadline(struct conn *conn, enum deadline_kind kind)
{
	struct context *context = conn->context;

	if (kind == conn->deadline.kind &&
	    (kind == DEADLINE_WRITE || context->turn_requests == 0))
		return;
	/* from now, not from the start of this turn, or it would be early;
	 * between two requests that little does not matter, and their way is
	 * the one that has to be short */
	if (kind != DEADLINE_IDLE)
		moment_renew(&context->moment);
	deadlines_move(&context->deadlines, &conn->deadline, kind,
	    context->moment.now);
	wire_begin_pace(&conn->pace, context->moment.now);
}

/* Has it go on when its answer may. */
static int
conn_set_alarm(struct conn *conn)
{
	struct alarm *alarm = &conn->loop_exchange->alarm;

	if (alarm_is_set(alarm))
		return 0;
	alarm->on_due = conn_on_alarm;
	alarm->arg = conn;
	return alarms_set(&conn->context->alarms, alarm, alarm->due);
}

/*
 * Whether the peer has reset the connection unnoticed. A reset makes one event
 * with the bytes before it, which have been received since: only its error is
 * left. Between two requests there is no need to look: either it alone made
 * the event, and was received, or the answer to those bytes could not be sent.
 */
static bool
conn_is_broken(const struct conn *conn)
{
	return conn->state != CONN_IDLE && wire_is_broken(conn->channel.fd);
}

/*
 * Arranges for whatever ends the wait; `blocked` says that the client has to
 * take bytes before anything else. Returns 0; or -1 where there is nobody to
 * wait for, or no memory.
 */
static int
conn_wait(struct conn *conn, bool blocked)
{
	struct context *context = conn->context;
	enum deadline_kind kind = states[conn->state].deadline;

	if (conn_is_broken(conn))
		return -1;
	if (conn->state == CONN_WAITING && !blocked &&
	    conn_set_alarm(conn) == -1)
		return -1;
	if (!blocked && context_turn_is_over(context))
		ready_queue_add(&context->ready_queue, &conn->ready);
	if (blocked)
		kind = DEADLINE_WRITE;
	else if (kind == DEADLINE_IDLE)
		kind = conn_idle_deadline(context);
	conn_set_deadline(conn, kind);
	if (channel_save(&conn->channel, context) == -1)
		return -1;
	if (!context->turn_is_due)
		conn->ahead |= conn->watched != 0 && context->turn_received > 0;
	return conn_watch(conn);
}

/* Sends all that has been answered. */
static enum wire_result
conn_flush(struct conn *conn)
{
	enum wire_result sent = channel_flush(&conn->channel, conn->context);

	if (sent == WIRE_DONE)
		conn_count_served(conn);
	return sent;
}

/*
 * Goes from state to state as far as it can now; may close and free. `due` says
 * that the turn is by an event that told of bytes: the next one to be received
 * was there when the wait for events ended.
 */
static void
conn_run_turn(struct conn *conn, bool due)
{
	struct context *context = conn->context;
	enum wire_result sent = WIRE_DONE;

	context->turn_is_due = due;
	context->moment.since = due ? context->round : context->moment.look;
	context->turn_requests = 0;
	context->turn_received = context->turn_sent = 0;
	channel_restore(&conn->channel, context);
	if (conn->channel.output != NULL)
		sent = conn_flush(conn);
	while (sent == WIRE_DONE) {
		enum conn_state next = states[conn->state].step(conn);

		if (next == CONN_CLOSED) {
			conn_close(conn);
			return;
		}
		if (next == conn->state) {
			sent = conn_flush(conn);
			break;
		}
		conn->state = (uint8_t)next;
	}
	if (sent == WIRE_BROKEN || conn_wait(conn, sent == WIRE_BLOCKED) == -1)
		conn_close(conn);
}

/* The same without such an event. */
static void
conn_run(struct conn *conn)
{
	conn_run_turn(conn, false);
}

/* Goes on in another state than the one it waited in. */
static void
conn_run_from(struct conn *conn, enum conn_state state)
{
	if (state == CONN_CLOSED) {
		conn_close(conn);
		return;
	}
	conn->state = (uint8_t)state;
	conn_run(conn);
}

/* The address as the log shows it; NULL where there is no log, or no memory. */
static char *
conn_name_peer(const struct context *context,
    const struct sockaddr_storage *peer)
{
	char name[WIRE_NAME_MAX];

	if (context->config->log == NULL)
		return NULL;
	wire_name_peer(peer, name);
	return strdup(name);
}

void
conn_open(struct context *context, int fd, const struct sockaddr_storage *peer,
    const struct entrance *entrance)
{
	struct conn *conn = malloc(sizeof *conn); /* calloc() has no cache */

	if (conn == NULL) {
		wire_close(fd);
		return;
	}
	*conn = (struct conn){ .context = context,
		.entrance = entrance,
		.peer = conn_name_peer(context, peer),
		.channel = { .fd = fd, .readable = true } };
	stats_add(&context->stats.accepted, 1);
	moment_renew(&context->moment);
	deadlines_add(&context->deadlines, &conn->deadline,
	    conn_idle_deadline(context), context->moment.now);
	conn_run(conn);
}

static void
conn_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	bool due;

	(void)fd;
	if (what & EV_CLOSED)
		conn->channel.peer_closed = true;
	if (what & (EV_READ | EV_CLOSED))
		conn->channel.readable = true;
	moment_renew(&conn->context->moment);
	due = (what & EV_READ) != 0 && !conn->ahead;
	conn->ahead = false;
	conn_run_turn(conn, due);
}

static void
conn_on_alarm(void *arg)
{
	struct conn *conn = arg;

	moment_renew(&conn->context->moment);
	conn_run(conn);
}

void
conn_on_ready(struct ready *ready)
{
	struct conn *conn = LIST_OWNER(ready, struct conn, ready);

	moment_renew(&conn->context->moment);
	conn_run(conn);
}

static struct conn *
conn_of_deadline(struct deadline *deadline)
{
	return (
	    struct conn *)((char *)deadline - offsetof(struct conn, deadline));
}

/*
 * Looks whether a client takes what it has been sent, and waits on while it
 * does, or while nothing is left to take. When all is sent, a close would
 * leave the rest to the kernel, which may hold it for minutes; only at the end
 * of the server it shall.
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
	} else if (kind == DEADLINE_LINGER &&
		   (view == WIRE_TAKEN || context->moment.closing)) {
		conn_close(conn);
	} else {
		deadlines_move(&context->deadlines, &conn->deadline, kind,
		    context->moment.now);
	}
}

/* Between two requests, its time is over; unless one has come since the loop
 * last looked, while others had their turn. */
static void
conn_on_idle(struct conn *conn)
{
	if (wire_is_silent(conn->channel.fd)) {
		conn->lingers = true;
		conn_run_from(conn, CONN_LINGERING);
		return;
	}
	conn->channel.readable = true;
	conn_run(conn);
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
	case DEADLINE_HEAD:
		conn_run_from(conn,
		    state_refuse(conn, NULL, 408, "the head took too long"));
		return;
	case DEADLINE_BODY:
		conn_run_from(conn,
		    state_refuse_body(conn, 408, "the body took too long"));
		return;
	case DEADLINE_WRITE:
	case DEADLINE_LINGER:
		conn_check_pace(conn);
		return;
	case DEADLINE_NEVER:
	case DEADLINE_KINDS:
		return;
	}
}

/* Counts the requests that the stop of the server ends before their answers
 * are out. */
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
conn_abort(struct deadline *deadline)
{
	struct conn *conn = conn_of_deadline(deadline);

	conn->reset = conn->loop_exchange != NULL ||
		      conn->channel.output != NULL;
	conn_count_cut(conn);
	conn_close(conn);
}
