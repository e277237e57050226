/* Moves a connection's bytes; the worker's thread. */
#include "config.h"

#include "loop/channel.h"

#include "loop/channel_saved.h"
#include "loop/secure.h"

/* What one sendfile(2) may send: the loop stands while the disk is read. */
#define CHANNEL_FILE_BYTES ((size_t)256 * 1024)

/* What one send may: as much as the kernel passes on in one piece. Sending
 * 100 KiB at once takes it nearly twice the CPU time of sending them in two. */
#define CHANNEL_SEND_BYTES ((size_t)64 * 1024)

void
channel_drop_input(struct context *context)
{
	context->input_start = context->input_end = 0;
}

void
channel_restore(struct channel *channel, struct context *context)
{
	if (channel->secured)
		secure_restore(channel->secure, context);
	else if (channel->input != NULL)
		context->input_end = channel_bring_back(&channel->input,
		    context->input);
}

/* Saves what channel_save() has found to be left, or to be looked at by TLS. It is no part of
 * that, since most turns leave nothing. */
static __attribute__((noinline)) int
channel_save_rest(struct channel *channel, struct context *context,
    struct span input)
{
	struct span output = { context->output, context->output_size };
	int result;

	if (channel->secured)
		return secure_save(channel, context, input);
	result = channel_keep(&channel->input, input);
	if (channel_keep(&channel->output, output) == -1)
		result = -1;
	context->output_size = 0;
	return result;
}

int
channel_save(struct channel *channel, struct context *context)
{
	struct span input = context_input(context);

	channel_drop_input(context);
	if (!channel->secured && input.size + context->output_size == 0)
		return 0;
	return channel_save_rest(channel, context, input);
}

bool
channel_has_unread(const struct channel *channel, const struct context *context)
{
	return channel->readable || context_input(context).size > 0 ||
	       (channel->secured && channel->secure->opens);
}

void
channel_fini(struct channel *channel, struct context *context)
{
	if (channel->secured)
		secure_free(channel->secure, context);
	else
		free(channel->input);
	free(channel->output);
	channel->secured = false;
	channel->input = channel->output = NULL;
}

enum wire_result
channel_receive(struct channel *channel, struct context *context, size_t most)
{
	if (channel->secured)
		return secure_receive(channel, context, most);
	if (!channel->readable || context_turn_is_over(context))
		return WIRE_BLOCKED;

	size_t free_room = context_make_room(context);
	size_t room = free_room < most ? free_room : most;
	size_t size;
	enum wire_result result = wire_recv(channel->fd,
	    context->input + context->input_end, room, &size);

	switch (result) {
	case WIRE_DONE:
		/* fewer than there is room for: nothing more is there, and
		 * what comes later makes a new event; a FIN makes none */
		channel->readable = size == room || channel->peer_closed;
		context->input_end += size;
		context_hear(context);
		context->turn_received += size;
		break;
	case WIRE_BLOCKED:
		channel->readable = false;
		break;
	case WIRE_ENDED:
		channel->peer_closed = true;
		break;
	case WIRE_BROKEN:
		break;
	}
	return result;
}

/* Makes one wire_send(), and counts its bytes, or notes that it has blocked. */
static enum wire_result
channel_put(struct channel *channel, struct context *context,
    const struct span parts[2], bool more, size_t *size)
{
	enum wire_result result = wire_send(channel->fd, parts[0], parts[1],
	    more, size);

	if (result == WIRE_DONE)
		context->turn_sent += *size;
	if (result == WIRE_BLOCKED)
		channel->has_blocked = true;
	return result;
}

static enum wire_result
channel_flush_saved(struct channel *channel, struct context *context)
{
	struct channel_saved *saved = channel->output;

	while (saved->start < saved->end) {
		struct span parts[2] = { { saved->data + saved->start,
					     saved->end - saved->start },
			{ NULL, 0 } };
		size_t size;
		enum wire_result result = channel_put(channel, context, parts,
		    false, &size);

		if (result != WIRE_DONE)
			return result;
		saved->start += size;
	}
	free(saved);
	channel->output = NULL;
	return WIRE_DONE;
}

/* Takes `size` bytes, which have been sent, off the context's output; returns how
 * many of them were not in it. */
static size_t
channel_sent(struct context *context, size_t size)
{
	size_t gathered = context->output_size;

	if (size >= gathered) {
		context->output_size = 0;
		return size - gathered;
	}
	context_forget_output(context, size);
	return 0;
}

/* Puts as much of the output and of `bytes` into `parts` as one send takes. */
static inline void
channel_fill(const struct context *context, const struct span *bytes,
    struct span parts[2])
{
	size_t gathered = context->output_size;
	size_t room = gathered < CHANNEL_SEND_BYTES
			  ? CHANNEL_SEND_BYTES - gathered
			  : 0;
	struct span next = { bytes->data,
		bytes->size < room ? bytes->size : room };

	if (gathered == 0) {
		parts[0] = next;
		parts[1] = (struct span){ NULL, 0 };
		return;
	}
	parts[0] = (struct span){ context->output, gathered };
	parts[1] = next;
}

/* Sends the output and `bytes` until nothing of them is left. */
static inline enum wire_result
channel_send_gathered(struct channel *channel, struct context *context,
    struct span *bytes, bool more)
{
	while (context->output_size + bytes->size > 0) {
		struct span parts[2];
		size_t size;

		channel_fill(context, bytes, parts);

		enum wire_result result = channel_put(channel, context, parts,
		    more, &size);

		if (result != WIRE_DONE)
			return result;
		size = channel_sent(context, size);
		bytes->data += size;
		bytes->size -= size;
	}
	return WIRE_DONE;
}

/* Sends what was saved, and then the output; `more` says that bytes, or a FIN,
 * follow at once. */
static enum wire_result
channel_flush_before(struct channel *channel, struct context *context,
    bool more)
{
	struct span none = { "", 0 };

	if (channel->output != NULL) {
		enum wire_result result = channel_flush_saved(channel, context);

		if (result != WIRE_DONE)
			return result;
	}
	if (channel->secured)
		return secure_send_output(channel, context, more);
	return channel_send_gathered(channel, context, &none, more);
}

enum wire_result
channel_flush(struct channel *channel, struct context *context)
{
	return channel_flush_before(channel, context, false);
}

enum wire_result
channel_flush_last(struct channel *channel, struct context *context)
{
	if (channel->secured)
		channel->secure->last = true;
	return channel_flush_before(channel, context, true);
}

enum wire_result
channel_send(struct channel *channel, struct context *context,
    struct span *bytes)
{
	if (channel->secured)
		return secure_send(channel, context, bytes, false);
	return channel_send_gathered(channel, context, bytes, false);
}

/* Sends a file as TLS has it: read, and sealed. */
static __attribute__((noinline)) enum wire_result
channel_send_sealed_file(struct channel *channel, struct context *context,
    int file, off_t *offset, size_t *size)
{
	enum wire_result result = WIRE_DONE;

	if (context->output_size > CONTEXT_OUTPUT_MAX / 2)
		result = channel_flush_before(channel, context, true);
	while (result == WIRE_DONE && *size > 0) {
		if (context_turn_is_over(context))
			return WIRE_BLOCKED;
		result = secure_read_file(channel, context, file, offset, size);
		if (result == WIRE_DONE)
			result = channel_flush_before(channel, context,
			    *size > 0);
	}
	return result;
}

enum wire_result
channel_send_file(struct channel *channel, struct context *context, int file,
    off_t *offset, size_t *size)
{
	enum wire_result result;

	if (channel->secured)
		return channel_send_sealed_file(channel, context, file, offset,
		    size);
	result = channel_flush_before(channel, context, true);
	while (result == WIRE_DONE && *size > 0) {
		off_t before = *offset;

		if (context_turn_is_over(context))
			return WIRE_BLOCKED;
		result = wire_sendfile(channel->fd, file, offset,
		    *size < CHANNEL_FILE_BYTES ? *size : CHANNEL_FILE_BYTES);
		*size -= (size_t)(*offset - before);
		context->turn_sent += (size_t)(*offset - before);
	}
	if (result == WIRE_BLOCKED)
		channel->has_blocked = true;
	return result;
}
