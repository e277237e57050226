/*
 * The life of a connection; the worker's thread.
 *
 * conn_run() is the only loop. It makes the steps of the states until one of
 * them has to wait. A connection whose client does not take the bytes of its
 * answers makes no step until the client does.
 */
#include "config.h"

#include "loop/conn.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "loop/conn_turn.h"
#include "loop/secure.h"
#include "loop/state.h"

_Static_assert(WIRE_NAME_MAX <= ASKER_PEER_MAX, "any address fits");

static void conn_on_event(evutil_socket_t fd, short what, void *arg);
static void conn_on_alarm(void *arg);

/* Returns the kind of the limit to what a connection waits for in its state. */
static enum deadline_kind
conn_deadline(const struct conn *conn)
{
	const struct state *state = &states[conn->state];

	return conn->context->moment.closing ? state->draining
					     : state->deadline;
}

/* Counts the answers that have been sent whole. */
static void
conn_count_served(struct conn *conn)
{
	stats_add(&conn->context->stats.served, conn->unsent);
	conn->unsent = 0;
}

/* Ends the exchange of a connection that closes before the answer is whole. */
static void
conn_end_exchange(struct conn *conn)
{
	struct visitor *visitor = conn_visitor(conn);

	if (visitor != NULL)
		visitor->broken = conn->reset;
	loop_exchange_end(conn->loop_exchange, conn->context, visitor);
}

void
conn_close(struct conn *conn)
{
	struct context *context = conn->context;

	if (context->output_size == 0 && conn->channel.output == NULL)
		conn_count_served(conn);
	channel_drop_input(context);
	context_drop_records(context);
	context->output_size = 0;
	if (conn->loop_exchange != NULL)
		conn_end_exchange(conn);
	if (conn->watched != 0)
		event_del(&conn->event);
	ready_queue_remove(&conn->ready);
	deadlines_remove(&context->deadlines, &conn->deadline);
	if (conn->reset)
		wire_reset(conn->channel.fd);
	else
		wire_close(conn->channel.fd);
	channel_fini(&conn->channel, context);
	free(conn_visitor(conn));
	free(conn);
	stats_add(&context->stats.closed, 1);
	context->on_close(context);
}

/*
 * Adds the event for bytes, for the peer's FIN and for a reset, and also for
 * room to send once a send has blocked. It is edge-triggered, so that it can
 * stay added at no cost. Returns 0, or -1 where memory is short.
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
	conn->watched = 0;
	if (event_add(&conn->event, NULL) == -1)
		return -1;
	conn->watched = what;
	return 0;
}

bool
conn_has_lingered(const struct conn *conn)
{
	const struct server_limits *limits = &conn->context->config->limits;
	int64_t lingered = state_has_lingered(conn);

	return conn->deadline.kind != DEADLINE_LINGER ||
	       lingered + limits->linger > limits->linger_most;
}

/* Has the wait for the client's FIN begin anew, where bytes have come: a client
 * that still sends its request reads the answer only then. */
static void
conn_renew_linger(struct conn *conn)
{
	struct context *context = conn->context;

	if (context->turn_received > 0 && !conn_has_lingered(conn))
		deadlines_move(&context->deadlines, &conn->deadline,
		    DEADLINE_LINGER, context->moment.now);
}

/* Starts the limit `kind`, unless that limit runs already. */
static void
conn_set_deadline(struct conn *conn, enum deadline_kind kind)
{
	struct context *context = conn->context;
	bool same = kind == conn->deadline.kind;

	if (same && (kind == DEADLINE_WRITE || kind == DEADLINE_SHAKE ||
			context->turn_requests == 0)) {
		if (kind == DEADLINE_LINGER)
			conn_renew_linger(conn);
		return;
	}
	/* Count from now: the turn may have begun long ago, and no limit may
	 * be early. Not for DEADLINE_IDLE: there a turn's length does not
	 * matter, and it saves the hot path a clock_gettime(2). */
	if (kind != DEADLINE_IDLE)
		moment_renew(&context->moment);
	if (same)
		deadlines_renew(&context->deadlines, &conn->deadline,
		    context->moment.now);
	else
		deadlines_move(&context->deadlines, &conn->deadline, kind,
		    context->moment.now);
	wire_begin_pace(&conn->pace, context->moment.now);
}

struct alarm *
conn_alarm(struct conn *conn)
{
	return conn->state == CONN_DOZING ? &conn->channel.secure->alarm
					  : &conn->loop_exchange->alarm;
}

/* Sets the alarm by which the connection goes on. Returns 0, or -1 where memory is
 * short. */
static int
conn_set_alarm(struct conn *conn)
{
	struct alarm *alarm = conn_alarm(conn);

	if (alarm_is_set(alarm) || alarm->due == INT64_MAX)
		return 0;
	alarm->on_due = conn_on_alarm;
	alarm->arg = conn;
	return alarms_set(&conn->context->alarms, alarm, alarm->due);
}

/*
 * Whether the peer has reset the connection, and no system call has said so. A
 * reset makes one event together with the bytes before it; when these have been
 * received, only the socket's error tells of it. In CONN_IDLE there is no need
 * to look: either the reset came alone, and recv(2) failed, or the answer to
 * the bytes before it could not be sent.
 */
static bool
conn_is_broken(const struct conn *conn)
{
	return conn->state != CONN_IDLE && wire_is_broken(conn->channel.fd);
}

/*
 * Arranges for all that may end the wait: the event, the alarm, the place in
 * the ready queue, the limit. `blocked` says that the client has to take bytes
 * before anything else. Returns 0; or -1 where the connection is broken, or
 * memory is short.
 */
static int
conn_wait(struct conn *conn, bool blocked)
{
	struct context *context = conn->context;

	if (conn_is_broken(conn))
		return -1;
	if (state_is_timed(conn->state) && !blocked &&
	    conn_set_alarm(conn) == -1)
		return -1;
	if (!blocked && context_turn_is_over(context))
		ready_queue_add(&context->ready_queue, &conn->ready);
	conn_set_deadline(conn, blocked ? DEADLINE_WRITE : conn_deadline(conn));
	if (conn->deadline.kind == DEADLINE_WRITE &&
	    listener_is_unix(&conn->entrance->address))
		wire_note_sent(&conn->pace, context->turn_sent);
	if (channel_save(&conn->channel, context) == -1)
		return -1;
	if (!context->turn_is_due)
		conn->ahead |= conn->watched != 0 && context->turn_received > 0;
	conn->has_sent |= context->turn_sent > 0;
	return conn_watch(conn);
}

/* Sends the bytes of all answers so far. */
static enum wire_result
conn_flush(struct conn *conn)
{
	enum wire_result sent = channel_flush(&conn->channel, conn->context);

	if (sent == WIRE_DONE)
		conn_count_served(conn);
	return sent;
}

void
conn_begin_turn(struct context *context, bool due)
{
	context->turn_is_due = due;
	context->moment.since = due ? context->round : context->moment.look;
	context->received += context->turn_received;
	context->sent += context->turn_sent;
	context->turn_requests = 0;
	context->turn_received = context->turn_sent = 0;
}

/*
 * Goes from state to state as far as the connection can now; may close and free
 * it. `due` says that the turn is by an event that told of bytes: the next one to
 * be received was there when the wait for events ended.
 */
static void
conn_run_turn(struct conn *conn, bool due)
{
	struct context *context = conn->context;
	enum wire_result sent = WIRE_DONE;

	conn_begin_turn(context, due);
	context->moment.client = conn;
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

void
conn_run(struct conn *conn)
{
	conn_run_turn(conn, false);
}

void
conn_run_from(struct conn *conn, enum conn_state state)
{
	if (state == CONN_CLOSED) {
		conn_close(conn);
		return;
	}
	conn->state = (uint8_t)state;
	conn_run(conn);
}

void
conn_note_visitor(struct conn *conn, uint64_t number,
    const struct sockaddr_storage *peer)
{
	const struct context *context = conn->context;
	const struct forwarded *forwarded = &context->config->forwarded;

	conn->believed = forwarded->field != NULL &&
			 forwarded_trusts(forwarded, peer);
	conn->visitor = visitor_new(number, peer, conn->entrance->tls,
	    visitor_end(number, context->config->limits.age,
		context->moment.now));
}

/* Takes down what is told of the client, whose connection gets its number. */
static void
conn_note_client(struct conn *conn, const struct sockaddr_storage *peer)
{
	const struct context *context = conn->context;
	uint64_t number = visitor_number(stats_read(&context->stats.accepted),
	    context->config->workers, context->host.worker);

	conn->visited = context->config->visited || conn->entrance->proxied;
	if (!conn->visited) {
		conn->unvisited.number = (uint32_t)number;
		return;
	}
	conn_note_visitor(conn, number, peer);
}

void
conn_tell(const void *client, struct asker *asker)
{
	const struct conn *conn = client;
	const struct visitor *visitor = conn_visitor(conn);
	struct sockaddr_storage peer;

	if (!conn->visited) {
		asker->connection = conn->unvisited.number;
		asker->request = conn->unvisited.requests + UINT64_C(1);
	} else if (visitor != NULL) {
		asker->connection = visitor->connection;
		asker->request = visitor->requests + UINT64_C(1);
	}
	asker->worker = conn->context->host.worker;
	asker->secured = conn->channel.secured;
	if (visitor != NULL) {
		memcpy(asker->peer, visitor->peer, strlen(visitor->peer) + 1);
		return;
	}
	wire_peer(conn->channel.fd, &peer);
	wire_name_peer(&peer, asker->peer);
}

/* Gives a connection the state with which those of its entrance begin. Returns false
 * where it is to be closed: memory is short, or the peer is not trusted. */
static bool
conn_begin(struct conn *conn, const struct sockaddr_storage *peer)
{
	const struct entrance *entrance = conn->entrance;
	enum conn_state state = CONN_IDLE;

	if (entrance->proxied)
		state = forwarded_trusts(&conn->context->config->forwarded,
			    peer)
			    ? CONN_PROXIED
			    : state_turn_away(conn, STATE_UNTRUSTED);
	else if (entrance->tls)
		state = state_begin_tls(conn);
	conn->state = (uint8_t)state;
	return state != CONN_CLOSED;
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
		.state = CONN_IDLE,
		.channel = { .fd = fd, .readable = true } };
	moment_renew(&context->moment);
	if (!conn_begin(conn, peer)) {
		wire_close(fd);
		free(conn);
		return;
	}
	conn_note_client(conn, peer);
	stats_add(&context->stats.accepted, 1);
	deadlines_add(&context->deadlines, &conn->deadline, conn_deadline(conn),
	    context->moment.now);
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

void
conn_on_slot(void *owner)
{
	struct conn *conn = owner;
	struct alarm *alarm = &conn->loop_exchange->alarm;

	alarms_unset(&conn->context->alarms, alarm);
	alarm->due = 0;
	moment_renew(&conn->context->moment);
	conn_run(conn);
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
	struct context *context = conn->context;

	/* a thousand that wait to sign are not to cost a turn each */
	if (conn->state == CONN_SHAKING && context->signs_left == 0) {
		ready_queue_add(&context->ready_queue, ready);
		return;
	}
	moment_renew(&conn->context->moment);
	conn_run(conn);
}
