/*
 * context: what the connections of one worker share. The worker's thread alone
 * uses it, but for the counters, which others may read.
 */
#ifndef MTASYNC_LOOP_CONTEXT_H
#define MTASYNC_LOOP_CONTEXT_H

#include "app/app.h"
#include "app/pool.h"
#include "base/stats.h"
#include "loop/alarms.h"
#include "loop/deadlines.h"
#include "loop/ready.h"
#include "server/exchange.h"
#include "tls/turn.h"

/* Holds the longest head, and much of a body. */
#define CONTEXT_INPUT_MAX ((size_t)64 * 1024)

/*
 * What one recv(2) may bring of heads. What it brings behind a request that
 * waits is held in our memory meanwhile; the rest stays in the kernel, which
 * bounds it.
 */
#define CONTEXT_AHEAD_MAX ((size_t)8 * 1024)

/* The bounds of the output, which gathers answers until they leave in one send.
 * Interim responses, behind which nothing more is gathered, may come on top. */
#define CONTEXT_OUTPUT_MAX  ((size_t)64 * 1024)
#define CONTEXT_INTERIM_MAX ((size_t)64)

/* The share of a turn, in requests and in bytes of both directions. */
#define CONTEXT_TURN_REQUESTS 256
#define CONTEXT_TURN_BYTES    ((size_t)1024 * 1024)

/* How many handshakes may come to their signature in a round of the loop: one of RSA
 * holds all others up for 0.2 ms. */
#define CONTEXT_SIGNS 2

_Static_assert(EXCHANGE_ROOM <= CONTEXT_OUTPUT_MAX,
    "whatever an exchange yields fits an empty output");

struct loop_exchange;

struct context {
	const struct server_config *config;
	struct totals *totals;
	struct event_base *base;
	struct app app;
	struct alarms alarms;
	struct deadlines deadlines;
	struct ready_queue ready_queue;
	struct stats stats;
	struct moment moment;
	uint64_t round; /* the first look of this round, as site.h counts */
	struct exchange_host host;   /* of all of its connections' exchanges */
	struct loop_exchange *spare; /* the last one that ended, or NULL */
	void (*on_close)(struct context *context); /* a connection has closed */
	struct pool_waker waker; /* of those that wait for a slot of a pool */

	/* of the connection whose turn it is; both empty between turns */
	char *input; /* received, not yet used: [input_start, input_end) */
	size_t input_start;
	size_t input_end;
	char *output; /* answered, not yet sent: [0, output_size) */
	size_t output_size;
	struct tls_turn records; /* the same, as TLS has them on the wire */
	unsigned signs_left;     /* of CONTEXT_SIGNS, in this round */
	bool turn_is_due;        /* see conn_run_turn() */
	unsigned turn_requests;  /* begun in this turn */
	size_t turn_received;    /* bytes, in this turn */
	size_t turn_sent;        /* likewise */
	size_t
	    turn_work; /* of TLS, as bytes that cost as much; 0 between turns */
	uint64_t received, sent;     /* bytes, in all turns before it */
	struct http_request request; /* valid while its input is */
};

/*
 * Makes the base and what the connections share, of a zeroed context, all but
 * the deadlines and the ready queue, whose callbacks are the connections' affair.
 * Returns 0, or -1 with errno; context_close() is right in both cases. Main
 * thread, before the worker's runs.
 */
int context_open(struct context *context, const struct server_config *config,
    struct totals *totals, unsigned ring);

/*
 * Frees all that context_open() made. The connections and the spare exchange are
 * freed before. Main thread, after the worker's has ended.
 */
void context_close(struct context *context);

/* Whether the connection whose turn it is has reached the bound of a turn. */
static inline bool
context_turn_is_over(const struct context *context)
{
	return context->turn_requests >= CONTEXT_TURN_REQUESTS ||
	       context->turn_received + context->turn_sent +
		       context->turn_work >=
		   CONTEXT_TURN_BYTES;
}

/* Ends that turn, before its bound: the connection goes on in the next round. */
static inline void
context_end_turn(struct context *context)
{
	context->turn_requests = CONTEXT_TURN_REQUESTS;
}

/* Notes that the request that follows in the input has been received by now:
 * the looks at the disk from now on will do for it; see site.h. */
static inline void
context_hear_next(struct context *context)
{
	context->moment.since = context->moment.look;
}

/* Notes that bytes have been received, the first ones in this turn or not, and
 * which looks will do for the request that they begin. */
static inline void
context_hear(struct context *context)
{
	context->moment.look++;
	if (!context->turn_is_due || context->turn_received > 0)
		context_hear_next(context);
}

/* Returns what has been received and not yet used. */
static inline struct span
context_input(const struct context *context)
{
	return (struct span){ context->input + context->input_start,
		context->input_end - context->input_start };
}

/* Moves the unused input to the front; returns how much room is behind it. */
static inline size_t
context_make_room(struct context *context)
{
	struct span rest = context_input(context);

	if (context->input_start > 0)
		memmove(context->input, rest.data, rest.size);
	context->input_start = 0;
	context->input_end = rest.size;
	return CONTEXT_INPUT_MAX - rest.size;
}

/* Takes the first bytes off the output. */
static inline void
context_forget_output(struct context *context, size_t size)
{
	size_t rest = context->output_size - size;

	if (rest > 0)
		memmove(context->output, context->output + size, rest);
	context->output_size = rest;
}

/* Forgets the records. */
static inline void
context_drop_records(struct context *context)
{
	context->records.in_start = context->records.in_end = 0;
	context->records.out_size = 0;
}

#endif
