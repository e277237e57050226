/*
 * state: what a connection does in each of its states. Known to conn alone.
 *
 *   PROXIED               behind a proxy, before all else
 *      v
 *   SHAKING <-> DOZING    with TLS
 *      v
 *   IDLE -> HEAD -> BODY -> ANSWERING -+-> IDLE
 *                            |  ^      +-> LINGERING -> CLOSED
 *                            v  |
 *                           WAITING -> LINGERING (the client has left, and the
 *                                      answer is not whole)
 */
#ifndef MTASYNC_LOOP_STATE_H
#define MTASYNC_LOOP_STATE_H

#include "loop/channel.h"
#include "loop/context.h"
#include "loop/loop_exchange.h"
#include "server/entrance.h"

enum conn_state {
	CONN_PROXIED,   /* the proxy has not said who its client is */
	CONN_SHAKING,   /* the handshake of TLS is not done */
	CONN_IDLE,      /* no byte of a request is there */
	CONN_HEAD,      /* a part of a head is there */
	CONN_BODY,      /* the head is there, and a part of the body */
	CONN_ANSWERING, /* the answer is made, and sent as it can be */
	CONN_WAITING,   /* the answer goes on at a later time */
	CONN_HANGING,   /* the same, on purpose: a drain ends it */
	CONN_DOZING,    /* the handshake goes on at a later time, or never */
	CONN_RESETTING, /* what is sent is to be acknowledged before a reset */
	CONN_LINGERING, /* after the last answer: until the peer's FIN */
	CONN_CLOSED,
};

_Static_assert(HTTP_HEAD_MAX <= UINT16_MAX, "a head's size fits `seen`");

struct conn {
	struct event event;
	struct deadline deadline;
	struct ready ready;
	struct context *context;
	const struct entrance *entrance;     /* where it came in */
	struct loop_exchange *loop_exchange; /* from a head's end to its
					      * answer's; or NULL */
	union {
		struct visitor *visitor;   /* where it is visited: its client,
					    * or NULL */
		struct {                   /* where not */
			uint32_t number;   /* visitor_number(), modulo 2^32 */
			uint32_t requests; /* whose answers have ended */
		} unvisited;
	};
	struct channel channel;
	struct wire_pace pace; /* since the wait for the client began */
	union {
		uint16_t seen;        /* bytes of a head, parsed in vain */
		uint16_t finished_at; /* with `lingers`: when our FIN went out;
				       * in 1/10 s, modulo 2^16 */
	};
	uint16_t unsent;   /* answers that are whole, and not sent for sure */
	short watched;     /* what the event is added for; 0: it is not */
	uint8_t state;     /* enum conn_state */
	bool lingers : 1;  /* the close waits for the peer's FIN */
	bool finished : 1; /* our FIN is out */
	bool reset : 1;    /* the close says that something went wrong */
	bool late : 1; /* the head's or the body's limit has passed: 408, once
			    * nothing more lies in the socket */
	bool has_sent : 1; /* in a turn before this one */
	bool visited : 1;  /* there is a visitor, or memory was short */
	bool ahead : 1;    /* has received what an event may still tell of */
	bool believed : 1; /* its peer may say for whom it asks */
};

/* Returns a connection's client, where it has one; or NULL. */
static inline struct visitor *
conn_visitor(const struct conn *conn)
{
	return conn->visited ? conn->visitor : NULL;
}

/* How connections of a proxy's fail: the index of stats.unproxied. */
enum state_unproxied {
	STATE_UNTRUSTED, /* somebody else */
	STATE_MALFORMED, /* no header */
	STATE_LATE,      /* none in time */
	STATE_UNPROXIED,
};

_Static_assert((int)STATE_UNPROXIED <= STATS_UNPROXIED,
    "there is a counter for each");

/* A row for each state but CONN_CLOSED. */
struct state {
	enum deadline_kind deadline; /* while a connection waits in it, */
	enum deadline_kind draining; /* and the same while the server drains */

	/*
	 * Does what can be done now and says what comes next: another state
	 * goes on at once, the same one waits for an event.
	 */
	enum conn_state (*step)(struct conn *conn);
};

extern const struct state states[CONN_CLOSED];

/* Whether an alarm ends a connection's wait, too: conn_alarm(). */
static inline bool
state_is_timed(unsigned state)
{
	return state - CONN_WAITING <= CONN_RESETTING - CONN_WAITING;
}

/* Returns for how many ns a connection has been in CONN_LINGERING, with its FIN
 * out. */
int64_t state_has_lingered(const struct conn *conn);

/* Gives a connection with this number the visitor that is at `peer`, or none where memory
 * is short; of one that has no other. */
void conn_note_visitor(struct conn *conn, uint64_t number,
    const struct sockaddr_storage *peer);

/* Takes down for whom the trusted peer of a connection asks with a request; NULL: with none
 * that can be read. Returns 0; or -1 where memory is short. */
int state_note_client(struct conn *conn, const struct http_request *request);

/* Returns that alarm: of its exchange, or of its handshake. */
struct alarm *conn_alarm(struct conn *conn);

/* Has a connection begin with a handshake; what it has sent of that is in the context's
 * input. Returns the state that comes next. */
enum conn_state state_begin_tls(struct conn *conn);

/* Waits for more of a head, a body or a proxy's header, unless that is late and nothing more
 * lies in the socket. Returns the state that comes next. */
enum conn_state state_await_more(struct conn *conn);

/* Closes a connection that does not begin as a trusted proxy's does; `how` of enum
 * state_unproxied. Returns CONN_CLOSED. */
enum conn_state state_turn_away(const struct conn *conn, int how);

/* The steps of CONN_RESETTING and CONN_LINGERING. */
enum conn_state state_resetting(struct conn *conn);
enum conn_state state_lingering(struct conn *conn);

/* The step of CONN_PROXIED. */
enum conn_state state_proxied(struct conn *conn);

/* The steps of CONN_SHAKING and CONN_DOZING. */
enum conn_state state_shaking(struct conn *conn);
enum conn_state state_dozing(struct conn *conn);

/* Makes a refusal of a request that has no exchange yet; `request` is as
 * http_request_parse() left it, or NULL. Returns the state that comes next. */
enum conn_state state_refuse(struct conn *conn,
    const struct http_request *request, unsigned status, const char *sentence);

/* Refuses the request of a connection in CONN_HEAD or CONN_BODY with 408, and turns away
 * one in CONN_PROXIED; returns the state that comes next. */
enum conn_state state_refuse_late(struct conn *conn);

#endif
