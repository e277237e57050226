/*
 * channel: the bytes of one connection, both ways; it knows nothing of HTTP.
 *
 * They pass through the context's buffers, which all connections share. Only
 * what has to wait for a later turn is copied to memory of the connection.
 */
#ifndef MTASYNC_LOOP_CHANNEL_H
#define MTASYNC_LOOP_CHANNEL_H

#include "base/wire.h"
#include "loop/context.h"

struct channel_saved;
struct secure;

struct channel {
	union {
		struct channel_saved *input; /* received, not yet used; or
					      * NULL */
		struct secure *secure; /* where it is secured: its TLS, owned,
					* which has the input, too */
	};
	struct channel_saved *output; /* not taken by the client, as it is to be
				       * on the wire; or NULL */
	int fd;
	bool secured;     /* it has TLS */
	bool readable;    /* there may be something to receive */
	bool peer_closed; /* the peer's FIN is there, behind what is unread */
	bool has_blocked; /* something could not be sent, now or before */
};

/*
 * Receives at most `most` bytes into the context's input, behind what is there.
 * WIRE_BLOCKED also when the turn is over.
 */
enum wire_result channel_receive(struct channel *channel,
    struct context *context, size_t most);

/*
 * Sends what a former turn left and then the context's output. WIRE_DONE:
 * nothing is left of either.
 */
enum wire_result channel_flush(struct channel *channel,
    struct context *context);

/* Does what channel_flush() does with the connection's last bytes, and TLS's end behind
 * them: they may wait in the kernel for the FIN, which has to follow, and leave in one
 * segment with it. */
enum wire_result channel_flush_last(struct channel *channel,
    struct context *context);

/* Does what channel_flush() does, and then sends `bytes`; *bytes is what is left
 * of them. */
enum wire_result channel_send(struct channel *channel, struct context *context,
    struct span *bytes);

/*
 * Does what channel_flush() does, and then sends *size bytes of `file` from
 * *offset on, both of which move on. WIRE_BLOCKED also when the turn is over;
 * WIRE_ENDED where the file is shorter than that.
 */
enum wire_result channel_send_file(struct channel *channel,
    struct context *context, int file, off_t *offset, size_t *size);

/*
 * channel_restore(), at the start of a turn, brings back the input that was
 * saved. channel_save(), at its end, saves what is left of input and output, and
 * leaves the context's empty; it returns 0, or -1 where memory is short.
 */
void channel_restore(struct channel *channel, struct context *context);
int channel_save(struct channel *channel, struct context *context);

/* Forgets the context's input. */
void channel_drop_input(struct context *context);

/* Whether something of what the peer has sent has not been looked at. */
bool channel_has_unread(const struct channel *channel,
    const struct context *context);

/* Frees what was saved, and the TLS. The caller closes the descriptor. */
void channel_fini(struct channel *channel, struct context *context);

#endif
