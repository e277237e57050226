/* What a connection's proxy says of its client, once in front of all or with each request;
 * the worker's thread. */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/proxy_header.h"
#include "loop/state.h"

enum conn_state
state_turn_away(const struct conn *conn, int how)
{
	static const char *const reasons[] = {
		[STATE_UNTRUSTED] = "a peer that --trust does not name",
		[STATE_MALFORMED] = "no header of the PROXY protocol",
		[STATE_LATE] = "no header of the PROXY protocol in time",
	};

	log_debug("a connection is turned away: %s", reasons[how]);
	stats_add(&conn->context->stats.unproxied[how], 1);
	return CONN_CLOSED;
}

/* Takes down who the client is. */
static void
state_note_peer(struct conn *conn, const struct proxy_header *header)
{
	struct visitor *old = conn->visitor;

	if (!header->has_peer || old == NULL)
		return;
	conn_note_visitor(conn, old->connection, &header->peer);
	free(old);
}

/* Few connections are such, and all have the frame of who calls it. */
__attribute__((noinline)) int
state_note_client(struct conn *conn, const struct http_request *request)
{
	const struct forwarded *forwarded = &conn->context->config->forwarded;
	struct sockaddr_storage client;
	struct visitor *visitor;
	bool told;

	if (conn->visitor == NULL) /* or it would be the proxy's own */
		return -1;
	told = request != NULL && forwarded_client(forwarded, request, &client);
	visitor = visitor_rename(conn->visitor, told ? &client : NULL);
	if (visitor == NULL)
		return -1;
	conn->visitor = visitor;
	return 0;
}

enum conn_state
state_proxied(struct conn *conn)
{
	struct context *context = conn->context;
	struct proxy_header header;

	for (;;) {
		switch (proxy_header_parse(context_input(context), &header)) {
		case PROXY_OK:
			context->input_start += header.size;
			conn->late = false;
			state_note_peer(conn, &header);
			return conn->entrance->tls ? state_begin_tls(conn)
						   : CONN_IDLE;
		case PROXY_BAD:
			return state_turn_away(conn, STATE_MALFORMED);
		case PROXY_MORE:
			break;
		}
		switch (channel_receive(&conn->channel, context,
		    CONTEXT_AHEAD_MAX)) {
		case WIRE_DONE:
			break;
		case WIRE_BLOCKED:
			return state_await_more(conn);
		case WIRE_ENDED:
		case WIRE_BROKEN:
			return CONN_CLOSED;
		}
	}
}
