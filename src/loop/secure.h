/*
 * secure: the TLS of a channel, between its bytes and those on the wire. Where a channel
 * has one, what it calls its output is sealed before it is sent, and what it receives
 * has been opened. The worker's thread.
 *
 * What is sealed has to be sent as it is, however long that takes: it is the channel's
 * saved output then. What waits to be sealed, since the client takes nothing, is kept
 * here, in clear; and what has been received of a record that is not whole, as it came.
 *
 * What channels in clear come by is not inlined: they are to pay a comparison for it.
 */
#ifndef MTASYNC_LOOP_SECURE_H
#define MTASYNC_LOOP_SECURE_H

#include "loop/channel.h"
#include "server/entrance.h"
#include "tls/tls.h"

/* How handshakes end: the index of stats.shakes. */
enum secure_shake {
	SECURE_FULL,    /* done, with a signature */
	SECURE_RESUMED, /* done, by a ticket */
	SECURE_FAILED,  /* by the client, or by what it has asked for */
	SECURE_LATE,    /* its time is over */
	SECURE_SHAKES,
};

_Static_assert((int)SECURE_SHAKES <= STATS_SHAKES,
    "there is a counter for each");

/* How many parts the limit of a handshake has: a look follows upon each. */
#define SECURE_LOOKS 8

/* Where more than this part of --max-conns is half open, the oldest have one part of the
 * limit: nobody can take all places for long, nor 44 kB for each. */
#define SECURE_CROWD_PART 4

struct secure {
	struct tls *tls;
	int64_t
	    since; /* the handshake's limit counts from then, as clock_now() */
	struct channel_saved *record; /* a part of one; or NULL */
	struct channel_saved *input;  /* opened, not yet used; or NULL */
	struct channel_saved *output; /* not sealed yet; or NULL */
	struct alarm alarm;           /* when the handshake goes on */
	int64_t began;                /* as clock_now() */
	bool counted;                 /* how its handshake ended */
	bool opens; /* there may be more to open of what has been received */
	bool last; /* nothing follows what is to be sent: a close_notify does */
	bool quiet;  /* the end of what is sent is no end that was meant */
	bool failed; /* nothing that comes is opened any more */
};

/* Makes one for a connection that has come in at an entrance, by the keys of the
 * context. Returns NULL where memory is short. */
struct secure *secure_new(struct context *context,
    const struct entrance *entrance);

/* Has what the context's input has been received as be records, not opened yet; there are
 * none before, and it is no more than they have room for. */
void secure_take_input(struct context *context);

/* Counts how the handshake has ended, unless that has been done. */
void secure_count(struct secure *secure, struct context *context,
    enum secure_shake outcome);

/* Frees it; a handshake that has not been counted has failed. NULL is allowed. */
void secure_free(struct secure *secure, struct context *context)
    __attribute__((noinline));

/* Receives records into the context's; as channel_receive() returns. */
enum wire_result secure_fetch(struct channel *channel, struct context *context);

/* Does what channel_receive() does. */
enum wire_result secure_receive(struct channel *channel,
    struct context *context, size_t most) __attribute__((noinline));

/*
 * Looks for the close_notify of a client whose request waits, which may come without
 * a FIN; as channel_receive() returns. Behind bytes that it has sent ahead, of which
 * a few are received, none is found.
 */
enum wire_result secure_look(struct channel *channel, struct context *context)
    __attribute__((noinline));

/* Sends what the context's records have for the client. */
enum wire_result secure_flush(struct channel *channel, struct context *context,
    bool more);

/*
 * Seals and sends the context's output and `bytes`, of which *bytes is what has not been
 * sealed; and secure->last, a close_notify. WIRE_DONE: all has been sent; WIRE_BLOCKED
 * also when the turn is over, and nothing is left of the output.
 */
enum wire_result secure_send(struct channel *channel, struct context *context,
    struct span *bytes, bool more) __attribute__((noinline));

/* The same of the output alone. */
enum wire_result secure_send_output(struct channel *channel,
    struct context *context, bool more) __attribute__((noinline));

/* Reads the next part of a file behind the context's output, to be sealed with it: at
 * most *size bytes from *offset on, both of which move on, and no more than is sealed at
 * a time. WIRE_ENDED: the file is shorter. */
enum wire_result secure_read_file(const struct channel *channel,
    struct context *context, int file, off_t *offset, size_t *size);

/* What channel_restore() and channel_save() do; `input` is the context's. */
void secure_restore(struct secure *secure, struct context *context)
    __attribute__((noinline));
int secure_save(struct channel *channel, struct context *context,
    struct span input) __attribute__((noinline));

#endif
