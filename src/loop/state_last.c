/* The steps of a connection that ends: by a reset on purpose, or behind its last answer;
 * the worker's thread. */
#include "config.h"

#include "loop/secure.h"
#include "loop/state.h"

/* How often one looks whether all has been acknowledged before a reset. */
#define STATE_TAKEN_LOOK (5 * CLOCK_MS)

/* The unit of conn.finished_at, in ns. */
#define STATE_TENTH (100 * CLOCK_MS)

/*
 * Resets the connection on purpose, once the client has acknowledged all that was
 * sent: the reset would destroy what is on its way. Looks again and again;
 * DEADLINE_WRITE ends that for a client that takes nothing.
 */
enum conn_state
state_resetting(struct conn *conn)
{
	struct context *context = conn->context;
	struct alarm *alarm = &conn->loop_exchange->alarm;
	enum wire_result sent = channel_flush(&conn->channel, context);

	if (sent == WIRE_BLOCKED)
		return CONN_RESETTING;
	if (sent == WIRE_BROKEN || wire_is_taken(conn->channel.fd)) {
		conn->unsent++;
		conn->reset = true;
		return CONN_CLOSED;
	}
	if (context->moment.now >= alarm->due)
		alarm->due = context->moment.now + STATE_TAKEN_LOOK;
	return CONN_RESETTING;
}

/* Returns the time in STATE_TENTH, modulo 2^16: for differences. */
static uint16_t
state_tenths(const struct context *context)
{
	return (uint16_t)(context->moment.now / STATE_TENTH);
}

int64_t
state_has_lingered(const struct conn *conn)
{
	uint16_t tenths = (uint16_t)(state_tenths(conn->context) -
				     conn->finished_at);

	return tenths * STATE_TENTH;
}

/*
 * Sends the last bytes and then our FIN, in one segment where they fit. It does
 * so before any close(2), which makes a reset where anything is unread, and
 * throws away what has not gone out by then: a byte may have come since the loop
 * looked. None comes behind the peer's FIN.
 */
static enum wire_result
state_finish(struct conn *conn)
{
	bool last = conn->context->output_size > 0 || conn->channel.secured ||
		    !conn->channel.peer_closed;
	enum wire_result result = channel_flush_last(&conn->channel,
	    conn->context);

	if (result != WIRE_DONE || conn->finished || !(last || conn->lingers))
		return result;
	wire_finish(conn->channel.fd);
	conn->finished = true;
	if (conn->lingers)
		conn->finished_at = state_tenths(conn->context);
	return result;
}

enum conn_state
state_lingering(struct conn *conn)
{
	struct context *context = conn->context;
	enum wire_result result;

	channel_drop_input(context);
	if (conn->channel.secured && conn->channel.secure->failed)
		conn->lingers = true; /* or a reset destroys the alert */
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
