/* Seals and opens what a channel sends and receives; the worker's thread. */
#include "config.h"

#include "loop/secure.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/generation.h"
#include "base/clock.h"
#include "loop/channel_saved.h"

/* What is read of a file, and sealed, at a time: what is kept where the client does not
 * take it. */
#define SECURE_SEAL_MAX ((size_t)48 * 1024)

/* What one recv(2) may bring: a whole record, and what comes with it. */
#define SECURE_RECEIVE_MAX ((size_t)20 * 1024)

/* What a record costs, in bytes of a turn's share: some 500 are one. */
#define SECURE_RECORD_COST ((size_t)2048)

/* The same while a request waits: what is sent ahead stays in the kernel but for
 * this. A close_notify has 31 bytes at most. */
#define SECURE_LOOK_MAX ((size_t)256)

struct secure *
secure_new(struct context *context, const struct entrance *entrance)
{
	struct tls_keys *keys = generation_keys(context->app.site.generation,
	    context->host.worker);
	struct secure *secure = calloc(1, sizeof(*secure));

	if (secure == NULL || keys == NULL) {
		free(secure);
		return NULL;
	}
	secure->began = clock_now();
	secure->tls = tls_new(keys, &entrance->act);
	if (secure->tls == NULL) {
		free(secure);
		return NULL;
	}
	return secure;
}

void
secure_count(struct secure *secure, struct context *context,
    enum secure_shake outcome)
{
	if (!secure->counted)
		stats_add(&context->stats.shakes[outcome], 1);
	secure->counted = true;
}

void
secure_take_input(struct context *context)
{
	struct span input = context_input(context);

	assert(input.size <= TLS_TURN_MAX);
	if (input.size > 0)
		memcpy(context->records.in, input.data, input.size);
	context->records.in_start = 0;
	context->records.in_end = input.size;
	channel_drop_input(context);
}

void
secure_free(struct secure *secure, struct context *context)
{
	if (secure == NULL)
		return;
	secure_count(secure, context, SECURE_FAILED);
	context->turn_work = 0;
	alarms_unset(&context->alarms, &secure->alarm);
	tls_free(secure->tls);
	free(secure->record);
	free(secure->input);
	free(secure->output);
	free(secure);
}

/* Moves what has not been opened to the front; returns how much room is behind it. */
static size_t
secure_make_room(struct tls_turn *records)
{
	struct span rest = tls_turn_input(records);

	if (records->in_start > 0)
		memmove(records->in, rest.data, rest.size);
	records->in_start = 0;
	records->in_end = rest.size;
	return TLS_TURN_MAX - rest.size;
}

/* Has the turn pay for the records that were opened and sealed, beyond their bytes: a MiB
 * of tiny ones takes 0.3 s. */
static void
secure_charge(struct context *context)
{
	context->turn_work += context->records.records * SECURE_RECORD_COST;
	context->records.records = 0;
}

/* Receives records, of at most so many bytes. */
static enum wire_result
secure_fetch_some(struct channel *channel, struct context *context, size_t most)
{
	struct tls_turn *records = &context->records;
	size_t room, size;
	enum wire_result result;

	if (!channel->readable || context_turn_is_over(context))
		return WIRE_BLOCKED;
	room = secure_make_room(records);
	if (room > most)
		room = most;
	result = wire_recv(channel->fd, records->in + records->in_end, room,
	    &size);
	if (result == WIRE_DONE) {
		channel->readable = size == room || channel->peer_closed;
		records->in_end += size;
		context_hear(context);
		context->turn_received += size;
	} else if (result == WIRE_BLOCKED) {
		channel->readable = false;
	} else if (result == WIRE_ENDED) {
		channel->peer_closed = true;
	}
	return result;
}

enum wire_result
secure_fetch(struct channel *channel, struct context *context)
{
	return secure_fetch_some(channel, context, SECURE_RECEIVE_MAX);
}

/* Receives what nobody opens any more. */
static enum wire_result
secure_skip(struct channel *channel, struct context *context)
{
	context->records.in_start = context->records.in_end = 0;
	return secure_fetch(channel, context);
}

/* Seals what there is room for, of the output and then of `bytes`; behind an alert there
 * is nothing to be sealed, and they are dropped. Returns false where memory is short. */
static bool
secure_seal(struct channel *channel, struct context *context,
    struct span *bytes)
{
	struct tls *tls = channel->secure->tls;
	size_t room = tls_room(tls, &context->records);
	struct span output = { context->output, context->output_size };
	struct span next = *bytes;

	if (channel->secure->failed) {
		context->output_size = 0;
		span_skip(bytes, bytes->size);
		return true;
	}
	if (room > SECURE_SEAL_MAX)
		room = SECURE_SEAL_MAX;
	if (output.size > room)
		output.size = room;
	if (next.size > room - output.size)
		next.size = room - output.size;
	if ((output.size > 0 &&
		tls_seal(tls, &context->records, output) == -1) ||
	    (next.size > 0 && tls_seal(tls, &context->records, next) == -1))
		return false;
	secure_charge(context);
	context_forget_output(context, output.size);
	span_skip(bytes, next.size);
	return true;
}

/* Seals the answers so far before more is opened: if that is false, an alert comes, and
 * nothing behind it. */
static bool
secure_seal_before(struct channel *channel, struct context *context)
{
	struct span none = { "", 0 };

	return context->output_size == 0 ||
	       tls_turn_input(&context->records).size == 0 ||
	       secure_seal(channel, context, &none);
}

/* Opens what has been received into the context's input; WIRE_BLOCKED: more has to
 * come. */
static enum wire_result
secure_open(struct channel *channel, struct context *context, size_t most)
{
	struct secure *secure = channel->secure;
	size_t free_room = context_make_room(context), size;
	enum tls_result result;

	if (!secure_seal_before(channel, context))
		return WIRE_BROKEN;
	result = tls_open(secure->tls, &context->records,
	    context->input + context->input_end,
	    free_room < most ? free_room : most, &size);
	secure_charge(context);
	switch (result) {
	case TLS_DONE:
		secure->opens = true;
		context->input_end += size;
		return WIRE_DONE;
	case TLS_MORE:
		secure->opens = false;
		return WIRE_BLOCKED;
	case TLS_ENDED:
		channel->peer_closed = true;
		return WIRE_ENDED;
	case TLS_BAD:
	case TLS_SLEEP: /* this and the others: of tls_shake() alone */
	case TLS_STALL:
	case TLS_RESET:
	case TLS_CLOSE:
		break;
	}
	secure->failed = true;
	return WIRE_ENDED;
}

enum wire_result
secure_receive(struct channel *channel, struct context *context, size_t most)
{
	bool fetched = false;

	if (channel->secure->failed)
		return secure_skip(channel, context);
	if (context_turn_is_over(context))
		return WIRE_BLOCKED;
	for (;;) {
		enum wire_result result = secure_open(channel, context, most);

		if (result == WIRE_DONE && !fetched)
			context_hear_next(context);
		if (result != WIRE_BLOCKED)
			return result;
		result = secure_fetch(channel, context);
		if (result != WIRE_DONE)
			return result;
		fetched = true;
	}
}

enum wire_result
secure_look(struct channel *channel, struct context *context)
{
	enum wire_result result;

	if (context_input(context).size > 0 ||
	    tls_turn_input(&context->records).size > 0)
		return WIRE_BLOCKED;
	result = secure_fetch_some(channel, context, SECURE_LOOK_MAX);
	return result == WIRE_DONE
		   ? secure_open(channel, context, SECURE_LOOK_MAX)
		   : result;
}

enum wire_result
secure_flush(struct channel *channel, struct context *context, bool more)
{
	static const struct span none = { NULL, 0 };
	struct tls_turn *records = &context->records;
	enum wire_result result = WIRE_DONE;
	size_t sent = 0, size;

	while (result == WIRE_DONE && sent < records->out_size) {
		struct span rest = { records->out + sent,
			records->out_size - sent };

		result = wire_send(channel->fd, rest, none, more, &size);
		if (result == WIRE_DONE) {
			sent += size;
			context->turn_sent += size;
		}
	}
	memmove(records->out, records->out + sent, records->out_size - sent);
	records->out_size -= sent;
	if (result == WIRE_BLOCKED)
		channel->has_blocked = true;
	return result;
}

enum wire_result
secure_send(struct channel *channel, struct context *context,
    struct span *bytes, bool more)
{
	struct secure *secure = channel->secure;

	for (;;) {
		enum wire_result result;
		bool left;

		if (!secure_seal(channel, context, bytes))
			return WIRE_BROKEN;
		left = context->output_size + bytes->size > 0;
		if (secure->last && !left && !secure->quiet)
			tls_end(secure->tls, &context->records);
		result = secure_flush(channel, context, more || left);
		if (result != WIRE_DONE || !left)
			return result;
		if (context->output_size == 0 && context_turn_is_over(context))
			return WIRE_BLOCKED;
	}
}

enum wire_result
secure_send_output(struct channel *channel, struct context *context, bool more)
{
	struct span none = { "", 0 };

	return secure_send(channel, context, &none, more);
}

enum wire_result
secure_read_file(const struct channel *channel, struct context *context,
    int file, off_t *offset, size_t *size)
{
	size_t room = tls_room(channel->secure->tls, &context->records);
	size_t most = *size;
	ssize_t got;

	if (room > SECURE_SEAL_MAX)
		room = SECURE_SEAL_MAX;
	/* behind a long output, some goes on its own */
	room = context->output_size < room ? room - context->output_size : 1;
	if (most > room)
		most = room;
	do {
		got = pread(file, context->output + context->output_size, most,
		    *offset);
	} while (got == -1 && errno == EINTR);
	if (got <= 0)
		return got == 0 ? WIRE_ENDED : WIRE_BROKEN;
	context->output_size += (size_t)got;
	*offset += got;
	*size -= (size_t)got;
	return WIRE_DONE;
}

void
secure_restore(struct secure *secure, struct context *context)
{
	context->input_end = channel_bring_back(&secure->input, context->input);
	context->records.in_start = 0;
	context->records.in_end = channel_bring_back(&secure->record,
	    context->records.in);
	context->output_size = channel_bring_back(&secure->output,
	    context->output);
}

/* What is sealed goes before what is not, and is kept by the channel. */
int
secure_save(struct channel *channel, struct context *context, struct span input)
{
	struct secure *secure = channel->secure;
	struct tls_turn *records = &context->records;
	struct span plain = { context->output, context->output_size };
	int result = 0;

	if (channel_keep(&secure->input, input) == -1 ||
	    channel_keep(&secure->record, tls_turn_input(records)) == -1 ||
	    channel_keep(&secure->output, plain) == -1 ||
	    (channel->output == NULL &&
		channel_keep(&channel->output, tls_turn_output(records)) == -1))
		result = -1;
	context->output_size = context->turn_work = 0;
	context_drop_records(context);
	return result;
}
